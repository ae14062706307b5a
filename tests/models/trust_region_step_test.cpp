// SPDX-License-Identifier: MIT
// The trust-region step against a brute-force solution from the eigendecomposition.
#include "models/trust_region_step.h"

#include <doctest/doctest.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>

#include "datasets/random.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr double kSlack = 0.1;  // how far from the boundary a step may end

/// The largest reduction -(g'p + p'Hp/2) over |p| <= radius, by bisection on the multiplier.
double best_reduction(const MatrixXd& h, const VectorXd& g, double radius) {
  const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(h);
  const VectorXd e = eigen.eigenvalues();
  const VectorXd c = eigen.eigenvectors().transpose() * g;
  const double scale = std::max(e.cwiseAbs().maxCoeff(), 1e-300);
  const double tiny = 1e-13 * scale;
  // p(mu), leaving out directions that are singular at mu: in the hard case g has nothing there.
  const auto step = [&](double mu) {
    VectorXd p(e.size());
    for (Index i = 0; i < e.size(); ++i) {
      const bool singular = e(i) + mu <= tiny;
      p(i) = singular ? 0 : -c(i) / (e(i) + mu);
    }
    return p;
  };
  const auto reduction = [&](const VectorXd& p) {
    return -(c.dot(p) + 0.5 * p.dot(e.cwiseProduct(p)));
  };
  if (e(0) > tiny && step(0).norm() <= radius) return reduction(step(0));
  double low = std::max(0.0, -e(0)), high = low + c.norm() / radius + scale;
  const bool hard = std::abs(c(0)) <= 1e-12 * c.norm() && step(low).norm() <= radius;
  if (hard || c.norm() == 0) {
    VectorXd p = c.norm() == 0 ? VectorXd::Zero(e.size()).eval() : step(low);
    if (e(0) < 0) p(0) += std::sqrt(std::max(0.0, radius * radius - p.squaredNorm()));
    return reduction(p);
  }
  for (int i = 0; i < 200; ++i) {
    const double mu = 0.5 * (low + high);
    (step(mu).norm() > radius ? low : high) = mu;
  }
  return reduction(step(high));
}

/// The laws of a step, whatever the case.
void check_step(const MatrixXd& h, const VectorXd& g, double radius) {
  CAPTURE(h);
  CAPTURE(g.transpose());
  CAPTURE(radius);
  const TrustRegionStep step = trust_region_step(h, g, radius);
  CHECK(step.p.norm() <= (1 + kSlack) * radius * (1 + 1e-9));
  CHECK(step.mu >= 0);
  const double reduction = -(g.dot(step.p) + 0.5 * step.p.dot(h * step.p));
  CHECK(step.predicted == doctest::Approx(reduction).epsilon(1e-9));
  // Moré and Sorensen, lemmas 3.4 and 3.13: (1 - slack)^2 of the best is certain.
  CHECK(step.predicted >= (1 - kSlack) * (1 - kSlack) * best_reduction(h, g, radius) * (1 - 1e-9));
  if (!step.on_boundary) CHECK(step.mu == 0);
}

MatrixXd symmetric(const VectorXd& eigenvalues, Random& random) {
  const Index n = eigenvalues.size();
  const MatrixXd q = random.normal_matrix(n, n).householderQr().householderQ();
  const MatrixXd h = q * eigenvalues.asDiagonal() * q.transpose();
  return 0.5 * (h + h.transpose());
}

}  // namespace

TEST_CASE("inside the region the step is Newton's") {
  Random random(1);
  for (int i = 0; i < 20; ++i) {
    const MatrixXd h = symmetric(VectorXd::LinSpaced(5, 0.5, 4), random);
    const VectorXd g = random.normal_matrix(5, 1);
    const VectorXd newton = -h.llt().solve(g);
    const TrustRegionStep step = trust_region_step(h, g, newton.norm() * 1.01);
    CHECK(distance(step.p, newton) < 1e-13);
    CHECK_FALSE(step.on_boundary);
    CHECK(step.mu == 0);
    CHECK(step.predicted == doctest::Approx(-0.5 * g.dot(newton)).epsilon(1e-12));
  }
}

TEST_CASE("on the boundary the multiplier belongs to the step: (H + mu I) p = -g") {
  Random random(2);
  for (int i = 0; i < 20; ++i) {
    const MatrixXd h = symmetric(random.normal_matrix(6, 1), random);
    const VectorXd g = random.normal_matrix(6, 1);
    const TrustRegionStep step = trust_region_step(h, g, 0.3);
    REQUIRE(step.on_boundary);
    CHECK(distance(-(h * step.p + step.mu * step.p), g) < 1e-10);
    CHECK(std::abs(step.p.norm() / 0.3 - 1) <= kSlack);
  }
}

TEST_CASE("definite and indefinite models of all sizes come within the slack of the best") {
  Random random(3);
  for (int i = 0; i < 400; ++i) {
    const Index n = 1 + i % 7;
    const VectorXd eigenvalues =
        random.normal_matrix(n, 1) * std::pow(10.0, random.uniform() * 4 - 2);
    const MatrixXd h = symmetric(eigenvalues, random);
    const VectorXd g = random.normal_matrix(n, 1) * std::pow(10.0, random.uniform() * 6 - 4);
    check_step(h, g, std::pow(10.0, random.uniform() * 5 - 3));
  }
}

TEST_CASE("the hard case: nothing of g along the lowest eigenvector") {
  Random random(4);
  for (int i = 0; i < 200; ++i) {
    const Index n = 2 + i % 5;
    VectorXd eigenvalues = random.normal_matrix(n, 1);
    eigenvalues(0) = eigenvalues.minCoeff() - 0.5 - random.uniform();
    if (eigenvalues(0) > -0.1) eigenvalues(0) = -0.1;
    // In its own axes, so that the component is exactly zero; then nearly zero, and turned.
    const MatrixXd diagonal = eigenvalues.asDiagonal();
    VectorXd g = random.normal_matrix(n, 1);
    g(0) = 0;
    const double radius = std::pow(10.0, random.uniform() * 4 - 1);
    check_step(diagonal, g, radius);
    check_step(diagonal, 1e-9 * g, radius);
    const MatrixXd q = random.normal_matrix(n, n).householderQr().householderQ();
    const MatrixXd turned = q * diagonal * q.transpose();
    check_step(0.5 * (turned + turned.transpose()), q * g, radius);
  }
}

TEST_CASE("with g = 0 the step follows the lowest eigenvector to the boundary") {
  Random random(5);
  for (int i = 0; i < 100; ++i) {
    const Index n = 2 + i % 5;
    VectorXd eigenvalues = random.normal_matrix(n, 1);
    eigenvalues(0) = -0.2 - random.uniform();
    check_step(symmetric(eigenvalues, random), VectorXd::Zero(n), 0.5);
  }
  // Gershgorin's bound is attained by these: the smallest multiplier is the largest allowed.
  const MatrixXd swap = (MatrixXd(2, 2) << 0, 1, 1, 0).finished();
  const MatrixXd saddle = (MatrixXd(2, 2) << 0.01, -3, -3, 0.01).finished();
  MatrixXd four = MatrixXd::Zero(4, 4);
  four(0, 2) = four(2, 0) = 2;
  four(1, 3) = four(3, 1) = -1;
  for (const double radius : {1e-3, 1.0, 1e3}) {
    check_step(swap, VectorXd::Zero(2), radius);
    check_step(saddle, VectorXd::Zero(2), radius);
    check_step(four, VectorXd::Zero(4), radius);
    check_step(-MatrixXd::Identity(3, 3), VectorXd::Zero(3), radius);
    check_step(swap, VectorXd::Constant(2, 1e-12), radius);
  }
}

TEST_CASE("singular models: no step into directions that gain nothing") {
  const MatrixXd h = VectorXd{{2, 0, 0}}.asDiagonal();
  const VectorXd g = VectorXd{{1, 0, 0}};
  for (const double radius : {0.1, 1.0, 10.0}) check_step(h, g, radius);
  check_step(h, VectorXd{{1, 1e-3, 0}}, 1.0);
  CHECK(trust_region_step(MatrixXd::Zero(2, 2), VectorXd::Zero(2), 1.0).predicted == 0);
  check_step(MatrixXd::Zero(2, 2), VectorXd{{3, 4}}, 1.0);
}
