// SPDX-License-Identifier: MIT
#include "influence/metrics/brittleness.h"

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

using namespace leaveout;
using Eigen::Index;
using Eigen::VectorXd;

TEST_CASE("brittleness: the fewest largest weights whose sum exceeds the margin") {
  VectorXd w(5);
  w << 0.5, -2, 3, 0.25, 1;
  CHECK(*flipping_removal(2.9, w) == std::vector<Index>{2});
  CHECK(*flipping_removal(3.5, w) == std::vector<Index>{2, 4});
  CHECK(*flipping_removal(4.6, w) == std::vector<Index>{2, 4, 0, 3});
  // A margin of exactly zero is not a flip.
  CHECK(*flipping_removal(3.0, w) == std::vector<Index>{2, 4});
  CHECK(flipping_removal(-0.1, w)->empty());
}

TEST_CASE("brittleness: harmful examples are never removed, and a firm prediction has no answer") {
  VectorXd w(3);
  w << 1, -5, 0;
  CHECK(!flipping_removal(1.5, w).has_value());
  CHECK(!flipping_removal(0.5, VectorXd()).has_value());
  CHECK(*flipping_removal(0.5, w) == std::vector<Index>{0});
}

TEST_CASE("brittleness: equal weights go by index; what is not finite is refused") {
  CHECK(*flipping_removal(1.5, VectorXd::Ones(4)) == std::vector<Index>{0, 1});
  CHECK_THROWS_AS(flipping_removal(std::nan(""), VectorXd::Ones(4)), std::invalid_argument);
  CHECK_THROWS_AS(flipping_removal(1, VectorXd::Constant(1, INFINITY)), std::invalid_argument);
}
