// SPDX-License-Identifier: MIT
#pragma once
// A task with one recorded training: what the experiments along trajectories start from.
//
//   RecordedTask task(job, session.options(), r);                    // seed r
//   Scores exact = unrolled_scores(task.path(), QueryLosses(*task.data.model, *task.data.test));

#include "experiments/memorization/grouped_task.h"
#include "influence/trajectory/trajectory.h"

namespace leaveout {

/// Those of plain_grouped_task_settings() and `log_memory`. Nothing is planted unless asked for.
std::vector<SettingSpec> recorded_task_settings();

/// Loads the data and trains, logging every step. Throws std::invalid_argument for what the user
/// got wrong, and std::runtime_error where the training diverges.
struct RecordedTask {
  RecordedTask(const Job& job, const TaskOptions& options, Index seed = 0);
  RecordedTask(const RecordedTask&) = delete;  // the objective points into the data
  RecordedTask& operator=(const RecordedTask&) = delete;

  /// Trains as the log's training did, with other weights (N) of the examples.
  Run train_with(const Eigen::VectorXd& weights) const;
  Trajectory path() const { return {&objective, &log}; }
  const Model& model() const { return *data.model; }

  GroupedTask data;
  Objective objective;
  Eigen::VectorXd start;  // (P)
  TrainingLog log;
};

}  // namespace leaveout
