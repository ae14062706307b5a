// SPDX-License-Identifier: MIT
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
#include "tests/support/pool_walks.h"

using namespace leaveout;
using namespace leaveout::pool_test;

namespace {

constexpr const char* kVictim = "LEAVEOUT_TEST_POOL_FOLDER";  // set in the process that is to die
constexpr const char* kKillCase =
    "a pool that is killed goes on where it stopped, with the same bits";
constexpr Index kKillTasks = 30;

/// This same program again, running the kill test alone, as the process that may die. A fresh
/// program and not a bare fork: OpenMP's threads do not survive a fork.
pid_t start_victim(const std::string& folder, const char* dies_at) {
  ::setenv(kVictim, folder.c_str(), 1);
  ::setenv("LEAVEOUT_TEST_POOL_DIES_AT", dies_at, 1);
  std::string filter = fmt::format("-tc={}", kKillCase);
  for (char& c : filter) c = c == ',' ? '?' : c;  // a comma separates filters
  std::string program = "/proc/self/exe";
  char* const arguments[] = {program.data(), filter.data(), nullptr};
  pid_t child = 0;
  posix_spawn_file_actions_t quiet;  // its report is not this program's
  ::posix_spawn_file_actions_init(&quiet);
  ::posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  const int error = ::posix_spawn(&child, program.c_str(), &quiet, nullptr, arguments, environ);
  ::posix_spawn_file_actions_destroy(&quiet);
  ::unsetenv(kVictim);
  ::unsetenv("LEAVEOUT_TEST_POOL_DIES_AT");
  REQUIRE(error == 0);
  return child;
}

/// What that process does. At `dies_at` trainings, if it is positive, it kills itself, in the
/// middle of one, with others under way on another thread; nothing of it gets to clean up.
void be_killed(const std::string& folder) {
  const int dies_at = std::atoi(std::getenv("LEAVEOUT_TEST_POOL_DIES_AT"));
  std::atomic<int> started{0};
  std::vector<RetrainingTask> tasks;
  for (Index i = 0; i < kKillTasks; ++i) {
    tasks.push_back({key_of(i), [&started, dies_at, i] {
                       if (++started == dies_at) ::kill(::getpid(), SIGKILL);
                       sleep_ms(2);
                       return walk(i);
                     }});
  }
  retrain(tasks, {.threads = 2, .shard_folder = folder});
}

Index whole_shards(const ScratchFolder& folder) {
  Index count = 0;
  for (Index i = 0; i < kKillTasks; ++i) count += fs::exists(shard(folder, i)) ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE(kKillCase) {
  if (const char* folder = std::getenv(kVictim)) return be_killed(folder);

  const ScratchFolder folder;
  Walks walks(kKillTasks);
  const PoolOptions options{.threads = 2, .shard_folder = folder.text()};

  // First by its own hand in the middle of a training, then, as it goes on, from outside at
  // whatever it is doing once three more shards are there.
  int status = 0;
  pid_t child = start_victim(folder.text(), "12");
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGKILL);
  const Index first = whole_shards(folder);
  CHECK(first >= 10);  // all that were started, but the two threads' last
  CHECK(first < kKillTasks);

  child = start_victim(folder.text(), "-1");
  for (int i = 0; i < 20000 && whole_shards(folder) < first + 3; ++i) sleep_ms(1);
  ::kill(child, SIGKILL);
  REQUIRE(::waitpid(child, &status, 0) == child);
  const Index second = whole_shards(folder);
  CHECK(second >= first + 3);

  CHECK(bits(retrain(walks.tasks, options)) == expected_bits(kKillTasks));
  CHECK(walks.count() == kKillTasks - second);
}

TEST_CASE("two processes may fill one folder at the same time") {
  const ScratchFolder folder;
  const pid_t one = start_victim(folder.text(), "-1");
  const pid_t two = start_victim(folder.text(), "-1");
  for (const pid_t child : {one, two}) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  CHECK(files_in(folder.path).size() == kKillTasks);  // shards, and nothing else
  Walks walks(kKillTasks);
  CHECK(bits(retrain(walks.tasks, {.threads = 2, .shard_folder = folder.text()})) ==
        expected_bits(kKillTasks));
  CHECK(walks.count() == 0);
}
