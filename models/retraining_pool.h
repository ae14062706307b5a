// SPDX-License-Identifier: MIT
#pragma once
// The one place where models are trained again: many trainings, in parallel, kept on the disk.
//
// Laws. Results are in task order and have the same bits for any number of threads. A training
// whose shard is on the disk is not done again, so work that was interrupted at any moment goes on
// where it stopped and ends with the same bits. A shard that is cut, damaged or somebody else's is
// noticed and computed again.
//
//   for (Index k : removed)
//     tasks.push_back({describe(objective, protocol, k), [=] { return train_without(k); }});
//   std::vector<Run> runs = retrain(tasks, {.threads = 8, .shard_folder = "results/shards"});

#include <Eigen/Core>
#include <functional>
#include <string>
#include <vector>

#include "models/run.h"

namespace leaveout {

/// One training. Two tasks with the same key must give the same Run: the key alone decides whether
/// a Run that is already there is taken instead.
struct RetrainingTask {
  std::string key;  // canonical text of everything that the result depends on, never empty

  /// Called at most once, on any thread, at the same time as others: it shares nothing that it
  /// writes, and draws its random numbers from a stream of its own. May throw.
  std::function<Run()> train;
};

struct PoolOptions {
  int threads = 1;
  std::string shard_folder = {};  // made if missing; empty: nothing is kept

  /// How many of the tasks are finished. The first call, made before any training, counts those
  /// that were found on the disk. Never called twice at once; `done` never falls.
  std::function<void(Eigen::Index done, Eigen::Index total)> progress = {};
};

/// The name of a key's shard inside a folder: 32 hexadecimal digits of its SHA-256, and ".run".
std::string shard_name(const std::string& key);

/// The Runs of all tasks, in task order. Tasks with equal keys are trained once.
///
/// When trainings fail, those that run at that moment finish, no later ones start, finished shards
/// stay, and the exception of the first failing task, in task order, comes out: the same one for
/// any number of threads. Throws std::invalid_argument, before any training, on a task without key
/// or function, fewer than one thread, or a folder in which nothing can be written, and
/// std::runtime_error when the disk refuses a shard later.
std::vector<Run> retrain(const std::vector<RetrainingTask>& tasks, const PoolOptions& options);

}  // namespace leaveout
