// SPDX-License-Identifier: MIT
#include "influence/metrics/student.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <stdexcept>

#include "datasets/random.h"

namespace leaveout {

TEST_CASE("one, two and four degrees of freedom have their closed forms") {
  for (const double t : {-3.0, -0.4, 0.0, 0.7, 2.5}) {
    CHECK(student_cdf(t, 1) ==
          doctest::Approx(0.5 + std::atan(t) / std::numbers::pi).epsilon(1e-14));
    CHECK(student_cdf(t, 2) ==
          doctest::Approx(0.5 + t / (2 * std::sqrt(2 + t * t))).epsilon(1e-14));
    const double u = t / std::sqrt(4 + t * t);
    CHECK(student_cdf(t, 4) == doctest::Approx(0.5 + 0.75 * u - 0.25 * u * u * u).epsilon(1e-14));
    const double z = t / std::sqrt(3.0);
    CHECK(
        student_cdf(t, 3) ==
        doctest::Approx(0.5 + (z / (1 + z * z) + std::atan(z)) / std::numbers::pi).epsilon(1e-14));
  }
}

TEST_CASE("student: the far tails keep their digits") {
  for (const double t : {2.5, 3.0, 40.0, 1e6, 1e12}) {
    CHECK(student_cdf(-t, 1) / (std::atan(1 / t) / std::numbers::pi) ==
          doctest::Approx(1).epsilon(1e-13));
    const double root = std::sqrt(2 + t * t);
    CHECK(student_cdf(-t, 2) * root * (root + t) == doctest::Approx(1).epsilon(1e-13));
  }
  for (const Eigen::Index dof : {1, 2, 3, 7, 50, 1000})  // the two forms meet at 2
    CHECK(student_cdf(-2 - 1e-13, dof) / student_cdf(-2 + 1e-13, dof) ==
          doctest::Approx(1).epsilon(1e-12));
}

TEST_CASE("quantiles are those of the tables, and undo the distribution") {
  CHECK(student_quantile(0.975, 1) == doctest::Approx(12.706).epsilon(1e-4));
  CHECK(student_quantile(0.975, 4) == doctest::Approx(2.776).epsilon(2e-4));
  CHECK(student_quantile(0.975, 19) == doctest::Approx(2.093).epsilon(2e-4));
  CHECK(student_quantile(0.975, 2000) == doctest::Approx(1.9612).epsilon(1e-4));
  for (const Eigen::Index dof : {1, 2, 5, 8, 31})
    for (const double p : {0.01, 0.3, 0.5, 0.9, 0.999})
      CHECK(student_cdf(student_quantile(p, dof), dof) == doctest::Approx(p).epsilon(1e-11));
  CHECK_THROWS_AS(student_quantile(1, 4), std::invalid_argument);
  CHECK_THROWS_AS(student_cdf(1, 0), std::invalid_argument);
}

TEST_CASE("the interval is mean ± t s / sqrt(n), and one value has none") {
  const Estimate e = mean_interval((Eigen::VectorXd(5) << 1, 2, 3, 4, 5).finished());
  const double half = 2.7764451 * std::sqrt(2.5 / 5);
  CHECK(*e.value == 3);
  CHECK(e.low == doctest::Approx(3 - half).epsilon(1e-7));
  CHECK(e.high == doctest::Approx(3 + half).epsilon(1e-7));
  CHECK(e.resamples == 5);
  CHECK(mean_interval(Eigen::VectorXd::Constant(1, 2)).resamples == 0);
  CHECK_FALSE(mean_interval(Eigen::VectorXd()).value.has_value());
}

TEST_CASE("the interval of five normal values covers their mean in 95 % of the draws") {
  const int draws = 4000;
  int covered = 0;
  for (std::uint64_t draw = 0; draw < draws; ++draw) {
    Random random(11, {draw});
    const Estimate e = mean_interval(random.normal_matrix(5, 1));
    covered += e.low <= 0 && 0 <= e.high ? 1 : 0;
  }
  CHECK(std::abs(covered / 4000.0 - 0.95) < 4 * std::sqrt(0.95 * 0.05 / draws));
}

}  // namespace leaveout
