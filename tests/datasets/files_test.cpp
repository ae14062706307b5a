// SPDX-License-Identifier: MIT
#include "datasets/files.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "tests/datasets/support.h"

namespace leaveout {

TEST_CASE("what is written is read back, byte for byte, and nothing else is left in the folder") {
  const DataFolder folder;
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes.push_back(static_cast<char>(i));
  write_file(folder.path("a"), "older and longer than nothing");
  write_file(folder.path("a"), bytes);
  CHECK(read_file(folder.path("a")) == bytes);
  write_file(folder.path("a"), "");
  CHECK(read_file(folder.path("a")).empty());
  CHECK(folder.entries() == 1);
}

TEST_CASE("a missing file and a folder are refused by name") {
  const DataFolder folder;
  CHECK(has(refusal([&] { read_file(folder.path("absent.csv")); }), "absent.csv"));
  CHECK(has(refusal([&] { read_file(folder.path("")); }), "it is a folder"));
  CHECK(has(refusal([&] { read_file(folder.path("a\nb")); }), "a\\nb"));
}

TEST_CASE("temporary names that a dead process of this number left behind do no harm") {
  const DataFolder folder;
  for (int i = 0; i < 2000; ++i)
    std::ofstream(folder.path(fmt::format("a.{}.{}.tmp", ::getpid(), i))) << "stale";
  write_file(folder.path("a"), "new");
  CHECK(read_file(folder.path("a")) == "new");
}

TEST_CASE("a write into a missing folder fails, and so does one over a folder") {
  const DataFolder folder;
  CHECK_THROWS_AS(write_file(folder.path("none/a"), "bytes"), std::runtime_error);
  CHECK_THROWS_AS(write_file(folder.path("."), "bytes"), std::runtime_error);
  CHECK(folder.entries() == 0);
}

TEST_CASE("when the disk refuses, the older file stays and no temporary one does") {
  const DataFolder folder;
  write_file(folder.path("a"), "older");
  rlimit limit = {};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &limit) == 0);
  rlimit small = limit;
  small.rlim_cur = 100;  // as a full disk would: a file may not grow beyond 100 bytes
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  bool thrown = false;
  try {
    write_file(folder.path("a"), std::string(1000, 'x'));
  } catch (const std::runtime_error&) {
    thrown = true;
  }
  ::setrlimit(RLIMIT_FSIZE, &limit);
  std::signal(SIGXFSZ, old_handler);
  CHECK(thrown);
  CHECK(read_file(folder.path("a")) == "older");
  CHECK(folder.entries() == 1);
}

}  // namespace leaveout
