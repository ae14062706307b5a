// SPDX-License-Identifier: MIT
#pragma once
// The exact derivative of where a training ends in the weights of its examples: through every step
// of SGD, momentum, Nesterov's or Adam, with the Hessian of every step's own mini-batch.
//
//   forward   u' = step's derivative applied to (u, H_B u - c_i g_i)     a few examples, all times
//   backward  scores_i += -c_i g_bar' g_i,   theta_bar += H_B g_bar      a few queries, all
//   examples
//
// For plain SGD these are u' = (I - rate H_B) u + rate c_i g_i and its transpose ("SGD-influence",
// Hara, Nitanda and Maehara 2019). They are two orders of one product and agree to rounding. The
// backward walk costs one curvature product per step for all examples: their inner products with
// g_bar are tangents of that product.
//
//   MatrixXd u = removal_tangents(path, {{3}, {5}});       // (P x 2): d theta_end / d s
//   Scores s = unrolled_scores(path, queries);             // (Q x N)

#include <functional>

#include "influence/responses.h"
#include "influence/trajectory/trajectory.h"

namespace leaveout {

struct UnrollOptions {
  /// Of the mini-batches; gauss_newton is an approximation, not the derivative.
  Curvature curvature = Curvature::full;
  /// false: leaves the curvature out, so that gradients are summed along the path as if the later
  /// steps did not move (first order in the rates; SGD-influence's "nohess").
  bool propagate = true;
  /// false: of the curvature, what the losses bring is left out and what weight decay brings stays
  /// (HyDRA's fast form).
  bool loss_curvature = true;
  /// Forward only: i's own curvature leaves the batch's as well, H_B - c_i H_i. That is the finite
  /// removal, s = 1, linearised in u: exact for squared errors of linear models.
  bool without_own_curvature = false;
};

/// The derivative of a logged step, which all walks over a path are made of. Adam's alone depends
/// on the step's gradient: `g` (P) has room for it.
StepDerivative step_derivative(const Trajectory& path,
                               const LoggedStep& step,
                               Evaluator& evaluate,
                               Eigen::VectorXd& g);

/// u (P x K), for each group the derivative of theta at the end as the group's weights are
/// multiplied by (1 - s), at s = 0: to first order what removal does. `after`, if any, is called
/// after each step with the number of steps done and the tangents of theta.
Eigen::MatrixXd removal_tangents(
    const Trajectory& path,
    const std::vector<Group>& removed,
    const UnrollOptions& options = {},
    const std::function<void(Index steps_done, const Eigen::MatrixXd& u)>& after = {});

/// (Q x N): the queries' gradients at the end (P x Q) carried backward through all steps.
Eigen::MatrixXd unrolled_values(const Trajectory& path,
                                const Eigen::MatrixXd& query_gradients,
                                const UnrollOptions& options = {});

/// unrolled_values() of the queries at the end, as Scores.
Scores unrolled_scores(const Trajectory& path,
                       const QueryLosses& queries,
                       const UnrollOptions& options = {});

}  // namespace leaveout
