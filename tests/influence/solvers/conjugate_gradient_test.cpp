// SPDX-License-Identifier: MIT
#include "influence/solvers/conjugate_gradient.h"

#include <doctest/doctest.h>

#include <limits>
#include <stdexcept>
#include <string>

#include "influence/solvers/direct.h"
#include "tests/influence/solvers/matrices.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// A Gauss-Newton matrix of the usual kind: few large eigenvalues, many of size zero.
MatrixXd low_rank(Index n, Index rank, std::uint64_t seed) {
  VectorXd e = VectorXd::Zero(n);
  e.tail(rank) = powers_of_ten(rank, -2, 1);
  return with_spectrum(e, seed);
}

}  // namespace

TEST_CASE("CG is exact after as many steps as there are distinct eigenvalues") {
  const MatrixXd b = Random(1).normal_matrix(24, 1);
  const DenseOperator all(with_spectrum(VectorXd::LinSpaced(24, 1, 5), 2));
  CHECK(conjugate_gradient(all, b, {.tolerance = 1e-12, .max_iterations = 24}).converged);
  CHECK_FALSE(conjugate_gradient(all, b, {.tolerance = 1e-12, .max_iterations = 10}).converged);

  VectorXd three = VectorXd::Constant(24, 2);
  three.head(8).setConstant(0.5);
  three.tail(8).setConstant(7);
  const Solution s = conjugate_gradient(DenseOperator(with_spectrum(three, 3)), b);
  CHECK(s.converged);
  CHECK(s.iterations == 3);
}

TEST_CASE("CG equals Cholesky to 1e-10 at dampings from 1e-3 to 1e-1") {
  const DenseOperator g(low_rank(60, 25, 4));
  const MatrixXd b = Random(5).normal_matrix(60, 4);
  for (const double damping : {1e-3, 1e-2, 1e-1}) {
    const SumOperator a = damp(g, damping);
    const Solution s = conjugate_gradient(a, b, {.tolerance = 1e-11});
    CHECK(relative_error(s.x, Cholesky(a).solve(b).x) < 1e-10);
    CHECK(s.converged);
    CHECK(s.message.empty());
  }
}

TEST_CASE("CG reports the negative curvature of the Hessian of sines") {
  const Sines sines;
  const DenseOperator h(sines.hessian());
  const MatrixXd v = Random(6).normal_matrix(12, 2);
  const Solution s = conjugate_gradient(h, v);
  CHECK_FALSE(s.converged);
  CHECK(s.smallest_eigenvalue < 0);
  CHECK(s.smallest_eigenvalue >= -sines.x.array().sin().maxCoeff());
  CHECK(s.message.find("[cg] 2 of 2 columns met a direction with p'Ap / p'p = -") == 0);
  CHECK(s.message.find(": raise damping by more than") != std::string::npos);
  CHECK(s.x.allFinite());
  CHECK(s.residual == relative_residual(h, s.x, v));
}

TEST_CASE("the curvature that CG reports is the Rayleigh quotient of its direction") {
  const DenseOperator a(Eigen::Vector2d(3, -2).asDiagonal());
  const MatrixXd b = Eigen::Vector2d(1, 3);
  const Solution s = conjugate_gradient(a, b);  // the first direction is b
  CHECK(s.smallest_eigenvalue == doctest::Approx((3 * 1 - 2 * 9) / 10.0).epsilon(1e-14));
  CHECK(s.x.isZero(0));
}

TEST_CASE("negative curvature that shows at the second direction is that direction's too") {
  const MatrixXd a = Eigen::Vector3d(4, 2, -1).asDiagonal();
  const VectorXd b = Eigen::Vector3d(30, 10, 9);
  const double length = b.squaredNorm() / b.dot(a * b);
  const VectorXd r = b - length * (a * b);
  const VectorXd p = r + r.squaredNorm() / b.squaredNorm() * b;
  const double quotient = p.dot(a * p) / p.squaredNorm();
  REQUIRE(quotient < 0);
  const Solution s = conjugate_gradient(DenseOperator(a), b);
  CHECK(s.iterations == 2);
  CHECK(s.smallest_eigenvalue == doctest::Approx(quotient).epsilon(1e-13));
  CHECK(relative_error(s.x, length * b) < 1e-15);  // the iterate before it
}

TEST_CASE("one column with negative curvature does not spoil the others") {
  const DenseOperator a(Eigen::Vector3d(-1, 2, 4).asDiagonal());
  MatrixXd b = MatrixXd::Ones(3, 2);
  b(0, 1) = 0;  // no part along the negative eigenvector: solvable
  b(0, 0) = 5;
  const Solution s = conjugate_gradient(a, b);
  CHECK_FALSE(s.converged);
  CHECK(s.residual(1) < 1e-15);
  CHECK(s.x(1, 1) == doctest::Approx(0.5).epsilon(1e-14));
  CHECK(s.message.find("1 of 2 columns") != std::string::npos);
}

TEST_CASE("CG gives x = 0 for b = 0 and never divides 0 by 0 past convergence") {
  const DenseOperator a(with_spectrum(VectorXd::LinSpaced(9, 1, 3), 7));
  MatrixXd b = Random(8).normal_matrix(9, 3);
  b.col(1).setZero();
  // A tolerance below what rounding allows: the run must end by itself, with finite numbers.
  const Solution s = conjugate_gradient(a, b, {.tolerance = 1e-250, .max_iterations = 5000});
  CHECK(s.x.allFinite());
  CHECK(s.x.col(1).isZero(0));
  CHECK(s.residual(1) == 0);
  CHECK(s.residual.maxCoeff() < 1e-15);
  CHECK_FALSE(s.converged);
  // Nor does p'Ap vanish before the run ends, which would look like a singular matrix.
  const SumOperator small = scale(a, 1e-100);
  const Solution t = conjugate_gradient(small, b, {.tolerance = 1e-250, .max_iterations = 5000});
  CHECK(t.message.find("rounding allows no better") != std::string::npos);
  CHECK(t.residual.maxCoeff() < 1e-15);
  CHECK(conjugate_gradient(a, MatrixXd::Zero(9, 2)).iterations == 0);
  CHECK(conjugate_gradient(a, MatrixXd::Zero(9, 2)).converged);
  // An exact solution in one step leaves r = 0.
  const DenseOperator identity(MatrixXd::Identity(9, 9));
  const Solution exact = conjugate_gradient(identity, b, {.tolerance = 1e-15});
  CHECK(exact.iterations == 1);
  CHECK(exact.converged);
  CHECK(relative_error(exact.x, b) < 1e-15);  // b is scaled to length 1 and back
}

TEST_CASE("CG solves for right-hand sides whose squares underflow or overflow") {
  const DenseOperator a(with_spectrum(VectorXd::LinSpaced(9, 1, 3), 7));
  const MatrixXd b = Random(8).normal_matrix(9, 1);
  const MatrixXd x = conjugate_gradient(a, b).x;
  for (const double size : {1e-200, 1e200})
    CHECK(relative_error(conjugate_gradient(a, size * b).x / size, x) < 1e-13);
}

TEST_CASE("CG solves many right-hand sides as it solves one, and the same bits each time") {
  const DenseOperator a(with_spectrum(powers_of_ten(30, -2, 1), 9));
  const MatrixXd b = Random(10).normal_matrix(30, 5);
  const Solution together = conjugate_gradient(a, b, {.tolerance = 1e-13});
  CHECK(together.x == conjugate_gradient(a, b, {.tolerance = 1e-13}).x);
  Index most = 0;
  for (Index j = 0; j < 5; ++j) {
    const Solution one = conjugate_gradient(a, b.col(j), {.tolerance = 1e-13});
    CHECK(relative_error(one.x, together.x.col(j)) < 1e-10);
    most = std::max(most, one.iterations);
  }
  CHECK(std::abs(most - together.iterations) <= 2);  // the slowest column decides
}

TEST_CASE(
    "the residual that CG reports is the recomputed one, where the recursion has drifted too") {
  const DenseOperator a(with_spectrum(powers_of_ten(40, -9, 3), 11));
  const MatrixXd b = Random(12).normal_matrix(40, 2);
  const Solution s = conjugate_gradient(a, b, {.tolerance = 1e-12, .max_iterations = 4000});
  CHECK(s.residual == relative_residual(a, s.x, b));
  CHECK(s.converged == (s.residual.maxCoeff() <= 1e-12));
  CHECK(s.message.empty() == s.converged);
  const Solution cut = conjugate_gradient(a, b, {.max_iterations = 3});
  CHECK_FALSE(cut.converged);
  CHECK(cut.iterations == 3);
  CHECK(cut.message.find("raise max_iterations") != std::string::npos);
}

TEST_CASE("CG reaches every tolerance above what rounding allows, though its recursion drifts") {
  const DenseOperator a(with_spectrum(powers_of_ten(40, -5, 1), 15));
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const MatrixXd b = Random(16, {seed}).normal_matrix(40, 1);
    CgOptions options = {.tolerance = 1e-200, .max_iterations = 5000};
    const double floor = conjugate_gradient(a, b, options).residual(0);
    REQUIRE(floor > 1e-12);  // the recursive residual is 1e-30 there
    for (double factor = 1.5; factor < 4; factor *= 1.05) {
      options.tolerance = factor * floor;
      CAPTURE(factor);
      CAPTURE(seed);
      CHECK(conjugate_gradient(a, b, options).converged);
    }
  }
}

TEST_CASE("the inverse as a preconditioner takes one step, the diagonal half as many as none") {
  const MatrixXd rotated = with_spectrum(VectorXd::LinSpaced(40, 1, 2), 13);
  const VectorXd d = powers_of_ten(40, 0, 2);
  const DenseOperator a(d.asDiagonal() * rotated * d.asDiagonal());
  const MatrixXd b = Random(14).normal_matrix(40, 2);
  const MatrixXd inverse = a.dense().inverse();
  const MatrixXd exact = Cholesky(a).solve(b).x;

  CgOptions options = {.tolerance = 1e-10};
  const Solution plain = conjugate_gradient(a, b, options);
  options.preconditioner = [&](const auto& r, auto z) {
    z = a.dense().diagonal().cwiseInverse().asDiagonal() * r;
  };
  const Solution diagonal = conjugate_gradient(a, b, options);
  options.preconditioner = [&](const auto& r, auto z) { z.noalias() = inverse * r; };
  const Solution one = conjugate_gradient(a, b, options);
  CHECK(one.iterations == 1);
  CHECK(diagonal.iterations < plain.iterations / 2);
  CHECK(relative_error(diagonal.x, exact) < 1e-8);
  CHECK(relative_error(one.x, exact) < 1e-8);

  options.preconditioner = [](const auto& r, auto z) { z = -r; };
  CHECK_THROWS_AS(conjugate_gradient(a, b, options), std::invalid_argument);
}

TEST_CASE("CG refuses bad input in one line") {
  const DenseOperator a(MatrixXd::Identity(3, 3));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(conjugate_gradient(a, MatrixXd::Ones(2, 1)), std::invalid_argument);
  CHECK_THROWS_AS(conjugate_gradient(a, MatrixXd::Constant(3, 1, nan)), std::invalid_argument);
  CHECK_THROWS_AS(conjugate_gradient(a, MatrixXd::Ones(3, 1), {.tolerance = 0}),
                  std::invalid_argument);
  const DenseOperator broken(MatrixXd::Constant(3, 3, nan));
  CHECK_THROWS_AS(conjugate_gradient(broken, MatrixXd::Ones(3, 1)), std::invalid_argument);
}

}  // namespace leaveout
