// SPDX-License-Identifier: MIT
#pragma once
// Work in shards: many independent pieces, in parallel, each kept on the disk as the bytes that it
// came to. Trainings are such pieces (retraining_pool.h), and so are blocks of subsets.
//
// Laws. Results are in task order and have the same bits for any number of threads. A piece whose
// shard is on the disk is not done again, so work that was interrupted at any moment goes on where
// it stopped and ends with the same bits. A shard that is cut, damaged or somebody else's is
// noticed and computed again.
//
//   for (Index block = 0; block < blocks; ++block)
//     tasks.push_back({describe(problem, block), [=] { return bytes_of(compute(block)); }});
//   std::vector<std::string> results = make_shards(tasks, {.threads = 8, .shard_folder =
//   "shards"});

#include <Eigen/Core>
#include <functional>
#include <string>
#include <vector>

namespace leaveout {

/// One piece of work. Two tasks with the same key must give the same bytes: the key alone decides
/// whether bytes that are already there are taken instead.
struct ShardTask {
  std::string key;  // canonical text of everything that the result depends on, never empty

  /// Called at most once, on any thread, at the same time as others: it shares nothing that it
  /// writes, and draws its random numbers from a stream of its own. May throw.
  std::function<std::string()> make;
};

struct PoolOptions {
  int threads = 1;
  std::string shard_folder = {};  // made if missing; empty: nothing is kept

  /// How many of the tasks are finished. The first call, made before any work, counts those that
  /// were found on the disk. Never called twice at once; `done` never falls.
  std::function<void(Eigen::Index done, Eigen::Index total)> progress = {};
};

/// The name of a key's shard inside a folder: 32 hexadecimal digits of its SHA-256, and ".run".
std::string shard_name(const std::string& key);

/// The bytes of all tasks, in task order. Tasks with equal keys are done once.
///
/// When tasks fail, those that run at that moment finish, no later ones start, finished shards
/// stay, and the exception of the first failing task, in task order, comes out: the same one for
/// any number of threads. Throws std::invalid_argument, before any work, on a task without key or
/// function, fewer than one thread, or a folder in which nothing can be written, and
/// std::runtime_error when the disk refuses a shard later.
std::vector<std::string> make_shards(const std::vector<ShardTask>& tasks,
                                     const PoolOptions& options);

}  // namespace leaveout
