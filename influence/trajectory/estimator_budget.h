// SPDX-License-Identifier: MIT
#pragma once
// Why an estimator of the registry misses the exact derivative: what it leaves out, one thing at a
// time, and at last itself with all of them.
//
//   first order, TracIn, Grad-Dot   the walk of error_budget.h: no curvature, the query's gradient
//                                   where the step is, everybody's expected share, m checkpoints
//   Diff-In                         the double sum that it comes from, then each option in which it
//                                   departs from that: weight t, no first-order term, checkpoints,
//                                   another batch's curvature, differences, the average
//   SOURCE, influence function      exact Gauss-Newton matrices, everybody's expected share,
//                                   stationary segments with Hessians
//
// HyDRA's fast form, data value embedding and accumulated SGD-influence leave out one thing each,
// so that their own line says all.
//
//   for (const BudgetLine& line : estimator_budget(TrajectoryEstimator::diff_in, path, queries))
//     fmt::print("{} {}\n", line.name, line.relative_error.value_or(0));

#include "influence/trajectory/error_budget.h"
#include "influence/trajectory/estimators.h"

namespace leaveout {

/// The last line is of the estimator itself, under its name. Throws std::invalid_argument where
/// the estimator refuses the training, and of one without a query.
std::vector<BudgetLine> estimator_budget(TrajectoryEstimator kind,
                                         const Trajectory& path,
                                         const QueryLosses& queries,
                                         const TrajectoryOptions& options = {});

}  // namespace leaveout
