// SPDX-License-Identifier: MIT
#include "models/retraining_pool.h"

#include <fmt/format.h>

#include <stdexcept>

namespace leaveout {

std::vector<Run> retrain(const std::vector<RetrainingTask>& tasks, const PoolOptions& options) {
  std::vector<ShardTask> shards;
  shards.reserve(tasks.size());
  for (const RetrainingTask& task : tasks) {
    ShardTask shard{task.key, {}};  // a task without a function is the pool's to refuse
    if (task.train) shard.make = [&task] { return serialise(task.train()); };
    shards.push_back(std::move(shard));
  }
  std::vector<Run> runs;
  runs.reserve(tasks.size());
  for (std::string& bytes : make_shards(shards, options)) {
    runs.push_back(deserialise_run(bytes, "a shard"));
    std::string().swap(bytes);  // not all of them twice
  }
  return runs;
}

}  // namespace leaveout
