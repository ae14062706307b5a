// SPDX-License-Identifier: MIT
#pragma once

// What the tests of the retraining pool share: a folder of their own, a training that is a seeded
// random walk (so that its bits are known), and counts of how often each was trained.
//
//   const ScratchFolder folder;  Walks walks;
//   retrain(walks.tasks(5), {.threads = 2, .shard_folder = folder.text()});

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <thread>

#include "datasets/files.h"
#include "datasets/random.h"
#include "datasets/sha256.h"
#include "models/retraining_pool.h"

namespace leaveout::pool_test {

using Eigen::Index;
namespace fs = std::filesystem;

struct ScratchFolder {
  ScratchFolder() {
    std::string name = (fs::temp_directory_path() / "leaveout_pool_XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~ScratchFolder() { fs::remove_all(path); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  std::string text() const { return path.string(); }
  fs::path path;
};

inline void sleep_ms(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

/// A training in miniature: a random walk that depends on the task alone, of uneven length so that
/// threads finish out of order.
inline Run walk(Index task) {
  Random random(7, {static_cast<std::uint64_t>(task)});
  Run run;
  run.theta = Eigen::VectorXd::Zero(5);
  for (Index step = 0; step < 10 + 500 * (task % 3); ++step) {
    run.theta = 0.9 * run.theta + random.normal_matrix(5, 1);
  }
  run.log = {{task, run.theta.sum(), run.theta.norm()}};
  run.objective = run.theta.squaredNorm();
  run.iterations = task;
  return run;
}

inline std::string key_of(Index task) {
  return fmt::format("walk seed=7 task={}", task);
}

/// Tasks that count how often they were trained.
struct Walks {
  explicit Walks(Index count) {
    for (Index i = 0; i < count; ++i) {
      tasks.push_back({key_of(i), [i, this] {
                         ++trained;
                         return walk(i);
                       }});
    }
  }
  Walks(const Walks&) = delete;
  Walks& operator=(const Walks&) = delete;

  /// Trainings since the last time this was asked.
  int count() { return trained.exchange(0); }

  std::vector<RetrainingTask> tasks;
  std::atomic<int> trained{0};
};

/// All bits of all runs.
inline std::vector<std::string> bits(const std::vector<Run>& runs) {
  std::vector<std::string> all;
  for (const Run& run : runs) all.push_back(serialise(run));
  return all;
}

inline std::vector<std::string> expected_bits(Index count) {
  std::vector<Run> runs;
  for (Index i = 0; i < count; ++i) runs.push_back(walk(i));
  return bits(runs);
}

inline std::set<std::string> files_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

inline std::string shard(const ScratchFolder& folder, Index task) {
  return (folder.path / shard_name(key_of(task))).string();
}

template <class Error>
inline std::string message(const std::vector<RetrainingTask>& tasks, const PoolOptions& options) {
  try {
    retrain(tasks, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

using Reports = std::vector<std::pair<Index, Index>>;  // (done, total)

}  // namespace leaveout::pool_test
