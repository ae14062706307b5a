// SPDX-License-Identifier: MIT
#include "influence/solvers/spectrum.h"

#include <doctest/doctest.h>

#include <limits>
#include <stdexcept>

#include "tests/influence/solvers/matrices.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// 100 eigenvalues 10^linspace(-2, 2) in random directions.
const VectorXd kDecades = powers_of_ten(100, -2, 2);

void check_pairs(const MatrixXd& a, const RitzPairs& pairs) {
  const Index m = pairs.values.size();
  const MatrixXd gram = pairs.vectors.transpose() * pairs.vectors;
  CHECK((gram - MatrixXd::Identity(m, m)).cwiseAbs().maxCoeff() < 1e-13);
  const MatrixXd error = a * pairs.vectors - pairs.vectors * pairs.values.asDiagonal();
  const double rounding = 1e-13 * a.norm();
  for (Index i = 0; i < m; ++i) CHECK(std::abs(error.col(i).norm() - pairs.residual(i)) < rounding);
}

}  // namespace

TEST_CASE("50 Lanczos steps find the top 10 of 100 eigenvalues to 1e-6") {
  const MatrixXd a = with_spectrum(kDecades, 1);
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const RitzPairs pairs = lanczos(DenseOperator(a), 50, seed);
    for (Index i = 0; i < 10; ++i) {
      const double found = pairs.values(49 - i);
      CHECK(std::abs(found / kDecades(99 - i) - 1) < 1e-6);
    }
    check_pairs(a, pairs);
  }
}

TEST_CASE("Lanczos to the full dimension gives every eigenvalue and the exact inverse") {
  const MatrixXd a = with_spectrum(kDecades, 2);
  const RitzPairs pairs = lanczos(DenseOperator(a), 1000);  // more steps than there are
  REQUIRE(pairs.values.size() == 100);
  CHECK((pairs.values - kDecades).cwiseAbs().maxCoeff() < 1e-12 * 100);
  const MatrixXd b = Random(3).normal_matrix(100, 3);
  const MatrixXd coordinates = pairs.vectors.transpose() * b;
  const MatrixXd x = pairs.vectors * pairs.values.cwiseInverse().asDiagonal() * coordinates;
  CHECK(relative_error(x, with_spectrum(kDecades.cwiseInverse(), 2) * b) < 1e-9);
  check_pairs(a, pairs);
}

TEST_CASE("an eigenvalue lies within the residual of every Ritz value") {
  const VectorXd e = VectorXd::LinSpaced(60, -4, 9);
  for (Index steps : {1, 2, 5, 20, 45}) {
    const RitzPairs pairs = lanczos(DenseOperator(with_spectrum(e, 4)), steps, 5);
    for (Index i = 0; i < steps; ++i)
      CHECK((e.array() - pairs.values(i)).abs().minCoeff() <= pairs.residual(i));
  }
}

TEST_CASE("Lanczos breaks down without a NaN, and finds repeated eigenvalues all the same") {
  VectorXd e = VectorXd::Constant(12, 2);
  e.head(4).setConstant(-1);
  const MatrixXd a = with_spectrum(e, 6);
  const RitzPairs pairs = lanczos(DenseOperator(a), 12);
  CHECK(pairs.restarts > 0);
  CHECK((pairs.values - e).cwiseAbs().maxCoeff() < 1e-13);
  check_pairs(a, pairs);

  const RitzPairs zero = lanczos(DenseOperator(MatrixXd::Zero(5, 5)), 5);
  CHECK(zero.values.isZero(0));
  CHECK(zero.vectors.allFinite());
  const RitzPairs one = lanczos(DenseOperator(MatrixXd::Constant(1, 1, -3)), 4);
  CHECK(one.values(0) == -3);
}

TEST_CASE("both ends of the spectrum are found, signs included") {
  const VectorXd e = VectorXd::LinSpaced(300, -0.3, 8);
  const Spectrum s = extreme_eigenvalues(DenseOperator(with_spectrum(e, 7)));
  CHECK(s.largest == doctest::Approx(8).epsilon(2e-3));
  CHECK(s.smallest == doctest::Approx(-0.3).epsilon(2e-3));
  CHECK(s.largest <= 8 + 1e-12);  // Ritz values lie inside
  CHECK(s.smallest >= -0.3 - 1e-12);
  CHECK(s.steps <= 128);
  CHECK(s.largest_residual <= 1e-3 * 8);
}

TEST_CASE("a low-rank matrix plus damping has the damping as its smallest eigenvalue") {
  VectorXd e = VectorXd::Zero(400);
  e.tail(40) = powers_of_ten(40, -1, 1);
  const DenseOperator g(with_spectrum(e, 8));
  const Spectrum s = extreme_eigenvalues(damp(g, 1e-3));
  CHECK(s.smallest == doctest::Approx(1e-3).epsilon(1e-3));
  CHECK(s.largest == doctest::Approx(10.001).epsilon(1e-6));
}

TEST_CASE("Lanczos gives the same bits for the same seed and a different start for another") {
  const DenseOperator a(with_spectrum(kDecades, 9));
  const RitzPairs first = lanczos(a, 10, 1);
  CHECK(first.vectors == lanczos(a, 10, 1).vectors);
  CHECK(first.values != lanczos(a, 10, 2).values);
}

TEST_CASE("a product that is not finite is refused") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(lanczos(DenseOperator(MatrixXd::Constant(2, 2, nan)), 2), std::invalid_argument);
  CHECK_THROWS_AS(lanczos(DenseOperator(MatrixXd::Identity(2, 2)), 0), std::invalid_argument);
}

}  // namespace leaveout
