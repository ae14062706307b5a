// SPDX-License-Identifier: MIT
#pragma once
// A task of the decomposition experiment: its five gaps under each protocol, and how well the
// estimate foretells what happens to the queries.
//
//   TaskResult r = run_task(settings, {.threads = 2, .shard_folder = "results/shards"});
//   r.decompositions[0].gaps.rowwise().mean();

#include "experiments/task.h"
#include "influence/metrics/correlation.h"

namespace leaveout {

/// Predicted against actual change of the mean query loss, one entry per removed group.
struct Prediction {
  std::string against;  // "cold-start retraining" or "PBRF"
  ProtocolKind protocol = ProtocolKind::exact;
  Eigen::VectorXd predicted;  // (R) mean over queries of the scores
  Eigen::VectorXd actual;     // (R)
  Agreement agreement;
};

struct TaskResult : TrainedTask {
  std::vector<Group> removed;  // positions in `train`
  std::vector<Decomposition> decompositions;
  std::vector<Prediction> predictions;
};

/// Trains the task and takes it apart, one protocol after the other, `settings.removed` single
/// examples removed.
TaskResult run_task(const TaskSettings& settings, const TaskOptions& options);
/// The same for a trained task and groups of the caller's.
TaskResult decompose_task(TrainedTask task,
                          const std::vector<Group>& removed,
                          const TaskOptions& options);

}  // namespace leaveout
