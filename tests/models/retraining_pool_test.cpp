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
#include "tests/support/pool_walks.h"

using namespace leaveout;
using namespace leaveout::pool_test;

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
                                      "leaveout-shard-2\n",
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
    std::string text =
        message<std::invalid_argument>(walks.tasks, {.threads = 2, .shard_folder = path});
    CHECK(walks.count() == 0);
    return text;
  };
  CHECK(refusal(folder.text() + "/file") ==
        fmt::format("[shards] cannot keep shards in '{}/file': Not a directory; name a "
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
