// SPDX-License-Identifier: MIT
#include "influence/solvers/solution.h"

#include <doctest/doctest.h>

#include <limits>
#include <stdexcept>

#include "tests/influence/solvers/matrices.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::Vector2d;
using Eigen::VectorXd;

TEST_CASE("the residual is |A x - b| / |b| per column, and |A x| where b = 0") {
  const DenseOperator a(Vector2d(2, 4).asDiagonal());
  const MatrixXd x = (MatrixXd(2, 3) << 1, 1, 3, 1, 0, 0).finished();
  const MatrixXd b = (MatrixXd(2, 3) << 2, 2, 0, 4, 1, 0).finished();
  const VectorXd residual = relative_residual(a, x, b);
  CHECK(residual(0) == 0);
  CHECK(residual(1) == doctest::Approx(1 / std::sqrt(5.0)).epsilon(1e-15));
  CHECK(residual(2) == 6);
}

TEST_CASE("the residual of a right-hand side whose squares underflow is still relative") {
  const DenseOperator a(Vector2d(1, 1).asDiagonal());
  const MatrixXd b = Vector2d(1e-170, 0);
  CHECK(relative_residual(a, 1.5 * b, b)(0) == doctest::Approx(0.5).epsilon(1e-12));
}

TEST_CASE("report_residual says converged exactly where every column is within the tolerance") {
  const DenseOperator a(Vector2d(1, 1).asDiagonal());
  const MatrixXd b = MatrixXd::Identity(2, 2);
  Solution s;
  s.x = b;
  s.x(0, 0) = 1.001;
  report_residual(a, b, 1e-2, s);
  CHECK(s.converged);
  report_residual(a, b, 1e-4, s);
  CHECK_FALSE(s.converged);
  s.x(0, 0) = std::numeric_limits<double>::quiet_NaN();
  report_residual(a, b, 1e-2, s);
  CHECK_FALSE(s.converged);
}

TEST_CASE("refinement lowers the residual of a rough inverse, and is dropped where it would not") {
  const DenseOperator a(with_spectrum(VectorXd::LinSpaced(10, 1, 2), 1));
  const MatrixXd inverse = a.dense().inverse();
  const MatrixXd b = Random(2).normal_matrix(10, 2);
  const auto rough = [&](const MatrixXd& v) { return MatrixXd(1.01 * inverse * v); };
  // Errors multiply: 0.01 becomes 0.01^2.
  CHECK(solve_refined(a, rough, b, 1).residual.maxCoeff() == doctest::Approx(1e-4).epsilon(1e-6));
  const auto wrong = [&](const MatrixXd& v) { return MatrixXd(-inverse * v); };
  // x = -inverse b has residual 2; refined it would have 4.
  CHECK(solve_refined(a, wrong, b, 1).residual.maxCoeff() == doctest::Approx(2).epsilon(1e-12));
}

TEST_CASE("a bad right-hand side or matrix is refused") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(check_right_hand_side("x", 3, MatrixXd::Ones(2, 1)), std::invalid_argument);
  CHECK_THROWS_AS(check_right_hand_side("x", 1, MatrixXd::Constant(1, 1, nan)),
                  std::invalid_argument);
  CHECK_NOTHROW(check_right_hand_side("x", 3, MatrixXd(3, 0)));
  CHECK_THROWS_AS(checked_dense("x", DenseOperator(MatrixXd(0, 0))), std::invalid_argument);
  CHECK_THROWS_AS(checked_dense("x", DenseOperator(MatrixXd::Constant(1, 1, nan))),
                  std::invalid_argument);
  const MatrixXd skew = (MatrixXd(2, 2) << 1, 0.5, 0.5001, 1).finished();
  CHECK_THROWS_WITH_AS(checked_dense("x", DenseOperator(skew)),
                       "[x] matrix (2 x 2) is not symmetric: entries differ by 0.0001, the largest "
                       "is 1",
                       std::invalid_argument);
}

TEST_CASE("an eigenvalue that is zero to rounding has other cures than a negative one") {
  CHECK(not_positive(5.852e-15, 1e-12) ==
        "5.852e-15, zero to rounding: raise damping or weight_decay");
  CHECK(not_positive(-5e-13, 1e-12) == "-5e-13, zero to rounding: raise damping or weight_decay");
  CHECK(not_positive(-5e-12, 1e-12) ==
        "-5e-12: raise damping by more than 5e-12, set curvature=gauss_newton, or solve with ldlt "
        "(exact_solver=ldlt, paper_solver=ldlt)");
}

}  // namespace leaveout
