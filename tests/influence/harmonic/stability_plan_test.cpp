// SPDX-License-Identifier: MIT
#include "influence/harmonic/stability_plan.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>
#include <stdexcept>

#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::Index;
using Eigen::VectorXd;

namespace {

VectorXd levels_of(std::initializer_list<double> values) {
  VectorXd v(static_cast<Index>(values.size()));
  Index j = 0;
  for (const double x : values) v[j++] = x;
  return v;
}

}  // namespace

TEST_CASE("slope weights: three levels 0, r, 2r give (-3, 4, -1) / 2r") {
  for (const double r : {0.1, 0.3}) {
    const VectorXd c = slope_weights(levels_of({0, r, 2 * r}), 2);
    CHECK(c[0] == doctest::Approx(-1.5 / r).epsilon(1e-12));
    CHECK(c[1] == doctest::Approx(2 / r).epsilon(1e-12));
    CHECK(c[2] == doctest::Approx(-0.5 / r).epsilon(1e-12));
  }
}

TEST_CASE("slope weights: -r, r take half the difference; -2r, -r, r, 2r are Richardson's") {
  const double r = 0.3;
  const VectorXd pair = slope_weights(levels_of({-r, r}), 1);
  CHECK(pair[0] == doctest::Approx(-0.5 / r).epsilon(1e-13));
  CHECK(pair[1] == doctest::Approx(0.5 / r).epsilon(1e-13));
  // (8 o(r) - o(2r)) / (6r), o(x) = (h(x) - h(-x)) / 2
  const VectorXd four = slope_weights(levels_of({-2 * r, -r, r, 2 * r}), 3);
  const VectorXd expected = levels_of({1, -8, 8, -1}) / (12 * r);
  CHECK(distance(four, expected) < 1e-12);
  CHECK(bias_coefficient(levels_of({-2 * r, -r, r, 2 * r}), four, 5) ==
        doctest::Approx(-4 * std::pow(r, 4)).epsilon(1e-11));
}

TEST_CASE("slope weights: exact on polynomials of the degree, least squares beyond") {
  const VectorXd levels = levels_of({-0.2, 0.1, 0.5, 0.9, 0.6});
  for (Index degree = 1; degree <= 4; ++degree) {
    const VectorXd c = slope_weights(levels, degree);
    for (Index k = 0; k <= degree; ++k)
      CHECK(bias_coefficient(levels, c, k) == doctest::Approx(k == 1 ? 1 : 0).epsilon(1e-10));
  }
  const VectorXd centred = slope_weights(levels, 3, 1);
  for (Index k = 1; k <= 3; ++k)
    CHECK(bias_coefficient(levels, centred, k) == doctest::Approx(k == 1 ? 1 : 0).epsilon(1e-10));
  // A line through the origin: sum x y / sum x^2.
  CHECK(distance(slope_weights(levels, 1, 1), levels / levels.squaredNorm()) < 1e-13);
}

TEST_CASE("Chebyshev levels and weights of hand-worked numbers") {
  const VectorXd levels = chebyshev_levels(4, 0.7);
  const VectorXd c = slope_weights(levels, 3);
  const double rho[] = {0.64672, 0.26788, -0.26788, -0.64672};
  const double weight[] = {-0.16012, 2.25309, -2.25309, 0.16012};
  for (Index j = 0; j < 4; ++j) {
    CHECK(std::abs(levels[j] - rho[j]) < 5e-6);
    CHECK(std::abs(c[j] - weight[j]) < 5e-6);
  }
}

TEST_CASE("noise gain and worst bias of the schemes") {
  struct Row {
    VectorXd levels;
    double gain, bias, gain_digit, bias_digit;
  };
  const Row rows[] = {
      {levels_of({0, 0.1, 0.2}), 40.0, 0.020, 1e-9, 1e-9},
      {levels_of({0, 0.2, 0.4}), 20.0, 0.080, 1e-9, 1e-9},
      {chebyshev_levels(2, 0.5), 2.83, 0.125, 5e-3, 5e-4},
      {chebyshev_levels(4, 0.5), 6.76, 0.0078, 5e-3, 5e-5},
      {chebyshev_levels(4, 0.7), 4.83, 0.030, 5e-3, 5e-4},
      {chebyshev_levels(6, 0.7), 7.67, 0.0037, 5e-3, 5e-5},
  };
  for (const Row& row : rows) {
    const VectorXd c = slope_weights(row.levels, row.levels.size() - 1);
    CHECK(std::abs(c.lpNorm<1>() - row.gain) < row.gain_digit);
    CHECK(std::abs(worst_bias_coefficient(row.levels, c) - row.bias) < row.bias_digit);
  }
}

TEST_CASE("predicted bias of the paper's levels: sum_k B_k rho^(k-1) (2 - 2^(k-1))") {
  VectorXd b(7);
  b << 2, 1, 0.5, 0.3, 0.2, 0.1, 0.05;
  for (const double rho : {0.1, 0.25, 0.5}) {
    double law = 0;
    for (Index k = 3; k < 7; ++k) law += b[k] * std::pow(rho, k - 1) * (2 - std::pow(2, k - 1));
    CHECK(predicted_bias(paper_plan(0.5, rho, 700), b) == doctest::Approx(law).epsilon(1e-10));
    CHECK(law < -2 * rho * rho * b[3]);
  }
  const double r = 0.3;
  CHECK(predicted_bias(linear_plan(0.5, levels_of({-r, r}), 10), b) ==
        doctest::Approx(r * r * b[3] + std::pow(r, 4) * b[5]).epsilon(1e-12));
}

TEST_CASE(
    "predicted error: sqrt(26) / (2 rho) times the error of a level without degrees above 0") {
  // Noise only: every product has variance tau^4 + 2 B_0 tau^2, or tau^4 about the mean.
  VectorXd b = VectorXd::Zero(3);
  b[0] = 1.5;
  StabilityPlan plan = paper_plan(0.5, 0.2, 700);
  const double tau2 = 0.8, point = std::sqrt((tau2 * tau2 + 2 * 1.5 * tau2) / 100);
  CHECK(predicted_error(plan, b, tau2) ==
        doctest::Approx(std::sqrt(26.0) / (2 * 0.2) * point).epsilon(1e-11));
  // A split ~ |c| makes it |c|_1 V / sqrt(total).
  const StabilityPlan split = linear_plan(0.5, levels_of({-0.5, 0.5, 0.25, -0.25}), 4000000);
  const double gain = slope_weights(split).lpNorm<1>();
  CHECK(predicted_error(split, b, tau2) ==
        doctest::Approx(gain * tau2 / std::sqrt(4e6)).epsilon(1e-4));
}

TEST_CASE("predicted error: a product of normal outputs has variance V^2 + h^2") {
  // Levels -1 and 1 of a linear output: h = -B_1, B_1 and V = B_1 + tau^2; weights -1/2, 1/2.
  VectorXd b(2);
  b << 0.7, 1.2;
  StabilityPlan plan = linear_plan(0.5, levels_of({-1, 1}), 20);
  CHECK(predicted_error(plan, b, 0.3) ==
        doctest::Approx(std::sqrt(0.5 * (1.5 * 1.5 + 1.2 * 1.2) / 10)).epsilon(1e-12));
  CHECK(predicted_bias(plan, b) == doctest::Approx(0).epsilon(1e-14));
  // Not about the mean, B_0 adds 2 B_0 (V + h): 2 * 0.7 * (0.3 + 2.7) over both levels.
  plan.centred = false;
  CHECK(predicted_error(plan, b, 0.3) ==
        doctest::Approx(std::sqrt((0.5 * (1.5 * 1.5 + 1.2 * 1.2) + 0.25 * 1.4 * 3.0) / 10))
            .epsilon(1e-12));
}

TEST_CASE("pairs are split in proportion to the weights and add up") {
  const std::vector<Index> n = split_pairs(levels_of({-3, 4, -1}), 806);
  CHECK(n == std::vector<Index>{302, 402, 102});
  for (const Index total : {8, 9, 57, 1000}) {
    const std::vector<Index> parts = split_pairs(levels_of({0.3, -0.21, 0, 1}), total);
    CHECK(std::accumulate(parts.begin(), parts.end(), Index{0}) == total);
    for (const Index part : parts) CHECK(part >= 2);
  }
  CHECK_THROWS_AS(split_pairs(levels_of({1, 1}), 3), std::invalid_argument);
}

TEST_CASE("the paper's plan: 2 (n_0 + n_rho + n_2rho) + N_1 trainings") {
  const StabilityPlan plan = paper_plan(0.3, 0.2, 7003);
  CHECK(plan.pairs == std::vector<Index>{1000, 1000, 1000});
  CHECK(plan.top_subsets == 1000);
  CHECK(plan.nnls_degree == 2);
  CHECK(!plan.centred);
  CHECK(trainings(plan) == 7000);
  CHECK(trainings(paper_plan(0.3, 0.2, 8000, 2)) == 8000);
  CHECK(trainings(linear_plan(0.5, chebyshev_levels(4, 0.7), 500)) == 1000);
}

TEST_CASE("plans: levels that cannot be are refused in one line") {
  CHECK_THROWS_AS(paper_plan(0.5, 0.6, 700), std::invalid_argument);
  CHECK_THROWS_AS(paper_plan(0.5, 0, 700), std::invalid_argument);
  CHECK_THROWS_AS(paper_plan(1, 0.1, 700), std::invalid_argument);
  CHECK_THROWS_AS(paper_plan(0.5, 0.1, 13), std::invalid_argument);
  CHECK_THROWS_AS(paper_plan(0.5, 0.1, 700, 3), std::invalid_argument);
  CHECK_THROWS_WITH_AS(linear_plan(0.2, levels_of({-0.3, 0.3}), 100),
                       "[stability] 2 noise levels at inclusion probability 0.2, expected at least "
                       "two from -0.25 to 1",
                       std::invalid_argument);
  CHECK_THROWS_AS(linear_plan(0.5, levels_of({0.3, 0.3}), 100), std::invalid_argument);
  CHECK_THROWS_AS(linear_plan(0.5, levels_of({0.3}), 100), std::invalid_argument);
  CHECK_THROWS_AS(chebyshev_levels(3, 0.5), std::invalid_argument);
  CHECK_THROWS_AS(chebyshev_levels(4, 1.5), std::invalid_argument);
  CHECK_THROWS_AS(slope_weights(levels_of({0.1, 0.2}), 2), std::invalid_argument);
  CHECK_THROWS_AS(slope_weights(levels_of({0.1, 0.2}), 1, 2), std::invalid_argument);
}
