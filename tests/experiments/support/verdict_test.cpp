// SPDX-License-Identifier: MIT
#include "experiments/support/verdict.h"

#include <doctest/doctest.h>

using namespace leaveout;

TEST_CASE("a verdict is what the whole interval allows") {
  CHECK(above({0.9, 0.8, 1.0}, 0.5) == "agrees");
  CHECK(above({0.3, 0.1, 0.4}, 0.5) == "disagrees");
  CHECK(above({0.6, 0.4, 0.8}, 0.5) == "open: the interval holds both");
  CHECK(below({0.3, 0.1, 0.4}, 0.5) == "agrees");
  CHECK(below({0.9, 0.8, 1.0}, 0.5) == "disagrees");
  CHECK(below({0.6, 0.4, 0.8}, 0.5) == "open: the interval holds both");
  CHECK(holds({0.1, -0.2, 0.4}, 0) == "agrees: the interval holds 0");
  CHECK(holds({0.3, 0.1, 0.4}, 0) == "disagrees: the interval excludes 0");
}

TEST_CASE("without a number there is no verdict") {
  CHECK(above({}, 0.5) == "not testable: undefined");
  CHECK(below({}, 0.5) == "not testable: undefined");
  CHECK(holds({}, 0) == "not testable: undefined");
}

TEST_CASE("the table has a row for each verdict, and its footnote") {
  const std::string text = verdict_table({{"concrete", "exact", "small", "0.1", "agrees"}}, "why");
  CHECK(text.find("concrete  exact     small") != std::string::npos);
  CHECK(text.ends_with("why\n"));
}
