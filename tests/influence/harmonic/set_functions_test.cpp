// SPDX-License-Identifier: MIT
#include "influence/harmonic/set_functions.h"

#include <doctest/doctest.h>

#include "influence/harmonic/cube.h"
#include "influence/harmonic/group_effects.h"
#include "influence/harmonic/spectrum.h"
#include "tests/support/random_numbers.h"
#include "tests/support/subsets.h"

using namespace leaveout;
using Eigen::VectorXd;

TEST_CASE("set functions: a threshold counts members of the cluster only") {
  const VectorXd f = threshold_cluster(4, 0b1011, 2);
  for (Index b = 0; b < 16; ++b) {
    const int count = contains(b, 0) + contains(b, 1) + contains(b, 3);
    CHECK(f[b] == (count >= 2 ? 1 : 0));
  }
  CHECK(threshold_cluster(3, 0b111, 0) == VectorXd::Ones(8));
  CHECK(threshold_cluster(3, 0b111, 4) == VectorXd::Zero(8));
  CHECK(threshold_cluster(0, 0, 0) == VectorXd::Ones(1));
}

TEST_CASE("set functions: log-odds linear in the count add up, their probabilities do not") {
  const std::uint64_t cluster = 0b1111110;
  const VectorXd odds = log_odds_cluster(7, cluster, -3, 1.25);
  CHECK(odds[0] == -3);
  CHECK(odds[0b1011] == -3 + 2 * 1.25);
  for (const double p : {0.5, 0.3}) {
    VectorXd linear = odds, smooth = probabilities(odds);
    to_spectrum(linear, p);
    to_spectrum(smooth, p);
    CHECK(degree_weights(linear).tail(6).maxCoeff() < 1e-28);
    CHECK(group_effect(linear, p, cluster) == doctest::Approx(6 * 1.25).epsilon(1e-13));
    CHECK(std::abs(additivity_defect(linear, p, cluster)) < 1e-13);
    CHECK(residual_fraction(degree_weights(smooth)).value() > 0.01);
    CHECK(std::abs(additivity_defect(smooth, p, cluster)) > 0.05);
  }
}

TEST_CASE("set functions: probabilities invert log-odds") {
  VectorXd odds(5);
  odds << -700, -1, 0, 2, 700;
  const VectorXd p = probabilities(odds);
  CHECK(p[2] == 0.5);
  for (const Index i : {1, 3}) CHECK(std::log(p[i] / (1 - p[i])) == doctest::Approx(odds[i]));
  CHECK(p[0] > 0);
  CHECK(p[0] < 1e-300);
  CHECK(p[4] == 1);
}

TEST_CASE("set functions: what means nothing is refused") {
  CHECK_THROWS_AS(threshold_cluster(-1, 0, 1), std::invalid_argument);
  CHECK_THROWS_AS(threshold_cluster(41, 0, 1), std::invalid_argument);
  CHECK_THROWS_AS(threshold_cluster(3, 0b1000, 1), std::invalid_argument);
  CHECK_THROWS_AS(log_odds_cluster(3, 0b1000, 0, 1), std::invalid_argument);
}
