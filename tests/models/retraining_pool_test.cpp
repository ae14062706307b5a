// SPDX-License-Identifier: MIT
#include "models/retraining_pool.h"

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

using namespace leaveout;
using Eigen::Index;
namespace fs = std::filesystem;

namespace {

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

void sleep_ms(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

/// A training in miniature: a random walk that depends on the task alone, of uneven length so that
/// threads finish out of order.
Run walk(Index task) {
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

std::string key_of(Index task) {
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
std::vector<std::string> bits(const std::vector<Run>& runs) {
  std::vector<std::string> all;
  for (const Run& run : runs) all.push_back(serialise(run));
  return all;
}

std::vector<std::string> expected_bits(Index count) {
  std::vector<Run> runs;
  for (Index i = 0; i < count; ++i) runs.push_back(walk(i));
  return bits(runs);
}

std::set<std::string> files_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

std::string shard(const ScratchFolder& folder, Index task) {
  return (folder.path / shard_name(key_of(task))).string();
}

template <class Error>
std::string message(const std::vector<RetrainingTask>& tasks, const PoolOptions& options) {
  try {
    retrain(tasks, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

using Reports = std::vector<std::pair<Index, Index>>;  // (done, total)

}  // namespace

TEST_CASE("the pool's runs are in task order, with the same bits for any number of threads") {
  Walks walks(25);
  for (const int threads : {1, 2, 5}) {
    CAPTURE(threads);
    CHECK(bits(retrain(walks.tasks, {.threads = threads})) == expected_bits(25));
    CHECK(walks.count() == 25);
    const ScratchFolder folder;
    CHECK(bits(retrain(walks.tasks, {.threads = threads, .shard_folder = folder.text()})) ==
          expected_bits(25));
    CHECK(walks.count() == 25);
  }
  CHECK(retrain({}, {}).empty());
}

TEST_CASE("the pool trains at the same time on as many threads as it is given") {
  // Each of the two waits for the other: a pool with one thread would wait in vain.
  std::atomic<int> here{0};
  const auto meet = [&] {
    ++here;
    for (int i = 0; i < 2000 && here < 2; ++i) sleep_ms(5);
    Run run;
    run.converged = here == 2;
    return run;
  };
  const std::vector<Run> runs = retrain({{"a", meet}, {"b", meet}}, {.threads = 2});
  CHECK(runs[0].converged);
  CHECK(runs[1].converged);
}

TEST_CASE("a shard is named by its key's hash, and a second call trains nothing") {
  const ScratchFolder folder;
  const PoolOptions options{.threads = 2, .shard_folder = folder.text() + "/made/here"};
  Walks walks(12);
  retrain(walks.tasks, options);
  CHECK(walks.count() == 12);
  std::set<std::string> names;
  for (Index i = 0; i < 12; ++i) names.insert(sha256(key_of(i)).substr(0, 32) + ".run");
  CHECK(files_in(options.shard_folder) == names);

  CHECK(bits(retrain(walks.tasks, options)) == expected_bits(12));
  CHECK(walks.count() == 0);

  // More of the same: only what is new is trained, wherever it stands.
  Walks more(15);
  std::swap(more.tasks[0], more.tasks[14]);
  const std::vector<Run> runs = retrain(more.tasks, options);
  CHECK(more.count() == 3);
  CHECK(serialise(runs[0]) == serialise(walk(14)));
  CHECK(serialise(runs[14]) == serialise(walk(0)));
}

TEST_CASE("a damaged, cut, empty, foreign or unreadable shard is noticed, trained again, mended") {
  const ScratchFolder folder;
  const PoolOptions options{.threads = 2, .shard_folder = folder.text()};
  Walks walks(4);
  retrain(walks.tasks, options);
  CHECK(walks.count() == 4);
  const std::string path = shard(folder, 2);
  const std::string whole = read_file(path);

  std::vector<std::string> damaged = {"",
                                      "leaveout-shard-1\n",
                                      "a file of somebody else\n",
                                      whole + "x",
                                      whole + whole,
                                      std::string(whole.size(), '\0'),
                                      serialise(walk(2)),            // a run, but whose?
                                      read_file(shard(folder, 3))};  // another key's, whole
  for (std::size_t size = 1; size < whole.size(); size += 37) {
    damaged.push_back(whole.substr(0, size));
  }
  for (std::size_t byte = 0; byte < whole.size(); byte += 7) {
    damaged.push_back(whole);
    damaged.back()[byte] ^= static_cast<char>(1 << (byte % 8));
  }
  for (std::size_t i = 0; i < damaged.size(); ++i) {
    CAPTURE(i);
    write_file(path, damaged[i]);
    CHECK(bits(retrain(walks.tasks, options)) == expected_bits(4));
    CHECK(walks.count() == 1);
    CHECK(read_file(path) == whole);
  }
  CHECK(retrain(walks.tasks, options).size() == 4);
  CHECK(walks.count() == 0);
}

TEST_CASE("temporary files of a writer that died are harmless") {
  const ScratchFolder folder;
  for (Index i = 0; i < 6; ++i) {
    write_file(shard(folder, i) + ".1.0.tmp", "half a sh");
    write_file(shard(folder, i) + ".999999.3.tmp", "");
  }
  Walks walks(6);
  const PoolOptions options{.threads = 2, .shard_folder = folder.text()};
  CHECK(bits(retrain(walks.tasks, options)) == expected_bits(6));
  CHECK(walks.count() == 6);
  CHECK(bits(retrain(walks.tasks, options)) == expected_bits(6));
  CHECK(walks.count() == 0);
}

TEST_CASE("tasks with the same key are trained once and all get its run") {
  Walks walks(3);
  const std::vector<RetrainingTask> tasks = {
      walks.tasks[1], walks.tasks[0], walks.tasks[1], walks.tasks[2], walks.tasks[1]};
  const std::vector<std::string> expected = bits({walk(1), walk(0), walk(1), walk(2), walk(1)});
  const ScratchFolder folder;
  const PoolOptions options{.threads = 2, .shard_folder = folder.text()};
  CHECK(bits(retrain(tasks, {.threads = 2})) == expected);
  CHECK(walks.count() == 3);
  CHECK(bits(retrain(tasks, options)) == expected);
  CHECK(walks.count() == 3);
  CHECK(bits(retrain(tasks, options)) == expected);
  CHECK(walks.count() == 0);
}

TEST_CASE("progress starts with what was found on the disk, never falls, and ends with all") {
  const ScratchFolder folder;
  std::atomic<int> inside{0};
  Reports reports;
  const PoolOptions options{
      .threads = 2, .shard_folder = folder.text(), .progress = [&](Index done, Index total) {
        CHECK(++inside == 1);  // never two at once
        reports.emplace_back(done, total);
        sleep_ms(3);
        --inside;
      }};
  Walks walks(9);
  retrain({walks.tasks[1], walks.tasks[4]}, options);
  CHECK(reports == Reports{{0, 2}, {1, 2}, {2, 2}});

  reports.clear();
  retrain(walks.tasks, options);
  CHECK(reports == Reports{{2, 9}, {3, 9}, {4, 9}, {5, 9}, {6, 9}, {7, 9}, {8, 9}, {9, 9}});

  reports.clear();
  retrain(walks.tasks, options);
  CHECK(reports == Reports{{9, 9}});

  reports.clear();  // repeats are tasks too
  retrain({walks.tasks[0],
           {"new", [] { return Run(); }},
           walks.tasks[0],
           {"new", [] { return Run(); }}},
          options);
  CHECK(reports == Reports{{2, 4}, {4, 4}});
}

TEST_CASE("a failing task's exception comes out, and what was finished is kept") {
  for (const int threads : {1, 2}) {
    CAPTURE(threads);
    const ScratchFolder folder;
    const PoolOptions options{.threads = threads, .shard_folder = folder.text()};
    Walks walks(40);
    std::vector<RetrainingTask> tasks = walks.tasks;
    tasks[6].train = []() -> Run { throw std::runtime_error("the loss is NaN"); };
    CHECK(message<std::runtime_error>(tasks, options) == "the loss is NaN");
    const int trained = walks.count();
    CHECK(trained >= 6);  // all before it had their turn
    if (threads == 1) CHECK(trained == 6);
    CHECK(files_in(folder.path).size() == static_cast<std::size_t>(trained));
    for (Index i = 0; i < 6; ++i) CHECK(fs::exists(shard(folder, i)));
    CHECK(!fs::exists(shard(folder, 6)));

    CHECK(bits(retrain(walks.tasks, options)) == expected_bits(40));
    CHECK(walks.count() == 40 - trained);
  }
}

TEST_CASE("after a failure running tasks finish and no new ones start") {
  const ScratchFolder folder;
  std::atomic<bool> failing{false};
  std::atomic<int> late{0};
  std::vector<RetrainingTask> tasks;
  tasks.push_back({"slow", [&] {
                     for (int i = 0; i < 2000 && !failing; ++i) sleep_ms(5);
                     sleep_ms(200);  // the failure is known by now
                     return walk(0);
                   }});
  tasks.push_back({"fails", [&]() -> Run {
                     failing = true;
                     throw std::domain_error("no");
                   }});
  for (int i = 0; i < 20; ++i) {
    tasks.push_back({fmt::format("late {}", i), [&] {
                       ++late;
                       return Run();
                     }});
  }
  CHECK_THROWS_AS(retrain(tasks, {.threads = 2, .shard_folder = folder.text()}), std::domain_error);
  CHECK(late == 0);
  CHECK(files_in(folder.path) == std::set<std::string>{shard_name("slow")});
}

TEST_CASE("of several failures the first in task order comes out, whichever came sooner") {
  for (const bool first_is_sooner : {true, false}) {
    CAPTURE(first_is_sooner);
    std::atomic<int> running{0};
    const auto fail_after = [&](int milliseconds, const char* why) {
      return [&running, milliseconds, why]() -> Run {
        ++running;
        for (int i = 0; i < 2000 && running < 2; ++i) sleep_ms(5);
        sleep_ms(milliseconds);
        throw std::runtime_error(why);
      };
    };
    CHECK(message<std::runtime_error>({{"a", fail_after(first_is_sooner ? 0 : 30, "first")},
                                       {"b", fail_after(first_is_sooner ? 30 : 0, "second")}},
                                      {.threads = 2}) == "first");
  }
}

TEST_CASE("an exception that is no std::exception, or from the progress callback, comes out too") {
  CHECK_THROWS_AS(retrain({{"a", []() -> Run { throw 5; }}}, {.threads = 2}), int);
  Walks walks(5);
  const auto interrupt = [](Index done, Index) {
    if (done == 2) throw std::logic_error("stop");
  };
  CHECK(message<std::logic_error>(walks.tasks, {.threads = 2, .progress = interrupt}) == "stop");
}

TEST_CASE("a folder that cannot be written is refused before any training, in one line") {
  const ScratchFolder folder;
  write_file(folder.text() + "/file", "");
  Walks walks(2);
  const auto refusal = [&](const std::string& path) {
    const std::string text =
        message<std::invalid_argument>(walks.tasks, {.threads = 2, .shard_folder = path});
    CHECK(walks.count() == 0);
    return text;
  };
  CHECK(refusal(folder.text() + "/file") ==
        fmt::format("[retraining pool] cannot keep shards in '{}/file': Not a directory; name a "
                    "folder that can be written",
                    folder.text()));
  CHECK(refusal(folder.text() + "/file/below").find("Not a directory") != std::string::npos);
  const std::string two_lines = refusal("/proc/no\nsuch");
  CHECK(two_lines.find("/proc/no\\nsuch") != std::string::npos);
  CHECK(two_lines.find('\n') == std::string::npos);
  if (::geteuid() != 0) {  // root may write everywhere
    fs::create_directory(folder.path / "closed");
    fs::permissions(folder.path / "closed", fs::perms::owner_read | fs::perms::owner_exec);
    CHECK(refusal(folder.text() + "/closed").find("Permission denied") != std::string::npos);
  }
}

TEST_CASE("a shard that the disk refuses is an error, in one line that says where") {
  const ScratchFolder folder;
  fs::create_directories(shard(folder, 1));  // a folder stands where the shard should
  Walks walks(2);
  const std::string text =
      message<std::runtime_error>(walks.tasks, {.threads = 1, .shard_folder = folder.text()});
  CHECK(text.find(shard(folder, 1)) != std::string::npos);
  CHECK(text.find('\n') == std::string::npos);
  CHECK(files_in(folder.path) ==
        std::set<std::string>{shard_name(key_of(0)), shard_name(key_of(1))});
}

TEST_CASE("tasks without key or function, and fewer than one thread, are refused") {
  const auto train = [] { return Run(); };
  CHECK(message<std::invalid_argument>({{"a", train}, {"", train}}, {})
            .find("task 2 of 2 has no key") != std::string::npos);
  CHECK(message<std::invalid_argument>({{"a", {}}}, {}).find("task 1 of 1 has no function") !=
        std::string::npos);
  CHECK(message<std::invalid_argument>({{"a", train}}, {.threads = 0}).find("threads = 0") !=
        std::string::npos);
}

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
