// SPDX-License-Identifier: MIT
#include "influence/curvature/ek_fac.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "tests/support/problems.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

MatrixXd gauss_newton(const Objective& q, const VectorXd& theta) {
  return Evaluator(q).curvature(theta, Curvature::gauss_newton);
}

double relative(const MatrixXd& got, const MatrixXd& expected) {
  return (got - expected).norm() / expected.norm();
}

}  // namespace

TEST_CASE("EK-FAC is the Gauss-Newton matrix of linear models with squared error") {
  for (const Problem& p : {ridge_problem(), multiple_ridge_problem()}) {
    Objective q = p.objective();
    q.weights(2) *= 3;
    q.damping = 0.1;
    q.centre = p.anywhere(2);
    CHECK(relative(EkFac(q, {p.anywhere(1)}).dense(), gauss_newton(q, p.anywhere(1))) < 1e-13);
  }
}

TEST_CASE("EK-FAC is the Gauss-Newton matrix of one example of a linear model, for every loss") {
  for (const Problem& p : {logistic_problem(), softmax_problem(), multiple_ridge_problem()}) {
    Objective q = p.objective();
    q.weights.setZero();
    q.weights(4) = 0.7;
    CHECK(relative(EkFac(q, {p.anywhere(1)}).dense(), gauss_newton(q, p.anywhere(1))) < 1e-13);
  }
}

TEST_CASE("EK-FAC's values are the diagonal of the mean Gauss-Newton matrix in its basis") {
  for (const Problem& p : every_problem()) {
    Objective q = p.objective();
    q.weights(2) *= 3;
    const VectorXd one = p.anywhere(1), other = p.anywhere(2);
    const EkFac ek(q, {one, other});
    const MatrixXd mean = 0.5 * (gauss_newton(q, one) + gauss_newton(q, other));
    const MatrixXd identity = MatrixXd::Identity(p.parameters(), p.parameters());
    const MatrixXd basis = ek.from_basis(identity);
    CHECK(relative(basis.transpose() * basis, identity) < 1e-13);
    CHECK(relative(ek.to_basis(basis), identity) < 1e-13);
    const MatrixXd turned = basis.transpose() * mean * basis;
    CHECK(relative(ek.values(), turned.diagonal()) < 1e-12);
    CHECK(ek.values().sum() == doctest::Approx(mean.trace()).epsilon(1e-12));
    CHECK(relative(ek.dense(), basis * ek.values().asDiagonal() * basis.transpose()) < 1e-13);
  }
}

TEST_CASE("in its own basis EK-FAC is nearer to the layers' blocks than a plain diagonal is") {
  const Problem p = tanh_classification_problem();
  const Objective q = p.objective();
  const MatrixXd g = gauss_newton(q, p.anywhere(1));
  const MatrixXd plain = g.diagonal().asDiagonal();
  CHECK((EkFac(q, {p.anywhere(1)}).dense() - g).norm() < 0.8 * (plain - g).norm());
}

TEST_CASE("EK-FAC refuses layers that are not dense, and no point at all") {
  const Problem p = ridge_problem();
  CHECK_THROWS_AS(EkFac(p.objective(), {}), std::invalid_argument);
  const Dataset blobs = make_blobs(12, 16, 2, 0.8, 3);
  ModelSpec spec = parse_model("mlp:4", blobs.task, 16, blobs.outputs());
  spec.layer_norm = true;
  const Model normed(spec);
  const Objective q = training_objective(normed, blobs, 0.1);
  CHECK_THROWS_AS(EkFac(q, {VectorXd::Zero(normed.parameter_count())}), std::invalid_argument);
}
