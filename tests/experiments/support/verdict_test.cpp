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
}

TEST_CASE("near a number is the whole interval, not an interval so wide that it holds everything") {
  CHECK(near({0.1, -0.2, 0.4}, 0, 0.5) == "agrees: within 0.5 of 0");
  CHECK(near({0.25, -0.6, 0.84}, 0, 0.5) == "open: the interval is too wide");
  CHECK(near({0.25, -0.1, 0.84}, 0, 0.5) == "open: the interval is too wide");
  CHECK(near({-0.25, -0.84, 0.1}, 0, 0.5) == "open: the interval is too wide");
  CHECK(near({0.6, 0.3, 0.8}, 0, 0.5) == "disagrees: the interval excludes 0");
  CHECK(near({-0.6, -0.8, -0.3}, 0, 0.5) == "disagrees: the interval excludes 0");
  // Off 0 by little, and known to be so.
  CHECK(near({0.2, 0.1, 0.3}, 0, 0.5) == "agrees: within 0.5 of 0");
  CHECK(near({1.1, 0.9, 1.2}, 1, 0.25) == "agrees: within 0.25 of 1");
}

TEST_CASE("without a number there is no verdict") {
  CHECK(above({}, 0.5) == "not testable: undefined");
  CHECK(below({}, 0.5) == "not testable: undefined");
  CHECK(near({}, 0, 0.5) == "not testable: undefined");
}

TEST_CASE("the table has a row for each verdict, and its footnote") {
  const std::string text = verdict_table({{"concrete", "exact", "small", "0.1", "agrees"}}, "why");
  CHECK(text.find("concrete  exact  small") != std::string::npos);
  CHECK(text.ends_with("why\n"));
}
