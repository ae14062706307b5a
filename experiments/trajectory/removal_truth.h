// SPDX-License-Identifier: MIT
#pragma once
// What estimates along a recorded training are measured against, for one query, the mean test loss:
//
//   removal      the same training without each example ("zero weight"): what really happens
//   derivative   the exact derivative through all steps: removal to first order
//
// and, for what ranks examples without a query (MoSo), what removal does to the others' training
// loss, their weighted sum.
//
//   RemovalTruth truth = removal_truth(task, session.options());
//   double error = *scaled_error(estimate, truth.removal);    // influence/metrics/closeness.h

#include "experiments/trajectory/recorded_task.h"

namespace leaveout {

struct RemovalTruth {
  Eigen::VectorXd removal;     // (N) positive: removing the example raises the test loss
  Eigen::VectorXd derivative;  // (N) the same; empty where it is beyond all bounds
  Eigen::VectorXd others;      // (N) removal's change of the others' training loss
  double curvature_time = 0;   // x of training_length()
  double removal_seconds = 0, derivative_seconds = 0;  // wall time of the two
};

/// Throws std::runtime_error, with the task, where trainings without an example left all bounds.
void require_removal(const RecordedTask& task, const Eigen::MatrixXd& removal);

/// Trains without each of the N examples. Throws what counterfactual_runs() and require_removal()
/// throw.
RemovalTruth removal_truth(const RecordedTask& task, const TaskOptions& options);

}  // namespace leaveout
