// SPDX-License-Identifier: MIT
#include "influence/harmonic/mask_pool.h"

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

#include "influence/harmonic/spectrum.h"
#include "tests/influence/harmonic/sampled_cube.h"

using namespace leaveout;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

TEST_CASE("masks: the first m subsets of a larger pool are the pool of m") {
  const Index n = 7;
  CHECK(bernoulli_masks(n, 0.3, 50, 5).leftCols(20) == bernoulli_masks(n, 0.3, 20, 5));
  CHECK(fixed_size_masks(n, 3, 50, 5).leftCols(20) == fixed_size_masks(n, 3, 20, 5));
  const MaskPairs many = correlated_masks(n, 0.3, -0.2, 50, 5),
                  few = correlated_masks(n, 0.3, -0.2, 20, 5);
  CHECK(many.first.leftCols(20) == few.first);
  CHECK(many.second.leftCols(20) == few.second);
}

TEST_CASE("masks: another seed, and for pairs another stream, are other subsets") {
  CHECK(bernoulli_masks(20, 0.5, 5, 1) != bernoulli_masks(20, 0.5, 5, 2));
  CHECK(fixed_size_masks(20, 9, 5, 1) != fixed_size_masks(20, 9, 5, 2));
  CHECK(correlated_masks(20, 0.5, 0, 5, 1, 0).first != correlated_masks(20, 0.5, 0, 5, 1, 1).first);
}

TEST_CASE("masks: example i is in with probability p_i") {
  VectorXd p(3);
  p << 0.1, 0.5, 0.8;
  const Index m = 20000;
  const MatrixXd masks = bernoulli_masks(p, m, 3);
  for (Index i = 0; i < 3; ++i) {
    const double se = std::sqrt(p[i] * (1 - p[i]) / static_cast<double>(m));
    CHECK(std::abs(masks.row(i).mean() - p[i]) < 4 * se);
  }
  CHECK(bernoulli_masks(3, 0.4, 9, 3) == bernoulli_masks(VectorXd::Constant(3, 0.4), 9, 3));
}

TEST_CASE("masks: fixed-size subsets have their size and the covariance -k(N-k)/(N^2(N-1))") {
  const Index n = 5, size = 2, m = 20000;
  const MatrixXd masks = fixed_size_masks(n, size, m, 11);
  CHECK((masks.colwise().sum().array() == 2.0).all());
  const double k = 2, count = 5;
  const double expected = -k * (count - k) / (count * count * (count - 1));
  const VectorXd product =
      ((masks.row(1).array() - k / count) * (masks.row(4).array() - k / count)).transpose();
  const MeanAndError cov = mean_and_error(product);
  CHECK(std::abs(cov.mean - expected) < 4 * cov.error);
  CHECK(cov.error < 0.1 * std::abs(expected));
}

TEST_CASE("pairs: both members are B_p and E[phi phi'] = rho, negative rho included") {
  const Index n = 4, m = 10000;
  for (const double p : {0.5, 0.3, 0.8})
    for (const double rho : {lowest_correlation(p), -0.2, 0.0, 0.35, 1.0}) {
      const MaskPairs pairs = correlated_masks(n, p, rho, m, 17);
      const double s = std::sqrt(p * (1 - p));
      const MatrixXd phi = (pairs.first.array() - p) / s, psi = (pairs.second.array() - p) / s;
      const double count = static_cast<double>(n * m);
      CHECK(std::abs(pairs.first.mean() - p) < 4 * s / std::sqrt(count));
      CHECK(std::abs(pairs.second.mean() - p) < 4 * s / std::sqrt(count));
      const MeanAndError r = mean_and_error(phi.cwiseProduct(psi).reshaped());
      CHECK(std::abs(r.mean - rho) <= 4 * r.error + 1e-12);
      // Different examples are independent.
      const MeanAndError cross = mean_and_error(phi.row(0).cwiseProduct(psi.row(2)).transpose());
      CHECK(std::abs(cross.mean) < 4 * cross.error);
    }
}

TEST_CASE("pairs: rho = 1 repeats the subset, rho = -1 at p = 1/2 takes the complement") {
  const MaskPairs same = correlated_masks(6, 0.3, 1.0, 40, 2);
  CHECK(same.first == same.second);
  const MaskPairs opposite = correlated_masks(6, 0.5, -1.0, 40, 2);
  CHECK((opposite.first.array() + opposite.second.array() == 1.0).all());
}

TEST_CASE("masks: what cannot be drawn is refused in one line") {
  CHECK_THROWS_WITH_AS(
      bernoulli_masks(3, 1.0, 5, 0),
      "[harmonic] rate of inclusion p = 1, expected 0 < p < 1; at 0 and at 1 only one "
      "subset is ever drawn",
      std::invalid_argument);
  CHECK_THROWS_AS(bernoulli_masks(3, 0.0, 5, 0), std::invalid_argument);
  CHECK_THROWS_AS(bernoulli_masks(3, std::nan(""), 5, 0), std::invalid_argument);
  CHECK_THROWS_AS(bernoulli_masks(0, 0.5, 5, 0), std::invalid_argument);
  CHECK_THROWS_AS(bernoulli_masks(3, 0.5, 0, 0), std::invalid_argument);
  CHECK_THROWS_AS(fixed_size_masks(3, 3, 5, 0), std::invalid_argument);
  CHECK_THROWS_AS(fixed_size_masks(3, 0, 5, 0), std::invalid_argument);
  CHECK_THROWS_WITH_AS(
      correlated_masks(3, 0.2, -0.3, 5, 0),
      "[harmonic] correlation rho = -0.3 of two subsets, expected -0.25 <= rho <= 1 "
      "at p = 0.2",
      std::invalid_argument);
  CHECK_THROWS_AS(correlated_masks(3, 0.5, 1.01, 5, 0), std::invalid_argument);
  MatrixXd masks = bernoulli_masks(3, 0.5, 5, 0);
  CHECK_THROWS_AS(check_pool(masks, MatrixXd::Zero(4, 1)), std::invalid_argument);
  CHECK_THROWS_AS(check_pool(masks, MatrixXd::Constant(5, 1, std::nan(""))), std::invalid_argument);
  masks(1, 2) = 0.5;
  CHECK_THROWS_AS(check_pool(masks, MatrixXd::Zero(5, 1)), std::invalid_argument);
}
