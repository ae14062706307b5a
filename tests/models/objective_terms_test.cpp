// SPDX-License-Identifier: MIT
// The other two kinds of term, Bregman and quadratic, and the mini-batch gradients of all three.
#include <doctest/doctest.h>

#include <cmath>

#include "models/objective.h"
#include "tests/support/problems.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// Bregman terms at a centre, with tilts on two examples, damping and uneven weights.
Objective bregman_objective(const Problem& p, const VectorXd& centre) {
  Objective q = p.objective();
  q.term = ObjectiveTerm::bregman;
  q.weight_decay = 0;
  q.damping = 0.3;
  q.centre = centre;
  q.centre_outputs = outputs(p.model, p.train.inputs, centre);
  q.tilted = {2, 7};
  q.tilt = Random(21, {1}).normal_matrix(p.model.outputs(), 2);
  for (Index i = 0; i < q.size(); ++i) q.weights(i) *= 0.5 + 0.1 * static_cast<double>(i % 7);
  q.weights(2) = 0;
  return q;
}

Objective quadratic_objective(const Problem& p, const VectorXd& centre) {
  Objective q = p.objective();
  q.term = ObjectiveTerm::quadratic;
  q.weight_decay = 0;
  q.damping = 0.3;
  q.centre = centre;
  q.linear = p.anywhere(22, 0.2);
  for (Index i = 0; i < q.size(); ++i) q.weights(i) *= 0.5 + 0.1 * static_cast<double>(i % 7);
  return q;
}

/// KL(mean of a || mean of b) of a column of outputs, from the definition.
double divergence(LossKind loss, const VectorXd& a, const VectorXd& b) {
  if (loss == LossKind::half_squared_error) return 0.5 * (a - b).squaredNorm();
  const VectorXd p = means(loss, a), q = means(loss, b);
  double sum = 0;
  for (Index c = 0; c < p.size(); ++c) sum += p(c) * std::log(p(c) / q(c));
  if (loss == LossKind::binary_cross_entropy) sum += (1 - p(0)) * std::log((1 - p(0)) / (1 - q(0)));
  return sum;
}

/// The mean of the gradients of batches that cut 0..N-1 into equal pieces.
VectorXd mean_batch_gradient(const Objective& q, const VectorXd& theta, Index batch_size) {
  Evaluator evaluate(q);
  VectorXd g, sum = VectorXd::Zero(theta.size());
  const std::vector<Index> order = Random(23, {1}).permutation(q.size());
  REQUIRE(q.size() % batch_size == 0);
  for (Index begin = 0; begin < q.size(); begin += batch_size) {
    const std::vector<Index> batch(order.begin() + begin, order.begin() + begin + batch_size);
    evaluate.batch_gradient(theta, batch, g);
    sum += g;
  }
  return sum * (static_cast<double>(batch_size) / static_cast<double>(q.size()));
}

}  // namespace

TEST_CASE("the Bregman term is the divergence of the means, from centre to theta, plus the tilt") {
  for (const Problem& p : every_problem()) {
    CAPTURE(p.model.spec().name);
    const VectorXd centre = p.anywhere(1), theta = p.anywhere(2);
    const Objective q = bregman_objective(p, centre);
    const MatrixXd y = outputs(p.model, p.train.inputs, theta);
    double by_hand = 0.15 * (theta - centre).squaredNorm();
    for (Index i = 0; i < q.size(); ++i)
      by_hand += q.weights(i) * divergence(p.model.spec().loss, q.centre_outputs.col(i), y.col(i));
    by_hand += q.tilt.col(0).dot(y.col(2)) + q.tilt.col(1).dot(y.col(7));
    CHECK(Evaluator(q).value(theta) == doctest::Approx(by_hand).epsilon(1e-12));
  }
}

TEST_CASE("the Bregman term is the loss minus its tangent at the centre, whatever the label") {
  for (const Problem& p : every_problem()) {
    const VectorXd centre = p.anywhere(1), theta = p.anywhere(2);
    Objective q = bregman_objective(p, centre);
    q.damping = 0;
    q.tilted.clear();
    const MatrixXd y = outputs(p.model, p.train.inputs, theta);
    const MatrixXd residual = output_residuals(p.model, p.train, q.centre_outputs);  // (O x N)
    const VectorXd tangent =
        residual.cwiseProduct(y - q.centre_outputs).colwise().sum().transpose();  // (N)
    const VectorXd d = losses(p.model, p.train, theta) - losses(p.model, p.train, centre) - tangent;
    CHECK(Evaluator(q).value(theta) == doctest::Approx(q.weights.dot(d)).epsilon(1e-11));
  }
}

TEST_CASE("gradients of Bregman and quadratic objectives are the differences of their values") {
  for (const Problem& p : every_problem()) {
    const VectorXd centre = p.anywhere(3), theta = p.anywhere(4), v = p.anywhere(5, 1);
    for (const Objective& q : {bregman_objective(p, centre), quadratic_objective(p, centre)}) {
      Evaluator evaluate(q);
      const double h = 1e-5;
      VectorXd g, up, down;
      const double value = evaluate.gradient(theta, g);
      CHECK(evaluate.value(theta) == doctest::Approx(value).epsilon(1e-14));
      const double along =
          (evaluate.gradient(theta + h * v, up) - evaluate.gradient(theta - h * v, down)) / (2 * h);
      CHECK(g.dot(v) == doctest::Approx(along).epsilon(1e-7));
      const MatrixXd hessian = evaluate.curvature(theta, Curvature::full);
      CHECK(distance(hessian * v, (up - down) / (2 * h)) < 1e-7);
      MatrixXd hv;
      evaluate.curvature_product(theta, v, hv, Curvature::full);
      CHECK(distance(hv, hessian * v) < 1e-12);
    }
  }
}

TEST_CASE("the quadratic term is half of d'Gd with G at the centre, plus the linear term") {
  for (const Problem& p : every_problem()) {
    const VectorXd centre = p.anywhere(6), theta = p.anywhere(7), d = theta - centre;
    const Objective q = quadratic_objective(p, centre);
    Objective losses_only = p.objective();
    losses_only.weights = q.weights;
    losses_only.weight_decay = 0;
    const MatrixXd gn = Evaluator(losses_only).curvature(centre, Curvature::gauss_newton);
    Evaluator evaluate(q);
    VectorXd g;
    const double value = evaluate.gradient(theta, g);
    CHECK(value == doctest::Approx(0.5 * d.dot(gn * d) + q.linear.dot(d) + 0.15 * d.squaredNorm())
                       .epsilon(1e-12));
    CHECK(distance(g, gn * d + q.linear + 0.3 * d) < 1e-12);
    MatrixXd shifted = gn;
    shifted.diagonal().array() += 0.3;
    CHECK(distance(evaluate.curvature(theta, Curvature::full), shifted) < 1e-13);
  }
}

TEST_CASE("for squared error of a linear model the quadratic term is the Bregman term") {
  for (const Problem& p : {ridge_problem(), multiple_ridge_problem()}) {
    const VectorXd centre = p.anywhere(8), theta = p.anywhere(9);
    Objective bregman = bregman_objective(p, centre), quadratic = quadratic_objective(p, centre);
    bregman.tilted.clear();
    quadratic.linear.resize(0);
    quadratic.weights = bregman.weights;
    CHECK(Evaluator(bregman).value(theta) ==
          doctest::Approx(Evaluator(quadratic).value(theta)).epsilon(1e-13));
  }
}

TEST_CASE("the mean over equal batches is the full gradient, for every kind of term") {
  for (const Problem& p : every_problem()) {
    CAPTURE(p.model.spec().name);
    const VectorXd centre = p.anywhere(10), theta = p.anywhere(11);
    Objective damped = p.objective();
    damped.damping = 0.4;
    damped.centre = centre;
    damped.weights(5) = 0;
    for (const Objective& q :
         {damped, bregman_objective(p, centre), quadratic_objective(p, centre)}) {
      VectorXd full;
      Evaluator(q).gradient(theta, full);
      for (const Index batch_size : {Index{1}, Index{2}, q.size()})
        CHECK(distance(mean_batch_gradient(q, theta, batch_size), full) < 1e-12);
    }
  }
}

TEST_CASE("a batch is the mean over its places: weight zero keeps its place and its share of B") {
  const Problem p = ridge_problem();
  Objective q = p.objective();
  q.weights(1) = 0;
  const VectorXd theta = p.anywhere(12);
  const MatrixXd gradients = loss_gradients(p.model, p.train, theta);
  VectorXd g;
  Evaluator evaluate(q);
  evaluate.batch_gradient(theta, std::vector<Index>{0, 1, 2}, g);
  const VectorXd by_hand =
      (gradients.col(0) + gradients.col(2)) / 3 + p.weight_decay * theta;  // over 3, not 2
  CHECK(distance(g, by_hand) < 1e-13);
}

TEST_CASE("tilts enter every batch in full, whether or not the batch holds the example") {
  const Problem p = softmax_problem();
  const VectorXd centre = p.anywhere(13), theta = p.anywhere(14);
  const Objective tilted = bregman_objective(p, centre);
  Objective plain = tilted;
  plain.tilted.clear();
  VectorXd full, full_plain;
  Evaluator(tilted).gradient(theta, full);
  Evaluator(plain).gradient(theta, full_plain);
  const VectorXd tilt = full - full_plain;  // gradient of sum tilt' f
  REQUIRE(tilt.norm() > 0.1);
  Evaluator with(tilted), without(plain);
  for (const std::vector<Index>& batch :
       {std::vector<Index>{2, 7}, std::vector<Index>{0, 2, 4}, std::vector<Index>{9}}) {
    VectorXd a, b;
    with.batch_gradient(theta, batch, a);
    without.batch_gradient(theta, batch, b);
    CHECK(distance(a - b, tilt) < 1e-12);
  }
}

TEST_CASE("a batch gradient does not remember the batches before it") {
  const Problem p = tanh_classification_problem();
  const VectorXd theta = p.anywhere(15);
  const Objective q = bregman_objective(p, p.anywhere(16));
  VectorXd fresh, later;
  const std::vector<Index> batch = {1, 7, 4};
  Evaluator(q).batch_gradient(theta, batch, fresh);
  Evaluator evaluate(q);
  evaluate.batch_gradient(theta, all_examples(q.size()), later);
  evaluate.gradient(theta, later);
  evaluate.batch_gradient(theta, std::vector<Index>{2}, later);
  evaluate.batch_gradient(theta, batch, later);
  CHECK(later == fresh);
}
