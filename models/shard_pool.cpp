// SPDX-License-Identifier: MIT
// A shard is
//
//   "leaveout-shard-2\n"           what this is
//   SHA-256 of the key, "\n"       64 hexadecimal digits: whose it is
//   SHA-256 of the bytes, "\n"     whether they are whole
//   the bytes
//
// The whole hash is inside because the name holds half of it and because files get renamed and
// copied by hand: what was computed for another key must never be taken for this one's.
#include "models/shard_pool.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <exception>
#include <filesystem>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <unordered_map>

#include "datasets/files.h"
#include "datasets/sha256.h"
#include "datasets/text.h"

namespace leaveout {

namespace {

using Eigen::Index;
namespace fs = std::filesystem;

constexpr std::string_view kShardMagic = "leaveout-shard-2\n";
constexpr std::size_t kNameDigits = 32;

constexpr std::size_t kDigest = 64;  // hexadecimal digits of a SHA-256

std::string shard_header(const std::string& key, const std::string& bytes) {
  return fmt::format("{}{}\n{}\n", kShardMagic, sha256(key), sha256(bytes));
}

/// The bytes in a shard file; none if there is no file, or not a whole one, or not this key's. Why
/// is of no interest: the cure is the same, to compute it again.
std::optional<std::string> load_shard(const std::string& path, const std::string& key) {
  constexpr std::size_t kHeader = kShardMagic.size() + 2 * (kDigest + 1);
  try {
    if (!fs::exists(path)) return std::nullopt;  // the usual case, without the price of a throw
    const std::string file = read_file(path);
    if (file.size() < kHeader) return std::nullopt;
    std::string bytes = file.substr(kHeader);
    if (file.compare(0, kHeader, shard_header(key, bytes)) != 0) return std::nullopt;
    return bytes;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

/// Makes the folder. That it cannot be written must come out now and not after the first training,
/// which may take an hour.
void open_folder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error && !fs::is_directory(folder, error)) {
    error = std::make_error_code(std::errc::not_a_directory);
  }
  if (!error && ::access(folder.c_str(), R_OK | W_OK | X_OK) != 0) {
    error = std::error_code(errno, std::generic_category());
  }
  if (error) {
    throw std::invalid_argument(
        fmt::format("[shards] cannot keep shards in '{}': {}; name a folder that can be "
                    "written",
                    printable(folder, kWholeText),
                    error.message()));
  }
}

void check(const std::vector<ShardTask>& tasks, const PoolOptions& options) {
  if (options.threads < 1) {
    throw std::invalid_argument(
        fmt::format("[shards] threads = {}; expected at least 1", options.threads));
  }
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (tasks[i].key.empty() || !tasks[i].make) {
      throw std::invalid_argument(
          fmt::format("[shards] task {} of {} has no {}; give every task a key that says "
                      "all that its result depends on, and a function",
                      i + 1,
                      tasks.size(),
                      tasks[i].key.empty() ? "key" : "function"));
    }
  }
}

/// One call of `make_shards`. Every task has a slot of its own in each vector, so threads meet only
/// in `first_failure_` and under `mutex_`.
class Pool {
 public:
  Pool(const std::vector<ShardTask>& tasks, const PoolOptions& options);

  void load();
  void work();
  std::vector<std::string> results();

 private:
  Index total() const { return static_cast<Index>(tasks_.size()); }
  bool repeats(Index i) const { return first_[i] != i; }
  std::string shard_path(Index i) const {
    return (fs::path(options_.shard_folder) / shard_name(tasks_[i].key)).string();
  }
  void make_one(Index i);
  void fail(Index i, std::exception_ptr why);
  void report(Index finished_more);

  const std::vector<ShardTask>& tasks_;
  const PoolOptions& options_;
  std::vector<Index> first_;   // (tasks) the first task with the same key
  std::vector<Index> copies_;  // (tasks) tasks that wait for this one, itself too
  std::vector<std::optional<std::string>> bytes_;  // (tasks)
  std::vector<std::exception_ptr> failures_;       // (tasks)
  std::atomic<Index> first_failure_;               // the lowest so far; total() when there is none
  std::mutex mutex_;
  Index done_ = 0;  // under mutex_
};

Pool::Pool(const std::vector<ShardTask>& tasks, const PoolOptions& options)
    : tasks_(tasks),
      options_(options),
      first_(tasks.size()),
      copies_(tasks.size(), 0),
      bytes_(tasks.size()),
      failures_(tasks.size()),
      first_failure_(static_cast<Index>(tasks.size())) {
  std::unordered_map<std::string_view, Index> seen;
  for (Index i = 0; i < total(); ++i) {
    first_[i] = seen.try_emplace(tasks_[i].key, i).first->second;
    ++copies_[first_[i]];
  }
}

/// Fills the slots whose shards are on the disk, and says how many.
void Pool::load() {
  if (!options_.shard_folder.empty()) {
    open_folder(options_.shard_folder);
#pragma omp parallel for schedule(dynamic) num_threads(options_.threads)
    for (Index i = 0; i < total(); ++i) {
      if (!repeats(i)) bytes_[i] = load_shard(shard_path(i), tasks_[i].key);
    }
  }
  Index found = 0;
  for (Index i = 0; i < total(); ++i) found += bytes_[i] ? copies_[i] : 0;
  report(found);
}

/// Makes what is missing.
///
/// Tasks are handed out in order (monotonic), and only tasks after a failed one are given up: so
/// every task before the one whose exception comes out has had its turn, and that exception is the
/// same for any number of threads.
void Pool::work() {
#pragma omp parallel for schedule(monotonic : dynamic) num_threads(options_.threads)
  for (Index i = 0; i < total(); ++i) {
    if (repeats(i) || bytes_[i] || i > first_failure_.load()) continue;
    try {
      make_one(i);
    } catch (...) {  // nothing may leave a parallel region
      fail(i, std::current_exception());
    }
  }
  if (first_failure_ < total()) std::rethrow_exception(failures_[first_failure_]);
}

void Pool::make_one(Index i) {
  std::string bytes = tasks_[i].make();
  if (!options_.shard_folder.empty())
    write_file(shard_path(i), shard_header(tasks_[i].key, bytes) + bytes);
  bytes_[i] = std::move(bytes);
  report(copies_[i]);
}

void Pool::fail(Index i, std::exception_ptr why) {
  failures_[i] = std::move(why);
  Index lowest = first_failure_.load();
  while (i < lowest && !first_failure_.compare_exchange_weak(lowest, i)) {
  }
}

void Pool::report(Index finished_more) {
  const std::lock_guard<std::mutex> lock(mutex_);
  done_ += finished_more;
  if (options_.progress) options_.progress(done_, total());
}

std::vector<std::string> Pool::results() {
  for (Index i = 0; i < total(); ++i) {
    if (repeats(i)) bytes_[i] = bytes_[first_[i]];  // the first of a key comes before its repeats
  }
  std::vector<std::string> all;
  all.reserve(bytes_.size());
  for (std::optional<std::string>& bytes : bytes_) all.push_back(std::move(*bytes));
  return all;
}

}  // namespace

std::string shard_name(const std::string& key) {
  return sha256(key).substr(0, kNameDigits) + ".run";
}

std::vector<std::string> make_shards(const std::vector<ShardTask>& tasks,
                                     const PoolOptions& options) {
  check(tasks, options);
  Pool pool(tasks, options);
  pool.load();
  pool.work();
  return pool.results();
}

}  // namespace leaveout
