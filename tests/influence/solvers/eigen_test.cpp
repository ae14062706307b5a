// SPDX-License-Identifier: MIT
#include "influence/solvers/eigen.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

#include "tests/influence/solvers/matrices.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

const VectorXd kRankFive = (VectorXd(8) << -2, -1e-13, 0, 1e-12, 0.5, 1, 3, 4).finished();

}  // namespace

TEST_CASE("the eigendecomposition keeps negative eigenvalues and reports them") {
  const VectorXd e = (VectorXd(5) << -3, -0.5, 0.1, 1, 2).finished();
  const Eigendecomposition solver{DenseOperator(with_spectrum(e, 1))};
  CHECK((solver.values() - e).cwiseAbs().maxCoeff() < 1e-14);
  const MatrixXd b = Random(2).normal_matrix(5, 2);
  const Solution s = solver.solve(b);
  CHECK(relative_error(s.x, with_spectrum(e.cwiseInverse(), 1) * b) < 1e-13);
  CHECK(s.negative_eigenvalues == 2);
  CHECK(s.smallest_eigenvalue == doctest::Approx(-3).epsilon(1e-14));
  CHECK(s.dropped_directions == 0);
  CHECK(s.converged);
}

TEST_CASE("a pseudo-inverse says how many directions it dropped and what they held") {
  const DenseOperator a(with_spectrum(kRankFive, 3));
  const Eigendecomposition solver(a);
  const MatrixXd b = Random(4).normal_matrix(8, 2);
  const Solution s = solver.solve_pseudo(b, 1e-8);
  VectorXd inverse = kRankFive.cwiseInverse();
  inverse.segment(1, 3).setZero();
  CHECK(relative_error(s.x, with_spectrum(inverse, 3) * b) < 1e-13);
  CHECK(s.dropped_directions == 3);
  CHECK(s.message.find("left out 3 of 8 directions") != std::string::npos);
  // The residual is the part of b in the dropped directions: the system is not solved.
  const MatrixXd lost = random_rotation(8, 3).middleCols(1, 3).transpose() * b;
  for (int j = 0; j < 2; ++j)
    CHECK(s.residual(j) == doctest::Approx(lost.col(j).norm() / b.col(j).norm()).epsilon(1e-11));
  CHECK_FALSE(s.converged);
  CHECK(s.residual == relative_residual(a, s.x, b));
}

TEST_CASE("a pseudo-inverse is exact on the range, and the inverse where nothing is dropped") {
  const DenseOperator a(with_spectrum(kRankFive, 3));
  const MatrixXd range = a.dense() * Random(5).normal_matrix(8, 1);
  const Solution s = Eigendecomposition(a).solve_pseudo(range, 1e-8);
  CHECK(s.converged);
  CHECK(s.dropped_directions == 3);

  const Eigendecomposition full{DenseOperator(with_spectrum(powers_of_ten(6, -2, 1), 6))};
  const MatrixXd b = Random(7).normal_matrix(6, 1);
  CHECK(full.solve_pseudo(b, 1e-8).x == full.solve(b).x);
}

TEST_CASE("the exact inverse of a singular matrix is refused, with the count and the cure") {
  const VectorXd e = (VectorXd(4) << -1, 0, 0, 2).finished();
  const Eigendecomposition solver{DenseOperator(with_spectrum(e, 8))};
  CHECK_THROWS_WITH_AS(solver.solve(MatrixXd::Ones(4, 1)),
                       "[eigen] the matrix (4 x 4) is singular, 2 of its eigenvalues are zero to "
                       "rounding: raise damping or weight_decay (in code: solve_pseudo)",
                       std::invalid_argument);
}

}  // namespace leaveout
