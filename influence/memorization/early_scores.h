// SPDX-License-Identifier: MIT
#pragma once
// Which examples matter, from the first epochs of training (Paul, Ganguli, Dziugaite 2021).
//
//   EL2N    |mu(f_i) - t_i|_2          mean output (softmax, sigmoid) minus target
//   GraNd   |grad loss_i|_2            in all parameters
//   margin  z_y - max_{j != y} z_j     small: hard
//
// each at an early epoch, averaged over independent runs. With features phi and residuals e of a
// dense last layer with bias, the part of GraNd that lies in that layer is |e| sqrt(1 + |phi|^2).
// For pruning the highest are kept; wrong labels are among the very highest.
//
//   MatrixXd thetas = early_thetas(problem, 5, {.threads = 2});     // (P x problem.seeds)
//   EarlyScores s = early_scores(model, train, thetas);
//   s.el2n.mean(i), s.el2n.error(i);

#include "influence/memorization/seeded_training.h"

namespace leaveout {

/// At one theta (P): (N).
Eigen::VectorXd el2n(const Model& model, const Dataset& data, const Eigen::VectorXd& theta);
Eigen::VectorXd grand(const Model& model, const Dataset& data, const Eigen::VectorXd& theta);

/// |e| sqrt(1 + |phi|^2): features (d x N), residuals (O x N), (N).
Eigen::VectorXd last_layer_grand(const Eigen::MatrixXd& features, const Eigen::MatrixXd& residuals);

/// Means over runs and their standard errors. Of margins empty where there are no classes.
struct EarlyScores {
  RepeatMeans el2n, grand, margin;  // (N) each
};

/// thetas (P x runs). Throws std::invalid_argument where there is no run.
EarlyScores early_scores(const Model& model, const Dataset& data, const Eigen::MatrixXd& thetas);

/// Where problem.seeds trainings on all examples are after so many epochs, (P x seeds): the first
/// part of the very runs that the protocol asks for in full. Convex models are trained by the
/// protocol, too. Throws std::invalid_argument unless 0 <= epochs <= the protocol's.
Eigen::MatrixXd early_thetas(const SubsetProblem& problem,
                             Index epochs,
                             const PoolOptions& options);

}  // namespace leaveout
