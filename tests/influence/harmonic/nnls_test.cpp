// SPDX-License-Identifier: MIT
#include "influence/harmonic/nnls.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "datasets/random.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

TEST_CASE("non-negative least squares of hand-worked problems") {
  // Unconstrained (1, -1): the second unknown is held at zero, the first becomes 0.5.
  MatrixXd a(2, 2);
  a << 1, 1, 0, 1;
  VectorXd y(2);
  y << 0.5, -1;
  for (const VectorXd& z : {nnls_by_enumeration(a, y), nnls_lawson_hanson(a, y)}) {
    CHECK(z[0] == doctest::Approx(0.5).epsilon(1e-14));
    CHECK(z[1] == 0);
  }
  // All gradients point out of the feasible set.
  const VectorXd none = -VectorXd::Ones(2);
  CHECK(nnls(a, none).isZero(0));
  CHECK(nnls_lawson_hanson(a, none).isZero(0));
}

TEST_CASE("non-negative least squares: both methods are optimal and agree") {
  Random random(3);
  Index constrained = 0;
  for (Index unknowns = 1; unknowns <= 7; ++unknowns)
    for (Index trial = 0; trial < 40; ++trial) {
      const Index rows = unknowns + trial % 4;
      const MatrixXd a = random.normal_matrix(rows, unknowns);
      const VectorXd y = random.normal_matrix(rows, 1).col(0);
      const VectorXd e = nnls_by_enumeration(a, y), l = nnls_lawson_hanson(a, y);
      CHECK(e.minCoeff() >= 0);
      CHECK(nnls_kkt_residual(a, y, e) < 1e-12);
      CHECK(nnls_kkt_residual(a, y, l) < 1e-12);
      CHECK((e - l).norm() < 1e-9 * (1 + e.norm()));
      constrained += (e.array() == 0).count();
    }
  CHECK(constrained > 300);  // of 1120: the constraints act
}

TEST_CASE("non-negative least squares: where all unknowns come out positive it is least squares") {
  Random random(4);
  const MatrixXd a = random.normal_matrix(9, 4);
  VectorXd z(4);
  z << 0.3, 2, 1, 0.01;
  const VectorXd y = a * z;
  CHECK(distance(nnls(a, y), z) < 1e-12);
  CHECK(distance(nnls_lawson_hanson(a, y), z) < 1e-12);
}

TEST_CASE("non-negative least squares: equal columns still give an optimum") {
  Random random(5);
  MatrixXd a(6, 3);
  a << random.normal_matrix(6, 2), VectorXd::Zero(6);
  a.col(2) = a.col(0);
  const VectorXd y = a.col(0) + 0.5 * a.col(1);
  CHECK(nnls_kkt_residual(a, y, nnls_by_enumeration(a, y)) < 1e-12);
  CHECK(nnls_kkt_residual(a, y, nnls_lawson_hanson(a, y)) < 1e-12);
}

TEST_CASE("the optimality residual sees a negative unknown, a slope and a wrong sign") {
  const MatrixXd a = MatrixXd::Identity(2, 2);
  const VectorXd y = VectorXd::Ones(2);
  CHECK(nnls_kkt_residual(a, y, y) == 0);
  CHECK(nnls_kkt_residual(a, y, VectorXd::Zero(2)) == 1);
  CHECK(nnls_kkt_residual(a, y, 2 * y) == 1);
  CHECK(nnls_kkt_residual(a, y, -y) > 1e300);
  CHECK(nnls_kkt_residual(a, -y, VectorXd::Zero(2)) == 0);
}

TEST_CASE("non-negative least squares: shapes are checked") {
  CHECK_THROWS_AS(nnls(MatrixXd::Ones(3, 2), VectorXd::Ones(2)), std::invalid_argument);
  CHECK_THROWS_AS(nnls(MatrixXd(0, 0), VectorXd(0)), std::invalid_argument);
  CHECK_THROWS_AS(nnls_by_enumeration(MatrixXd::Ones(3, 17), VectorXd::Ones(3)),
                  std::invalid_argument);
}
