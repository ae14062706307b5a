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
