// SPDX-License-Identifier: MIT
#pragma once
// What the training examples do to one another, in sum: why the sign of an influence needs data
// that was held out.
//
// With Inf(j -> i) = (1/N) g_i' C^-1 g_j, g the gradients of the losses, C symmetric (Hessian or
// Gauss-Newton matrix, weight decay and damping included) and sum_j g_j = -N weight_decay theta at
// a stationary point,
//
//   sum_j Inf(j -> i)  =  sum_j Inf(i -> j)  =  -weight_decay g_i' C^-1 theta          for every i
//   O_i = sum_{j != i} Inf(j -> i)           =  -weight_decay g_i' C^-1 theta - Inf(i -> i)
//
// Without weight decay O_i = -Inf(i -> i) <= 0: each example helps itself exactly as much as it is
// opposed by all others, so that O_i calls every example one to memorize. What information its sign
// has comes from the regulariser.
//
//   LeaveOneOut loo(model, train, weight_decay, 0, theta, theta);
//   InfluenceFunction estimate(loo, {.curvature = Curvature::full, .solver = SolverKind::ldlt});
//   TrainingSetSums sums = training_set_sums(loo, estimate);
//   sums.others(i) < 0;                          // the others push against i
//   sums.gap;                                    // how far the identity is from holding

#include "influence/estimators/influence_function.h"

namespace leaveout {

/// All of removal normalisation, (N): what is added to losses when examples are removed.
struct TrainingSetSums {
  Eigen::VectorXd received;  // sum_j Inf(j -> i), itself included
  Eigen::VectorXd given;     // sum_j Inf(i -> j), itself included
  Eigen::VectorXd identity;  // -weight_decay g_i' C^-1 theta
  Eigen::VectorXd self;      // Inf(i -> i)
  Eigen::VectorXd others;    // O_i = received - self
  double gradient_norm = 0;  // of the training objective at theta
  /// The largest |received - identity| or |given - identity|, relative to the largest of these and
  /// of |self|. Of size |C^-1 grad| where theta is not stationary, else what the solver leaves.
  double gap = 0;
  bool converged = true;  // of the solver

  bool identity_holds(double tolerance = 1e-6) const { return converged && gap <= tolerance; }
};

/// `estimate` must have been made of `loo`. Costs N + 2 solves and N gradients (P x N).
TrainingSetSums training_set_sums(const LeaveOneOut& loo, const InfluenceFunction& estimate);

}  // namespace leaveout
