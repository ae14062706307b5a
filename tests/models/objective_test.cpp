// SPDX-License-Identifier: MIT
#include "models/objective.h"

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>
#include <string>

#include "tests/support/problems.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

struct Derivatives {
  double value;
  VectorXd gradient;  // (P)
  MatrixXd hessian;   // (P x P)
};

Derivatives derivatives(const Objective& q, const VectorXd& theta) {
  Evaluator evaluate(q);
  Derivatives d;
  d.value = evaluate.gradient(theta, d.gradient);
  CHECK(evaluate.value(theta) == doctest::Approx(d.value).epsilon(1e-15));
  d.hessian = evaluate.curvature(theta, Curvature::full);
  return d;
}

double sigmoid(double y) {
  return 1 / (1 + std::exp(-y));
}
VectorXd exponentials(const VectorXd& y) {
  return y.unaryExpr([](double value) { return std::exp(value); });
}

/// One example of a linear model: loss, its gradient in the outputs and its Hessian there.
struct OutputTerm {
  double loss;
  VectorXd residual;  // (O)
  MatrixXd variance;  // (O x O)
};

OutputTerm output_term(LossKind loss, const VectorXd& y, const VectorXd& t) {
  switch (loss) {
    case LossKind::half_squared_error:
      return {0.5 * (y - t).squaredNorm(), y - t, MatrixXd::Identity(y.size(), y.size())};
    case LossKind::cross_entropy: {
      const VectorXd e = exponentials(y), p = e / e.sum();
      const MatrixXd variance = MatrixXd(p.asDiagonal()) - p * p.transpose();
      return {std::log(e.sum()) - t.dot(y), p - t, variance};
    }
    default: {
      const double p = sigmoid(y(0));
      return {std::log1p(std::exp(y(0))) - t(0) * y(0),
              VectorXd::Constant(1, p - t(0)),
              MatrixXd::Constant(1, 1, p * (1 - p))};
    }
  }
}

/// The objective of a linear model by its textbook formula, example by example.
Derivatives closed_form(const Objective& q, const VectorXd& theta) {
  const MatrixXd x = extended(*q.data);
  const Index o = q.model->outputs(), p = theta.size();
  Derivatives d{0, VectorXd::Zero(p), MatrixXd::Zero(p, p)};
  for (Index i = 0; i < q.size(); ++i) {
    MatrixXd j = MatrixXd::Zero(o, p);  // dy / dtheta = x~' (x) I
    for (Index c = 0; c < x.rows(); ++c)
      j.middleCols(c * o, o) = x(c, i) * MatrixXd::Identity(o, o);
    const OutputTerm term = output_term(q.model->spec().loss, j * theta, q.data->targets.col(i));
    d.value += q.weights(i) * term.loss;
    d.gradient += q.weights(i) * j.transpose() * term.residual;
    d.hessian += q.weights(i) * j.transpose() * term.variance * j;
  }
  d.value += 0.5 * q.weight_decay * theta.squaredNorm();
  d.gradient += q.weight_decay * theta;
  d.hessian.diagonal().array() += q.weight_decay;
  if (q.damping != 0) {
    d.value += 0.5 * q.damping * (theta - q.centre).squaredNorm();
    d.gradient += q.damping * (theta - q.centre);
    d.hessian.diagonal().array() += q.damping;
  }
  return d;
}

std::vector<Problem> linear_problems() {
  std::vector<Problem> problems;
  problems.push_back(ridge_problem());
  problems.push_back(multiple_ridge_problem());
  problems.push_back(logistic_problem());
  problems.push_back(softmax_problem());
  return problems;
}

template <class Change>
std::string refusal(Change&& change) {
  const Problem p = ridge_problem();
  Objective q = p.objective();
  change(q);
  try {
    Evaluator evaluate(q);
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("ridge regression: half the mean squared error plus half the weight decay") {
  const Problem p = ridge_problem(10, 0.3);
  const VectorXd theta = p.anywhere(1);
  const VectorXd residual =
      extended(p.train).transpose() * theta - p.train.targets.transpose();  // (N)
  const double by_hand = residual.squaredNorm() / 20 + 0.15 * theta.squaredNorm();
  CHECK(Evaluator(p.objective()).value(theta) == doctest::Approx(by_hand).epsilon(1e-14));
}

TEST_CASE("value, gradient and Hessian of linear models are the textbook's") {
  for (const Problem& p : linear_problems()) {
    CAPTURE(loss_name(p.model.spec().loss));
    Objective q = p.objective();
    q.damping = 0.7;
    q.centre = p.anywhere(2);
    for (Index i = 0; i < q.size(); ++i) q.weights(i) *= 0.5 + 0.1 * static_cast<double>(i % 7);
    const VectorXd theta = p.anywhere(3);
    const Derivatives got = derivatives(q, theta), expected = closed_form(q, theta);
    CHECK(got.value == doctest::Approx(expected.value).epsilon(1e-14));
    CHECK(distance(got.gradient, expected.gradient) < 1e-13);
    CHECK(distance(got.hessian, expected.hessian) < 1e-13);
  }
}

TEST_CASE("weight zero drops an example and leaves the others at 1/N") {
  for (const Problem& p : every_problem()) {
    Objective q = p.objective();
    q.weights(3) = 0;
    std::vector<Index> rest = all_examples(q.size());
    rest.erase(rest.begin() + 3);
    const Dataset others = take(p.train, rest);
    Objective without = training_objective(p.model, others, p.weight_decay);
    without.weights.setConstant(1.0 / static_cast<double>(q.size()));
    const VectorXd theta = p.anywhere(4);
    const Derivatives a = derivatives(q, theta), b = derivatives(without, theta);
    CHECK(a.value == doctest::Approx(b.value).epsilon(1e-14));
    CHECK(distance(a.gradient, b.gradient) < 1e-13);
    CHECK(distance(a.hessian, b.hessian) < 1e-13);
  }
}

TEST_CASE("gradients and Hessians of networks are the differences of what they differentiate") {
  for (const Problem& p : every_problem()) {
    Objective q = p.objective();
    q.damping = 0.2;
    q.centre = p.anywhere(5);
    const VectorXd theta = p.anywhere(6), v = p.anywhere(7, 1);
    const double h = 1e-5;
    Evaluator evaluate(q);
    VectorXd g, up, down;
    evaluate.gradient(theta, g);
    const double along = (evaluate.gradient(theta + h * v, up) -  // also fills up and down
                          evaluate.gradient(theta - h * v, down)) /
                         (2 * h);
    CHECK(g.dot(v) == doctest::Approx(along).epsilon(1e-7));
    MatrixXd hv;
    evaluate.curvature_product(theta, v, hv, Curvature::full);
    CHECK(distance(hv, (up - down) / (2 * h)) < 1e-7);
    CHECK(distance(evaluate.curvature(theta, Curvature::full) * v, hv) < 1e-12);
    evaluate.curvature_product(theta, v, hv, Curvature::gauss_newton);
    CHECK(distance(evaluate.curvature(theta, Curvature::gauss_newton) * v, hv) < 1e-12);
  }
}

TEST_CASE("Hessian and Gauss-Newton matrix agree for linear models and not for networks") {
  for (const Problem& p : every_problem()) {
    Evaluator evaluate(p.objective());
    const VectorXd theta = p.anywhere(8);
    const double difference = distance(evaluate.curvature(theta, Curvature::gauss_newton),
                                       evaluate.curvature(theta, Curvature::full));
    CAPTURE(p.model.spec().name);
    if (p.model.spec().hidden.empty())
      CHECK(difference < 1e-13);
    else
      CHECK(difference > 0.05);
  }
}

TEST_CASE("outputs, losses, residuals and loss gradients of linear models are the textbook's") {
  for (const Problem& p : linear_problems()) {
    const VectorXd theta = p.anywhere(9);
    const Index o = p.model.outputs();
    const MatrixXd x = extended(p.train);
    const MatrixXd w = Eigen::Map<const MatrixXd>(theta.data(), o, x.rows());  // [W b]
    const MatrixXd y = outputs(p.model, p.train.inputs, theta);
    CHECK(distance(y, w * x) < 1e-14);
    const VectorXd l = losses(p.model, p.train, theta);
    const MatrixXd r = output_residuals(p.model, p.train, y);
    const MatrixXd g = loss_gradients(p.model, p.train, theta);
    REQUIRE(g.cols() == p.size());
    for (Index i = 0; i < p.size(); ++i) {
      const OutputTerm term = output_term(p.model.spec().loss, y.col(i), p.train.targets.col(i));
      CHECK(l(i) == doctest::Approx(term.loss).epsilon(1e-13));
      CHECK(distance(r.col(i), term.residual) < 1e-13);
      const MatrixXd outer = term.residual * x.col(i).transpose();  // (O x features + 1)
      CHECK(distance(g.col(i), outer.reshaped()) < 1e-13);
    }
  }
}

TEST_CASE("the gradient of the objective is the weighted sum of loss gradients, plus decay") {
  for (const Problem& p : every_problem()) {
    const Objective q = p.objective();
    const VectorXd theta = p.anywhere(10);
    const MatrixXd g = loss_gradients(p.model, p.train, theta);
    const VectorXd sum = g.rowwise().mean() + p.weight_decay * theta;
    CHECK(distance(derivatives(q, theta).gradient, sum) < 1e-13);
    const double value =
        losses(p.model, p.train, theta).mean() + 0.5 * p.weight_decay * theta.squaredNorm();
    CHECK(derivatives(q, theta).value == doctest::Approx(value).epsilon(1e-14));
  }
}

TEST_CASE("the tile size decides the last bits and nothing else") {
  for (const Problem& p : every_problem()) {
    const Objective q = p.objective();
    const VectorXd theta = p.anywhere(11);
    VectorXd whole, tiled;
    Evaluator large(q), small(q, 5);
    CHECK(large.gradient(theta, whole) ==
          doctest::Approx(small.gradient(theta, tiled)).epsilon(1e-14));
    CHECK(distance(tiled, whole) < 1e-13);
  }
}

TEST_CASE("an objective of wrong shape is refused, with what was expected") {
  CHECK(refusal([](Objective&) {}) == "accepted");
  CHECK(refusal([](Objective& q) { q.weights.resize(3); }) ==
        "[objective] weights, expected 24, got 3");
  CHECK(refusal([](Objective& q) { q.damping = 1; }) ==
        "[objective] centre, expected 5 numbers, got 0");
  CHECK(refusal([](Objective& q) { q.term = ObjectiveTerm::quadratic; }) ==
        "[objective] centre, expected 5 numbers, got 0");
  CHECK(refusal([](Objective& q) {
          q.term = ObjectiveTerm::bregman;
          q.centre.setZero(5);
        }).starts_with("[objective] centre outputs"));
  CHECK(refusal([](Objective& q) { q.tilted = {0}; }).starts_with("[objective] tilt"));
  CHECK(refusal([](Objective& q) { q.linear.setZero(5); }).starts_with("[objective] linear"));
  static const Dataset narrow = make_linear_regression(24, 3, 1.0, 1);
  CHECK(refusal([](Objective& q) { q.data = &narrow; }) ==
        "[objective] inputs, expected 4 features, got 3");
}
