// SPDX-License-Identifier: MIT
#pragma once
// Many trainings, in parallel, kept on the disk: shards (shard_pool.h) that hold Runs.
//
//   for (Index k : removed)
//     tasks.push_back({describe(objective, protocol, k), [=] { return train_without(k); }});
//   std::vector<Run> runs = retrain(tasks, {.threads = 8, .shard_folder = "results/shards"});

#include <functional>
#include <string>
#include <vector>

#include "models/run.h"
#include "models/shard_pool.h"

namespace leaveout {

/// One training: a ShardTask that ends in a Run.
struct RetrainingTask {
  std::string key;             // as ShardTask's
  std::function<Run()> train;  // as ShardTask::make
};

/// The Runs of all tasks, in task order: make_shards() with its laws and its errors.
std::vector<Run> retrain(const std::vector<RetrainingTask>& tasks, const PoolOptions& options);

}  // namespace leaveout
