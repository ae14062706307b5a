// SPDX-License-Identifier: MIT
#include "influence/solvers/direct.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

#include "influence/solvers/eigen.h"
#include "tests/influence/solvers/matrices.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

TEST_CASE("Ldlt and the eigendecomposition invert the Hessian of sines: -v / sin x") {
  const Sines sines;
  const DenseOperator h(sines.hessian());
  const MatrixXd v = Random(1).normal_matrix(12, 3);
  const Solution ldlt = Ldlt(h).solve(v);
  const Solution eigen = Eigendecomposition(h).solve(v);
  const Index negative = (sines.x.array().sin() > 0).count();
  for (const Solution* s : {&ldlt, &eigen}) {
    CHECK((s->x - sines.inverse_times(v)).cwiseQuotient(s->x).cwiseAbs().maxCoeff() < 1e-13);
    CHECK(s->converged);
    CHECK(s->negative_eigenvalues == negative);
  }
  CHECK(eigen.smallest_eigenvalue == doctest::Approx(-sines.x.array().sin().maxCoeff()));
}

TEST_CASE("Cholesky refuses an indefinite matrix, names its eigenvalue and the remedies") {
  const DenseOperator a(with_spectrum(VectorXd::LinSpaced(11, -0.25, 2), 3));
  std::string message;
  try {
    Cholesky solver(a);
  } catch (const std::invalid_argument& e) {
    message = e.what();
  }
  CAPTURE(message);
  CHECK(
      message ==
      "[cholesky] the matrix (11 x 11) is not positive definite, its smallest eigenvalue is about "
      "-0.25: raise damping by more than 0.25, set curvature=gauss_newton, or solve with ldlt "
      "(exact_solver=ldlt, paper_solver=ldlt)");
  // The remedies are ones.
  CHECK_NOTHROW(Cholesky(damp(a, 0.2501)));
  CHECK_THROWS_AS(Cholesky(damp(a, 0.2499)), std::invalid_argument);
  CHECK(Ldlt(a).inertia().negative == 2);  // -0.25 and -0.025
}

TEST_CASE("the direct solvers agree with each other over twelve decades of condition") {
  const MatrixXd b = Random(5).normal_matrix(30, 4);
  for (const double low : {-1.0, -4.0, -8.0, -12.0}) {
    const DenseOperator a(with_spectrum(powers_of_ten(30, low, 0), 4));
    const double condition = std::pow(10.0, -low);
    const Solution cholesky = Cholesky(a).solve(b);
    CHECK(cholesky.negative_eigenvalues == 0);
    CHECK(relative_error(Ldlt(a).solve(b).x, cholesky.x) < 1e-15 * 30 * condition);
    CHECK(relative_error(Eigendecomposition(a).solve(b).x, cholesky.x) < 1e-15 * 30 * condition);
  }
}

TEST_CASE("Ldlt solves random indefinite systems as the eigendecomposition does") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Index n = 5 + 3 * static_cast<Index>(seed);
    const MatrixXd half = Random(seed, {1}).normal_matrix(n, n);
    MatrixXd symmetric = half + half.transpose();
    if (seed % 2 == 0) symmetric.diagonal().setZero();
    const DenseOperator a(symmetric);
    const MatrixXd b = Random(seed, {2}).normal_matrix(n, 2);
    const Eigendecomposition eigen(a);
    const Solution s = Ldlt(a).solve(b);
    const double condition =
        eigen.values().cwiseAbs().maxCoeff() / eigen.values().cwiseAbs().minCoeff();
    CHECK(relative_error(s.x, eigen.solve(b).x) < 1e-14 * condition);
    CHECK(s.negative_eigenvalues == eigen.negative());
    CHECK(s.converged);
  }
}

TEST_CASE("a factor solves many right-hand sides as it solves one") {
  const DenseOperator a(with_spectrum(VectorXd::LinSpaced(15, -2.2, 5), 8));
  const DenseOperator positive(with_spectrum(VectorXd::LinSpaced(15, 1, 5), 8));
  const MatrixXd b = Random(9).normal_matrix(15, 6);
  const Ldlt ldlt(a);
  const Cholesky cholesky(positive);
  const MatrixXd together = ldlt.solve(b).x;
  const MatrixXd together_positive = cholesky.solve(b).x;
  for (Index j = 0; j < b.cols(); ++j) {
    CHECK(relative_error(ldlt.solve(b.col(j)).x, together.col(j)) < 1e-13);
    CHECK(relative_error(cholesky.solve(b.col(j)).x, together_positive.col(j)) < 1e-13);
  }
  CHECK(ldlt.solve(MatrixXd(15, 0)).converged);
  CHECK(ldlt.solve(MatrixXd::Zero(15, 1)).x.isZero(0));
}

TEST_CASE("direct solvers report the residual of what they return") {
  const DenseOperator a(with_spectrum(powers_of_ten(20, -13, 0), 4));
  const MatrixXd b = Random(3).normal_matrix(20, 2);
  const Solution s = Ldlt(a).solve(b, 1e-18);
  CHECK(s.residual == relative_residual(a, s.x, b));
  CHECK_FALSE(s.converged);
  CHECK(s.message.find("more damping") != std::string::npos);
}

TEST_CASE("a singular matrix is refused by name") {
  const DenseOperator a(with_spectrum((VectorXd(4) << 0, 0, 1, 2).finished(), 5));
  CHECK_THROWS_WITH_AS(Ldlt{a},
                       "[ldlt] the matrix (4 x 4) is singular, 2 of its pivots are zero to "
                       "rounding: raise damping or weight_decay (in code: "
                       "Eigendecomposition::solve_pseudo)",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(Cholesky(DenseOperator(MatrixXd::Zero(3, 3))),
                       "[cholesky] the matrix (3 x 3) is not positive definite, its smallest "
                       "eigenvalue is about 0, zero to rounding: raise damping or weight_decay",
                       std::invalid_argument);
}

}  // namespace leaveout
