// SPDX-License-Identifier: MIT
#pragma once
// How wrong the estimates of B_{>=2} are after n trainings, over many repetitions, beside the exact
// value and beside what theory says of their bias and noise. Unit: the exact Var f, so that B_{>=2}
// is the share of the variance that no linear datamodel explains. (Estimates of that share itself
// have an estimate of Var f below the line and no finite mean: of them the median error is kept.)
//
// Theory speaks of the estimate of B_1, so that is kept too. For levels 0, rho, 2 rho without
// constraint its bias is sum_{k>=3} (2 - 2^(k-1)) rho^(k-1) B_k = -2 rho^2 B_3 - ..., and its noise
// 2.55 / rho standard errors of one level where all levels are equally noisy.
//
//   ResidualErrors errors = measure_errors(cube, {100, 1000}, 200, seed, threads);
//   double rmse = residual_rmse(errors, errors.cells[0]);

#include "experiments/harmonic/residual_estimation_methods.h"
#include "influence/metrics/bootstrap.h"

namespace leaveout {

/// All repetitions of a method with one number of trainings.
struct ErrorCell {
  std::size_t method = 0;
  Eigen::Index trainings = 0;
  Eigen::MatrixXd degree1, residual;  // (repetitions x Q), in units of the exact Var f
  Eigen::MatrixXd share;              // (repetitions x Q), B_{>=2} / Var f with both estimated
  Eigen::VectorXd predicted_bias;     // of degree1, (Q); empty where nothing is predicted
  Eigen::VectorXd predicted_error;    // standard error of degree1, (Q), or empty
};

struct ResidualErrors {
  std::vector<ResidualMethod> methods;
  std::vector<Eigen::Index> budgets;
  Eigen::MatrixXd weights;                   // (N + 1 x Q), B_0, B_1, ..
  Eigen::VectorXd noise;                     // (Q), variance of one training
  Eigen::VectorXd variance, degree1, share;  // (Q) exact; degree1 = B_1 / Var f
  std::vector<ErrorCell> cells;              // method by method, in each by trainings

  /// Null where the trainings were too few.
  const ErrorCell* find(std::size_t method, Eigen::Index trainings) const;
  std::size_t method(const std::string& text) const;
};

/// Every method with every number of trainings. The cube's outputs must vary. The same bits for any
/// number of threads.
ResidualErrors measure_errors(const TrainedCube& cube,
                              const std::vector<Eigen::Index>& budgets,
                              Eigen::Index repetitions,
                              std::uint64_t seed,
                              int threads);

/// Repetitions that enter a number; all of them once where empty.
using Picks = std::vector<Eigen::Index>;

/// sqrt of the mean over repetitions and queries of the squared error of `residual`.
double residual_rmse(const ResidualErrors& errors, const ErrorCell& cell, const Picks& picks = {});
/// Mean over repetitions and queries of estimate - exact, with the standard error of repetitions.
MeanError residual_bias(const ResidualErrors& errors, const ErrorCell& cell);
MeanError degree1_bias(const ResidualErrors& errors, const ErrorCell& cell);
/// sqrt of the mean over queries of the variance over repetitions.
double spread(const Eigen::MatrixXd& values, const Picks& picks = {});
/// The same of the predicted errors (Q).
double predicted_spread(const ErrorCell& cell);

/// Standard error of the U-statistic of B_1 over m independent subsets of `runs` trainings each:
/// 4 Var(y f1) / m + 2 N Var(y)^2 / m^2, y about its mean and f1 its linear part.
double u_statistic_error(const TrainedCube& cube, Eigen::Index query, Eigen::Index trainings);

}  // namespace leaveout
