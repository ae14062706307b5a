// SPDX-License-Identifier: MIT
#include "influence/metrics/split_half.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "datasets/random.h"

using namespace leaveout;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// Spearman of a bivariate normal with Pearson rho.
double rank(double rho) {
  return 6.0 / std::acos(-1.0) * std::asin(rho / 2.0);
}

/// Each row: the same truth of variance 1, and noise of its own.
MatrixXd measured(Index repetitions, Index items, double noise, std::uint64_t seed) {
  Random random(seed);
  const VectorXd truth = random.normal_matrix(items, 1).col(0);
  return (noise * random.normal_matrix(repetitions, items)).rowwise() + truth.transpose();
}

}  // namespace

TEST_CASE("Spearman-Brown of hand-worked numbers") {
  CHECK(spearman_brown(0.5, 2) == doctest::Approx(2.0 / 3.0).epsilon(1e-15));
  CHECK(spearman_brown(0.6, 2.5) == doctest::Approx(1.5 / 1.9).epsilon(1e-15));
  CHECK(spearman_brown(1, 7) == 1.0);
  CHECK(spearman_brown(0, 7) == 0.0);
  CHECK(spearman_brown(0.3, 1) == doctest::Approx(0.3).epsilon(1e-15));
  CHECK(spearman_brown(-0.25, 2) == doctest::Approx(-2.0 / 3.0).epsilon(1e-15));
  CHECK(spearman_brown(-0.9, 2) == -1.0);
  CHECK(spearman_brown(-0.9, 5) == -1.0);
}

TEST_CASE("twice and then three times is six times") {
  for (const double r : {-0.1, 0.2, 0.9})
    CHECK(spearman_brown(spearman_brown(r, 2), 3) ==
          doctest::Approx(spearman_brown(r, 6)).epsilon(1e-14));
}

TEST_CASE("two repetitions: the halves are the rows") {
  const MatrixXd x = measured(2, 50, 1.0, 3);
  const SplitHalf s = split_half(x);
  const double r = *spearman(x.row(0).transpose(), x.row(1).transpose());
  CHECK(*s.half.value == doctest::Approx(r).epsilon(1e-14));
  CHECK(*s.reliability.value == doctest::Approx(2 * r / (1 + r)).epsilon(1e-14));
  CHECK(*s.ceiling == doctest::Approx(std::sqrt(2 * r / (1 + r))).epsilon(1e-14));
  CHECK(s.half_size == 1);
  CHECK(s.reliability.low == doctest::Approx(spearman_brown(s.half.low, 2)).epsilon(1e-14));
}

TEST_CASE(
    "known signal and noise: halves of m agree as 1 / (1 + v / m), all S as 1 / (1 + v / S)") {
  const Index items = 20000;
  for (const Index repetitions : {4, 5}) {
    const double v = 2.0;  // the noise's variance beside 1
    const SplitHalf s =
        split_half(measured(repetitions, items, std::sqrt(v), 17), {.resamples = 0, .seed = 2});
    const double m = static_cast<double>(repetitions / 2), n = static_cast<double>(repetitions);
    // A correlation of 20000 pairs has a standard error below 1 / sqrt(20000) = 0.007.
    CHECK(*s.half.value == doctest::Approx(rank(1 / (1 + v / m))).epsilon(0.03));
    // Spearman-Brown on ranks instead of values is off by less than 0.01.
    CHECK(std::abs(*s.reliability.value - rank(1 / (1 + v / n))) < 0.03);
    CHECK(std::abs(*s.ceiling - std::sqrt(1 / (1 + v / n))) < 0.02);
  }
}

TEST_CASE("noise alone is worth nothing, equal repetitions everything") {
  const SplitHalf noise = split_half(1e3 * measured(4, 4000, 1e9, 5), {.resamples = 0});
  CHECK(std::abs(*noise.half.value) < 4.0 / std::sqrt(4000.0));
  const SplitHalf equal = split_half(measured(5, 30, 0.0, 5), {.resamples = 50});
  CHECK(*equal.half.value == doctest::Approx(1.0).epsilon(1e-14));
  CHECK(*equal.ceiling == doctest::Approx(1.0).epsilon(1e-14));
  CHECK(equal.reliability.low == doctest::Approx(1.0).epsilon(1e-14));
}

TEST_CASE("one repetition has no halves, and a value that is not finite is refused") {
  const SplitHalf one = split_half(measured(1, 30, 1, 5));
  CHECK_FALSE(one.half.value.has_value());
  CHECK_FALSE(one.ceiling.has_value());
  CHECK(one.half_size == 0);
  MatrixXd bad = measured(3, 30, 1, 5);
  bad(1, 1) = std::numeric_limits<double>::infinity();
  CHECK_THROWS_AS(split_half(bad), std::invalid_argument);
}
