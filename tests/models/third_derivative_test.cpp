// SPDX-License-Identifier: MIT
#include "models/third_derivative.h"

#include <doctest/doctest.h>

#include "tests/support/problems.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// The objective of the problem with every kind of term and weights that differ.
Objective objective_of(const Problem& p, ObjectiveTerm term) {
  Objective q = p.objective();
  q.weights(2) = -0.3;
  q.damping = 0.1;
  q.centre = p.anywhere(4);
  q.term = term;
  if (term == ObjectiveTerm::bregman) {
    q.centre_outputs = outputs(p.model, p.train.inputs, q.centre);
    q.tilted = {2, 5};
    q.tilt = Random(9).normal_matrix(p.model.outputs(), 2);
  }
  return q;
}

VectorXd product(const Objective& q, const VectorXd& theta, const VectorXd& v) {
  MatrixXd hv;
  Evaluator(q).curvature_product(theta, v, hv, Curvature::full);
  return hv.col(0);
}

}  // namespace

TEST_CASE("the third derivative of an objective is the slope of its Hessian product") {
  for (const Problem& p : every_problem())
    for (const ObjectiveTerm term : {ObjectiveTerm::loss, ObjectiveTerm::bregman}) {
      CAPTURE(p.model.spec().name);
      const Objective q = objective_of(p, term);
      const VectorXd theta = p.anywhere(1, 0.7), u = p.anywhere(2), v = p.anywhere(3);
      const double h = 1e-4;
      const VectorXd slope =
          (product(q, theta + h * u, v) - product(q, theta - h * u, v)) / (2 * h);
      const VectorXd exact = third_derivative(q, theta, u, v);
      CHECK((slope - exact).norm() < 1e-6 * (exact.norm() + product(q, theta, v).norm()));
    }
}

TEST_CASE("many third derivatives and the examples' Hessian products are those one by one") {
  for (const Problem& p : every_problem()) {
    CAPTURE(p.model.spec().name);
    const VectorXd theta = p.anywhere(1), u = p.anywhere(2), v = p.anywhere(3);
    for (const ObjectiveTerm term : {ObjectiveTerm::loss, ObjectiveTerm::bregman}) {
      const Objective q = objective_of(p, term);
      MatrixXd directions(theta.size(), 2);
      directions << v, u;
      const MatrixXd all = third_derivatives(q, theta, u, directions);
      CHECK((all.col(0) - third_derivative(q, theta, u, v)).norm() <= 1e-14 * all.norm());
      CHECK((all.col(1) - third_derivative(q, theta, u, u)).norm() <= 1e-14 * all.norm());
    }
    const MatrixXd products = loss_hessian_products(p.model, p.train, theta, v);
    for (const Index i : {Index(0), p.size() - 1}) {
      const Dataset one = take(p.train, {i});
      CHECK(distance(products.col(i), product(training_objective(p.model, one, 0), theta, v)) <
            1e-13);
    }
  }
}

TEST_CASE("a quadratic has no third derivative: ridge, and quadratic terms of anything") {
  const Problem ridge = ridge_problem();
  const VectorXd u = ridge.anywhere(2);
  CHECK(third_derivative(ridge.objective(), ridge.anywhere(1), u, u).norm() == 0);
  const Problem p = tanh_regression_problem();
  const Objective q = objective_of(p, ObjectiveTerm::quadratic);
  CHECK(third_derivative(q, p.anywhere(1), p.anywhere(2), p.anywhere(2)).norm() == 0);
}

TEST_CASE("outputs along a line have the slope and the bend of their differences") {
  for (const Problem& p : every_problem()) {
    CAPTURE(p.model.spec().name);
    const VectorXd theta = p.anywhere(1, 0.7), v = p.anywhere(2, 1);
    const auto at = [&](double s) {
      return outputs(p.model, p.train.inputs, theta + s * v);  // (O x N)
    };
    const OutputDerivatives f = output_derivatives(p.model, p.train.inputs, theta, v);
    const double h = 1e-3;
    const MatrixXd slope = (at(h) - at(-h)) / (2 * h);
    const MatrixXd bend = (at(h) - 2 * f.value + at(-h)) / (h * h);
    CHECK(distance(f.value, at(0)) < 1e-14);
    CHECK((f.first - slope).norm() < 1e-5 * (1 + f.first.norm()));
    CHECK((f.second - bend).norm() < 1e-5 * (1 + f.second.norm()));
    if (p.model.spec().hidden.empty()) CHECK(f.second.norm() == 0);
  }
}
