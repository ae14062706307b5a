// SPDX-License-Identifier: MIT
// Representer points: the sum over the training set is the output, and each part is a first-order
// removal with 2 lambda I as the curvature.
#include "influence/memorization/representer_points.h"

#include <doctest/doctest.h>

#include "tests/support/leave_one_out.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

MatrixXd summed(const std::vector<MatrixXd>& values) {
  MatrixXd sums(static_cast<Index>(values.size()), values.front().rows());
  for (Index c = 0; c < sums.rows(); ++c)
    sums.row(c) = values[static_cast<std::size_t>(c)].rowwise().sum();
  return sums;
}

/// Output c of each query, (query), per unit of w, times steps (C d' x N): (query x N).
MatrixXd output_changes(const MatrixXd& steps, const MatrixXd& phi, Index outputs, Index c) {
  MatrixXd changes(phi.cols(), steps.cols());
  for (Index i = 0; i < steps.cols(); ++i) {
    const MatrixXd w = steps.col(i).reshaped(outputs, phi.rows());
    changes.col(i) = (w * phi).row(c);
  }
  return changes;
}

}  // namespace

TEST_CASE("representer points: summed over the training set they are the outputs") {
  for (const Problem& p : every_problem())
    for (const auto targets : {RepresenterTargets::network_outputs, RepresenterTargets::labels}) {
      const VectorXd theta = p.anywhere(2);
      const RepresenterPoints points =
          representer_points(p.model, p.train, theta, {.lambda = 0.01, .targets = targets});
      CHECK(points.head.converged);
      VectorXd trained = theta;
      trained.tail(points.head.theta.size()) = points.head.theta;
      const MatrixXd phi = head_examples(p.model, p.query, theta).features;
      const MatrixXd y = outputs(p.model, p.query.inputs, trained);
      CHECK(distance(points.outputs(phi), y) < 1e-6);
      CHECK(distance(summed(points.values(phi)), y) < 1e-6);
      CHECK(points.values(phi).size() == static_cast<std::size_t>(p.model.outputs()));
    }
}

TEST_CASE("representer points: the head is the minimum of mean loss + lambda |W|^2") {
  const Problem p = multiple_ridge_problem();
  const RepresenterPoints points = representer_points(
      p.model, p.train, p.anywhere(1), {.lambda = 0.1, .targets = RepresenterTargets::labels});
  const MatrixXd x = extended(p.train);
  MatrixXd a = x * x.transpose() / static_cast<double>(p.size());
  a.diagonal().array() += 0.2;
  const MatrixXd w =
      a.llt().solve(x * p.train.targets.transpose()).transpose() / static_cast<double>(p.size());
  CHECK(distance(points.head.theta, w.reshaped()) < 1e-12);
}

TEST_CASE("representer points: the network's own outputs are the targets unless labels are asked") {
  const Problem p = tanh_classification_problem();
  const VectorXd theta = p.anywhere(2, 2);
  const RepresenterPoints own = representer_points(p.model, p.train, theta, {.lambda = 1e-5});
  const MatrixXd y = outputs(p.model, p.train.inputs, theta);
  const MatrixXd mean = means(LossKind::cross_entropy, y);
  CHECK((means(LossKind::cross_entropy, own.outputs(own.features)) - mean).cwiseAbs().maxCoeff() <
        0.01);
  const RepresenterPoints labels = representer_points(
      p.model, p.train, theta, {.lambda = 1e-5, .targets = RepresenterTargets::labels});
  CHECK(
      (means(LossKind::cross_entropy, labels.outputs(own.features)) - mean).cwiseAbs().maxCoeff() >
      0.1);
}

TEST_CASE("representer points are minus the head's output influence with 2 lambda I for A") {
  for (const Problem& p : {softmax_problem(), logistic_problem(), tanh_classification_problem()}) {
    const double lambda = 0.02;
    const RepresenterPoints points = representer_points(
        p.model, p.train, p.anywhere(2), {.lambda = lambda, .targets = RepresenterTargets::labels});
    const HeadExamples query = head_examples(p.model, p.query, p.anywhere(2));
    VectorXd trained = p.anywhere(2);
    trained.tail(points.head.theta.size()) = points.head.theta;
    const HeadExamples train = head_examples(p.model, p.train, trained);
    const MatrixXd steps =
        head_gradients(train) / (2 * lambda * static_cast<double>(p.size()));  // of removals
    const std::vector<MatrixXd> values = points.values(query.features);
    for (Index c = 0; c < p.model.outputs(); ++c)
      CHECK(distance(values[static_cast<std::size_t>(c)],
                     -output_changes(steps, query.features, p.model.outputs(), c)) < 1e-11);
    for (Index i = 0; i < p.size(); ++i) {
      const Index own = p.model.outputs() == 1 ? 0 : p.train.label(i);
      CHECK(points.importance(i) == std::abs(points.alpha(own, i)));
    }
    CHECK(points.importance.minCoeff() > 0);
    // An example raises the output of its own class, and lowers that of the others.
    for (Index i = 0; p.model.outputs() > 1 && i < p.size(); ++i)
      for (Index c = 0; c < p.model.outputs(); ++c)
        CHECK((points.alpha(c, i) > 0) == (c == p.train.label(i)));
  }
}

TEST_CASE("local Jacobian expansion: the parts sum to the head after one Newton step") {
  for (const Problem& p : every_problem())
    for (const double damping : {0.0, 0.2}) {
      const VectorXd theta = p.anywhere(3);
      const MatrixXd parts = jacobian_expansion(p.model, p.train, theta, p.weight_decay, damping);
      const HeadProblem head = head_problem(p.model, p.train, theta);
      VectorXd g;
      Evaluator(head.objective(p.weight_decay)).gradient(head.w, g);
      const MatrixXd a = head_curvature(head, p.weight_decay, damping);
      const VectorXd stepped = head.w - a.llt().solve(g);
      CHECK(distance(parts.rowwise().sum(), stepped) < 1e-11);
      const MatrixXd phi = head_examples(p.model, p.query, theta).features;
      const MatrixXd y = stepped.reshaped(p.model.outputs(), phi.rows()) * phi;
      CHECK(distance(summed(expansion_values(parts, phi)), y) < 1e-11);
    }
}

TEST_CASE("local Jacobian expansion: two examples differ by their head influence on the output") {
  const Problem p = tanh_classification_problem();
  const VectorXd theta = p.optimum();
  const MatrixXd parts = jacobian_expansion(p.model, p.train, theta, p.weight_decay);
  const HeadExamples train = head_examples(p.model, p.train, theta);
  const HeadExamples query = head_examples(p.model, p.query, theta);
  const MatrixXd a = head_curvature(head_problem(p.model, p.train, theta), p.weight_decay, 0);
  const MatrixXd steps = a.llt().solve(head_gradients(train)) / static_cast<double>(p.size());
  const std::vector<MatrixXd> values = expansion_values(parts, query.features);
  CHECK(distance(summed(values), query.outputs) < 1e-8);  // the optimum is where a step stays
  for (Index c = 0; c < 3; ++c) {
    const MatrixXd removal = output_changes(steps, query.features, 3, c);
    const MatrixXd& v = values[static_cast<std::size_t>(c)];
    for (Index i = 1; i < p.size(); ++i)
      CHECK(distance(v.col(i) - v.col(0), removal.col(0) - removal.col(i)) < 1e-9);
  }
}

TEST_CASE("representer points: a lambda that is not positive is refused") {
  const Problem p = softmax_problem();
  for (const double lambda : {0.0, -1.0, std::nan("")})
    CHECK_THROWS_AS(representer_points(p.model, p.train, p.anywhere(1), {.lambda = lambda}),
                    std::invalid_argument);
  CHECK_THROWS_AS(expansion_values(MatrixXd::Zero(12, 2), MatrixXd::Zero(5, 2)),
                  std::invalid_argument);
}
