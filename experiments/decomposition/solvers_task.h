// SPDX-License-Identifier: MIT
#pragma once
// The solvers on one task: for each damping, the curves of all solvers, and what theory says of
// them.
//
//   SolversResult r = study_solvers(train_task(settings, options), plan, options);
//   r.studies[0].closed_form_difference;        // 1e-13

#include "experiments/decomposition/solvers_curves.h"
#include "experiments/task.h"

namespace leaveout {

struct SolversPlan {
  std::vector<double> dampings;
  std::vector<Index> batches;      // of stochastic LiSSA
  Index depth = 5000;              // of full-batch LiSSA
  Index stochastic_depth = 2000;   // steps, of any batch size
  double divergence_scale = 0.45;  // of the largest eigenvalue
};

/// LiSSA at a scale below half the largest eigenvalue, and its prediction.
struct Divergence {
  double rate = 0;              // |1 - lambda_max / scale|
  SolverCurve measured;         // by lissa_unchecked
  Eigen::MatrixXd closed_form;  // (R x points) relative error of the closed form
  Eigen::VectorXd growth;       // (R) exp of the slope of log error, over the later half
};

/// Truncation in the directions whose curvature (damping and weight decay left out) is below a
/// tenth of damping + weight decay: 1 / F_T = e + extra damping, F_T what LiSSA makes of 1 / e.
struct Truncation {
  Index directions = 0;
  Eigen::MatrixXd extra_damping;  // (R x points of lissa); NaN where b has no part there
};

struct SolverStudy {
  double damping = 0;
  double smallest = 0, largest = 0;  // eigenvalues of A
  SolverCurve cg, lissa;
  std::vector<SolverCurve> stochastic;
  Eigen::MatrixXd closed_form;        // (R x points of lissa) relative error of the closed form
  double closed_form_difference = 0;  // largest |x_T - closed form| / |closed form|
  Eigen::VectorXd lissa_needs_1e3, lissa_needs_1e6;  // (R) products, by the closed form
  Truncation truncation;
  Divergence divergence;
};

struct SolversResult {
  TaskSettings settings;
  std::string model;
  Index examples = 0, parameters = 0;
  std::vector<Index> removed;  // (R)
  std::vector<SolverStudy> studies;
};

/// The right-hand sides are the gradients / N of `settings.removed` training examples. Studies run
/// side by side; the number of threads never changes a bit.
SolversResult study_solvers(const TrainedTask& task,
                            const SolversPlan& plan,
                            const TaskOptions& options);

/// Where truncation leaves the least curved directions: the ratio of extra damping to scale / T at
/// the point of `lissa` nearest to T = multiple * scale / smallest, (R), and that T.
struct TruncationRatio {
  Index depth = 0;
  Eigen::VectorXd ratio;  // (R)
};
TruncationRatio truncation_ratio(const SolverStudy& study, double multiple);

}  // namespace leaveout
