// SPDX-License-Identifier: MIT
#include "autodiff/memory.h"

#include <doctest/doctest.h>

#include <limits>
#include <numeric>
#include <stdexcept>
#include <vector>

using namespace leaveout;

TEST_CASE("memory is refused with the numbers and the cure") {
  CHECK_NOTHROW(require_memory("here", 1000, 1000, "a matrix", "do less"));
  CHECK_THROWS_WITH_AS(require_memory("here", 2'000'000'000, 1'500'000'000, "a matrix", "do less"),
                       "[here] memory, a matrix needs 2.00 GB and 1.50 GB are allowed: do less",
                       std::invalid_argument);
  CHECK(available_bytes() > 0);
  CHECK_THROWS_AS(
      require_memory("here", std::numeric_limits<std::size_t>::max(), 0, "a matrix", "do less"),
      std::invalid_argument);
}

TEST_CASE("what is available is read in kilobytes, and unlimited where nothing is said") {
  constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();
  CHECK(available_in_meminfo("MemTotal:  16 kB\nMemFree: 3 kB\nMemAvailable:   7 kB\n") ==
        7 * 1024);
  CHECK(available_in_meminfo("MemTotal:  16 kB\n") == kNoLimit);
  CHECK(available_in_meminfo("MemAvailable:") == kNoLimit);
  CHECK(available_in_meminfo("") == kNoLimit);
}

TEST_CASE("a control group leaves its limit less what is used and cannot be given back") {
  constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();
  CHECK(left_in_control_group("1000\n", "300\n", "anon 250\ninactive_file 50\n") == 750);
  CHECK(left_in_control_group("1000\n", "300\n", "") == 700);
  CHECK(left_in_control_group("1000\n", "300\n", "inactive_file 1\ntotal_inactive_file 50\n") ==
        750);
  CHECK(left_in_control_group("1000\n", "1200\n", "inactive_file 50\n") == 0);
  CHECK(left_in_control_group("1000\n", "30\n", "inactive_file 50\n") == 1000);
  CHECK(left_in_control_group("max\n", "300\n", "") == kNoLimit);
  CHECK(left_in_control_group("9223372036854771712\n", "300\n", "") ==
        kNoLimit);  // version 1: none
  CHECK(left_in_control_group("", "", "") == kNoLimit);
  CHECK(left_in_control_group("1000\n", "", "") == kNoLimit);
}

TEST_CASE("the group of this process is found in both versions' lists") {
  const std::string both = "12:cpu,cpuacct:/a\n4:hugetlb,memory:/b/c\n0::/d/e\n";
  CHECK(control_group_path(both, true) == "/d/e");
  CHECK(control_group_path(both, false) == "/b/c");
  CHECK(control_group_path("0::/\n", true).empty());
  CHECK(control_group_path("0::/x\n", false).empty());
  CHECK(control_group_path("no colons\n", true).empty());
}

TEST_CASE("asking for large pages leaves the numbers alone, whatever the size") {
  prefer_large_pages(nullptr, 0);
  for (const std::size_t count : {1, 1000, 300'000, 3'000'000}) {
    std::vector<double> numbers(count), expected(count);
    std::iota(numbers.begin(), numbers.end(), 1.0);
    std::iota(expected.begin(), expected.end(), 1.0);
    prefer_large_pages(numbers.data(), count * sizeof(double));
    CHECK(numbers == expected);
  }
}
