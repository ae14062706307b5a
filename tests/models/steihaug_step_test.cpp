// SPDX-License-Identifier: MIT
#include "models/steihaug_step.h"

#include <doctest/doctest.h>

#include <cmath>

#include "datasets/random.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

CurvatureFunction products_of(const MatrixXd& h) {
  return [&h](const MatrixXd& v, MatrixXd& hv) { hv.noalias() = h * v; };
}

MatrixXd symmetric(const VectorXd& eigenvalues, Random& random) {
  const Eigen::Index n = eigenvalues.size();
  const MatrixXd q = random.normal_matrix(n, n).householderQr().householderQ();
  const MatrixXd h = q * eigenvalues.asDiagonal() * q.transpose();
  return 0.5 * (h + h.transpose());
}

double reduction(const MatrixXd& h, const VectorXd& g, const VectorXd& p) {
  return -(g.dot(p) + 0.5 * p.dot(h * p));
}

/// Of the best step along -g within the radius: what any trust-region method needs to converge.
double cauchy_reduction(const MatrixXd& h, const VectorXd& g, double radius) {
  const double ghg = g.dot(h * g), longest = radius / g.norm();
  const double t = ghg > 0 ? std::min(longest, g.squaredNorm() / ghg) : longest;
  return reduction(h, g, -t * g);
}

}  // namespace

TEST_CASE("on a positive definite model the full path is the linear solve, in at most P products") {
  Random random(1);
  for (int i = 0; i < 20; ++i) {
    const MatrixXd h = symmetric(VectorXd::LinSpaced(12, 0.5, 4), random);
    const VectorXd g = random.normal_matrix(12, 1), newton = -h.llt().solve(g);
    const TrustRegionStep step = steihaug_step(products_of(h), g, 1e9, 1e-13 * g.norm(), 14);
    CHECK(distance(step.p, newton) < 1e-12);
    CHECK(step.products <= 12 + 1);  // one for rounding
    CHECK_FALSE(step.on_boundary);
    CHECK(step.predicted == doctest::Approx(-0.5 * g.dot(newton)).epsilon(1e-12));
  }
}

TEST_CASE("three distinct eigenvalues take three products") {
  Random random(2);
  VectorXd eigenvalues(9);
  eigenvalues << 1, 1, 1, 2, 2, 2, 5, 5, 5;
  const MatrixXd h = symmetric(eigenvalues, random);
  const VectorXd g = random.normal_matrix(9, 1);
  CHECK(steihaug_step(products_of(h), g, 1e9, 1e-10 * g.norm(), 20).products == 3);
}

TEST_CASE("the path stops at the residual that was asked for, or at the last product allowed") {
  Random random(3);
  const MatrixXd h = symmetric(VectorXd::LinSpaced(30, 0.01, 4), random);
  const VectorXd g = random.normal_matrix(30, 1);
  const TrustRegionStep rough = steihaug_step(products_of(h), g, 1e9, 0.1 * g.norm(), 100);
  CHECK((h * rough.p + g).norm() <= 0.1 * g.norm());
  CHECK((h * rough.p + g).norm() > 1e-6 * g.norm());
  const TrustRegionStep cut = steihaug_step(products_of(h), g, 1e9, 1e-12, 4);
  CHECK(cut.products == 4);
  CHECK(cut.predicted == doctest::Approx(reduction(h, g, cut.p)).epsilon(1e-12));
}

TEST_CASE("definite or not, a step stays in the region and gains what the Cauchy point gains") {
  Random random(4);
  for (int i = 0; i < 400; ++i) {
    const Eigen::Index n = 1 + i % 7;
    const MatrixXd h = symmetric(random.normal_matrix(n, 1), random);
    const VectorXd g = random.normal_matrix(n, 1) * std::pow(10.0, random.uniform() * 6 - 4);
    const double radius = std::pow(10.0, random.uniform() * 5 - 3);
    const TrustRegionStep step = steihaug_step(products_of(h), g, radius, 1e-10 * g.norm(), n + 10);
    CHECK(step.p.norm() <= radius * (1 + 1e-12));
    CHECK(step.predicted == doctest::Approx(reduction(h, g, step.p)).epsilon(1e-9));
    CHECK(step.predicted >= cauchy_reduction(h, g, radius) * (1 - 1e-9));
    if (step.on_boundary) CHECK(step.p.norm() == doctest::Approx(radius).epsilon(1e-12));
  }
}

TEST_CASE("negative curvature is followed to the boundary, downhill") {
  const MatrixXd h = VectorXd{{1, -2}}.asDiagonal();
  const VectorXd g = VectorXd{{0.3, 0.1}};
  const TrustRegionStep step = steihaug_step(products_of(h), g, 5, 1e-12, 10);
  CHECK(step.on_boundary);
  CHECK(step.p(1) < -3.5);
  CHECK(step.predicted > 10);
}

TEST_CASE("the hard case: nothing along the lowest eigenvector is seen, examine_sign sees it") {
  const MatrixXd h = VectorXd{{3, 2, 1, -1}}.asDiagonal();
  VectorXd g = VectorXd::Ones(4);
  g(3) = 0;
  const TrustRegionStep step = steihaug_step(products_of(h), g, 100, 1e-12, 20);
  CHECK_FALSE(step.on_boundary);
  CHECK(step.p(3) == 0);
  const Definiteness sign = examine_sign(products_of(h), 4, 20);
  CHECK(sign.kind == Stationarity::saddle);
  CHECK(sign.negative == 1);
  CHECK(sign.smallest == doctest::Approx(-1).epsilon(1e-12));
  CHECK(std::abs(sign.lowest(3)) == doctest::Approx(1).epsilon(1e-12));
}

TEST_CASE("the sign of a matrix from its products") {
  Random random(5);
  for (const Eigen::Index n : {2, 5, 40, 200}) {
    CAPTURE(n);
    VectorXd e = VectorXd::LinSpaced(n, 1e-3, 3);
    const Definiteness minimum = examine_sign(products_of(symmetric(e, random)), n, 4 * n + 50);
    CHECK(minimum.kind == Stationarity::minimum);
    CHECK(minimum.negative == 0);
    e(0) = -1e-3;  // one small negative eigenvalue among positive ones
    const MatrixXd h = symmetric(e, random);
    const Definiteness saddle = examine_sign(products_of(h), n, 4 * n + 50);
    CHECK(saddle.kind == Stationarity::saddle);
    CHECK(saddle.negative == 1);
    CHECK(saddle.smallest < 0);
    CHECK(saddle.smallest >= -1e-3 - 1e-12);
    CHECK(saddle.lowest.dot(h * saddle.lowest) == doctest::Approx(saddle.smallest).epsilon(1e-9));
  }
  const MatrixXd zero = MatrixXd::Zero(6, 6);
  CHECK(examine_sign(products_of(zero), 6, 20).kind == Stationarity::degenerate);
  const MatrixXd singular = VectorXd{{1, 2, 0}}.asDiagonal();
  CHECK(examine_sign(products_of(singular), 3, 20).kind == Stationarity::degenerate);
}

TEST_CASE("what the products do not decide is not claimed") {
  Random random(6);
  const MatrixXd h = symmetric(VectorXd::LinSpaced(100, 1e-4, 3), random);
  const Definiteness sign = examine_sign(products_of(h), 100, 10);
  CHECK(sign.kind == Stationarity::not_examined);
  CHECK(sign.products == 10);
}
