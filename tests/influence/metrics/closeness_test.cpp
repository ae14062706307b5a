// SPDX-License-Identifier: MIT
#include "influence/metrics/closeness.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "datasets/random.h"

using namespace leaveout;
using Eigen::Index;
using Eigen::VectorXd;

namespace {

VectorXd vec(std::initializer_list<double> values) {
  VectorXd v(static_cast<Index>(values.size()));
  Index i = 0;
  for (const double x : values) v[i++] = x;
  return v;
}

}  // namespace

TEST_CASE("relative error, best scale and the error after it, by hand") {
  const VectorXd e = vec({1, 2}), t = vec({3, 4});
  CHECK(*relative_error(e, t) == doctest::Approx(std::sqrt(8.0) / 5).epsilon(1e-15));
  CHECK(*best_scale(e, t) == doctest::Approx(11.0 / 5).epsilon(1e-15));
  // 2.2 (1, 2) - (3, 4) = (-0.8, 0.4).
  CHECK(*scaled_error(e, t) == doctest::Approx(std::sqrt(0.8) / 5).epsilon(1e-15));
  const double cosine = 11 / std::sqrt(5.0 * 25);
  CHECK(*scaled_error(e, t) == doctest::Approx(std::sqrt(1 - cosine * cosine)).epsilon(1e-14));
}

TEST_CASE("the best scale finds a factor, the slope does not see a shift") {
  const VectorXd t = Random(3, {1}).normal_matrix(50, 1);
  CHECK(*best_scale(-4 * t, t) == doctest::Approx(-0.25).epsilon(1e-15));
  CHECK(*scaled_error(-4 * t, t) < 1e-15);
  CHECK(*relative_error(-4 * t, t) == doctest::Approx(5).epsilon(1e-15));
  const VectorXd shifted = (t.array() + 10).matrix();
  CHECK(*slope(shifted, t) == doctest::Approx(1).epsilon(1e-13));
  CHECK(std::abs(*best_scale(shifted, t)) < 0.1);
  // Neither underflow nor overflow in the squares.
  CHECK(*best_scale(1e-200 * t, 1e-220 * t) == doctest::Approx(1e-20).epsilon(1e-14));
  CHECK(*relative_error(2e250 * t, 1e250 * t) == doctest::Approx(1).epsilon(1e-14));
  CHECK(*scaled_error(2e250 * t, 1e-250 * t) < 1e-15);
}

TEST_CASE("sign agreement counts the truths that have a sign") {
  const VectorXd t = vec({1, -1, 2, -3, 0, 0});
  CHECK(*sign_agreement(vec({5, -2, -1, 0, 1, 0}), t).value == 0.5);
  CHECK(*sign_agreement(t, t).value == 1);
  CHECK(*sign_agreement(-t, t).value == 0);
  CHECK_FALSE(sign_agreement(t, 0 * t).value);
  const VectorXd truth = Random(4, {1}).normal_matrix(400, 1);
  VectorXd e = truth;
  e.head(80) *= -1;
  const Estimate share = sign_agreement(e, truth, {.resamples = 400, .seed = 2});
  CHECK(*share.value == doctest::Approx(0.8).epsilon(1e-15));
  // Two standard errors of a share of 0.8 of 400: 2 * 0.02 each side.
  CHECK(share.high - share.low == doctest::Approx(0.08).epsilon(0.2));
}

TEST_CASE("top-k overlap, by value and by magnitude") {
  const VectorXd t = vec({5, 4, -9, 1, 0, 2}), e = vec({3, -8, -7, 1, 2, 0});
  CHECK(top_k_overlap(t, t, 2, TopBy::value) == 1);
  CHECK(top_k_overlap(e, t, 2, TopBy::value) == 0.5);                     // {0, 4} and {0, 1}
  CHECK(top_k_overlap(e, t, 2, TopBy::magnitude) == 0.5);                 // {1, 2} and {0, 2}
  CHECK(top_k_overlap(e, t, 3, TopBy::magnitude) == doctest::Approx(1));  // {0, 1, 2} both
  CHECK(top_k_overlap(-t, t, 1, TopBy::value) == 0);
  CHECK(top_k_overlap(e, t, 6, TopBy::value) == doctest::Approx(1));
}

TEST_CASE("ties compete for the last places of the top k") {
  // 7 is in, and each of the three 3s with 1/3; against {0, 1}: (1 + 1/3) / 2.
  CHECK(top_k_overlap(vec({7, 3, 3 + 1e-15, 3, 1}), vec({9, 8, 0, 1, 2}), 2, TopBy::value) ==
        doctest::Approx(2.0 / 3).epsilon(1e-14));
  // No information: chance.
  CHECK(top_k_overlap(vec({1, 1, 1, 1}), vec({1, 2, 3, 4}), 3, TopBy::value) ==
        doctest::Approx(0.75).epsilon(1e-15));
}

TEST_CASE("closeness of what does not exist is undefined, and of what is not finite refused") {
  const VectorXd t = vec({1, 2}), zero = vec({0, 0});
  CHECK_FALSE(relative_error(t, zero));
  CHECK_FALSE(scaled_error(t, zero));
  CHECK_FALSE(best_scale(zero, t));
  CHECK(*best_scale(t, zero) == 0);
  CHECK(*scaled_error(zero, t) == 1);
  CHECK_FALSE(relative_error(vec({}), vec({})));
  CHECK_THROWS_AS(relative_error(vec({1}), t), std::invalid_argument);
  CHECK_THROWS_AS(sign_agreement(vec({1, std::numeric_limits<double>::infinity()}), t),
                  std::invalid_argument);
  CHECK_THROWS_AS(top_k_overlap(t, t, 0, TopBy::value), std::invalid_argument);
  CHECK_THROWS_AS(top_k_overlap(t, t, 3, TopBy::value), std::invalid_argument);
}
