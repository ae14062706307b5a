// SPDX-License-Identifier: MIT
#include "influence/solvers/bunch_kaufman.h"

#include <doctest/doctest.h>

#include <Eigen/Eigenvalues>

#include "tests/influence/solvers/matrices.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// A random symmetric matrix (n x n), about half of its eigenvalues negative.
MatrixXd random_symmetric(Index n, std::uint64_t seed) {
  const MatrixXd a = Random(seed).normal_matrix(n, n);
  return a + a.transpose();
}

MatrixXd permuted(const MatrixXd& a, const std::vector<Index>& order) {
  return a(order, order);
}

void check_factors(const MatrixXd& a) {
  const BunchKaufman factor(a);
  const MatrixXd l = factor.unit_lower();
  const MatrixXd product = l * factor.block_diagonal() * l.transpose();
  CHECK((product - permuted(a, factor.order())).norm() <= 1e-13 * (1 + a.norm()));
  CHECK(l.cwiseAbs().maxCoeff() < 2.79);  // the bound of the rook's pivots
}

void check_inertia(const MatrixXd& a) {
  const Inertia inertia = BunchKaufman(a).inertia();
  const VectorXd e = Eigen::SelfAdjointEigenSolver<MatrixXd>(a).eigenvalues();
  CHECK(inertia.negative == (e.array() < 0).count());
  CHECK(inertia.positive == (e.array() > 0).count());
  CHECK(inertia.zero == 0);
}

}  // namespace

TEST_CASE("Bunch-Kaufman factors multiply back, L is bounded, inertia is the eigenvalues'") {
  for (Index n : {1, 2, 3, 4, 5, 8, 13, 40, 101}) {
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
      const MatrixXd a = random_symmetric(n, 100 * n + seed);
      CAPTURE(n);
      CAPTURE(seed);
      check_factors(a);
      check_inertia(a);
    }
  }
}

TEST_CASE("Bunch-Kaufman works where the whole diagonal is zero") {
  const MatrixXd swap = (MatrixXd(2, 2) << 0, 1, 1, 0).finished();
  CHECK(BunchKaufman(swap).inertia().negative == 1);
  CHECK(BunchKaufman(swap).solve(MatrixXd::Identity(2, 2)) == swap);
  for (Index n : {2, 4, 7, 30}) {
    MatrixXd a = random_symmetric(n, 5 + n);
    a.diagonal().setZero();
    check_factors(a);
    check_inertia(a);
    const MatrixXd b = Random(6).normal_matrix(n, 3);
    CHECK((a * BunchKaufman(a).solve(b) - b).norm() <= 1e-11 * b.norm());
  }
}

TEST_CASE("Bunch-Kaufman solves saddle-point systems [G B'; B 0]") {
  // n positive and m negative eigenvalues, whatever G > 0 and B of full rank.
  const Index n = 12, m = 5;
  MatrixXd a = MatrixXd::Zero(n + m, n + m);
  a.topLeftCorner(n, n) = with_spectrum(powers_of_ten(n, -2, 2), 3);
  a.bottomLeftCorner(m, n) = Random(4).normal_matrix(m, n);
  a.topRightCorner(n, m) = a.bottomLeftCorner(m, n).transpose();
  const BunchKaufman factor(a);
  CHECK(factor.inertia().positive == n);
  CHECK(factor.inertia().negative == m);
  check_factors(a);
}

TEST_CASE("Bunch-Kaufman reads the lower triangle only and scales with the matrix") {
  MatrixXd a = random_symmetric(9, 12);
  const MatrixXd b = Random(13).normal_matrix(9, 2);
  const MatrixXd x = BunchKaufman(a).solve(b);
  MatrixXd half = a;
  half.triangularView<Eigen::StrictlyUpper>().setConstant(1e9);
  CHECK(BunchKaufman(half).solve(b) == x);
  CHECK(BunchKaufman(0x1p-600 * a).solve(0x1p-600 * b) == x);  // no square underflows
  CHECK(BunchKaufman(0x1p600 * a).solve(0x1p600 * b) == x);
}

TEST_CASE("Bunch-Kaufman counts the zeros of a singular matrix") {
  const VectorXd e = (VectorXd(7) << -3, -1, 0, 0, 0, 2, 5).finished();
  const Inertia inertia = BunchKaufman(with_spectrum(e, 21)).inertia();
  CHECK(inertia.negative == 2);
  CHECK(inertia.zero == 3);
  CHECK(inertia.positive == 2);
  CHECK(BunchKaufman(MatrixXd::Zero(4, 4)).inertia().zero == 4);
}

}  // namespace leaveout
