// SPDX-License-Identifier: MIT
#include "influence/trajectory/tracin.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "influence/trajectory/moso.h"
#include "influence/trajectory/unrolled.h"
#include "tests/influence/trajectory/recorded.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// Every step from where it starts: 0..T-1, what sums over the steps themselves look at.
Checkpoints starts_of_steps(const Recorded& r) {
  Checkpoints c;
  for (Index t = 0; t < r.log.steps(); ++t) c.steps.push_back(t);
  return c;
}

}  // namespace

TEST_CASE("TracIn on the line y = x is 4 (w - 1)^2 i^2 j^2, summed over checkpoints w") {
  // The loss here is half the squared error: each gradient is half, each product a quarter.
  ModelSpec spec = parse_model("linear", Task::regression, 1, 1);
  spec.bias = false;
  const Model model(spec);
  Dataset data = make_linear_regression(16, 1, 0, 1);
  for (Index i = 0; i < 16; ++i)
    data.inputs(0, i) = data.targets(0, i) = static_cast<double>(i + 1);
  const double w[] = {0.4379, 0.1653, 0.5132, 0.3651, 0.9992};
  TrainingLog log;  // written by hand: checkpoints and steps of rate one
  log.examples = 16;
  log.begins = {0};
  double sum = 0;
  for (const double at : w) {
    log.kept.push_back(initial_state(log.protocol, VectorXd::Constant(1, at)));
    log.begins.push_back(0);
    log.rates.push_back(1);
    sum += 4 * (at - 1) * (at - 1);
  }
  log.end = log.kept.back();
  const Objective objective = training_objective(model, data, 0);
  const Trajectory path{&objective, &log};
  const Checkpoints five{{0, 1, 2, 3, 4}};
  const Scores s = tracin_checkpoints(path, {model, data}, five).as(Normalisation::per_unit_weight);
  const VectorXd self = tracin_self_influence(path, five);
  for (Index i = 0; i < 16; ++i) {
    for (Index j = 0; j < 16; ++j) {
      const auto ij = static_cast<double>((i + 1) * (j + 1));
      CHECK(4 * s.values(i, j) == doctest::Approx(sum * ij * ij).epsilon(1e-12));
    }
    CHECK(self(i) == doctest::Approx(s.values(i, i) / 16).epsilon(1e-12));
  }
}

TEST_CASE("ideal TracIn telescopes: all examples together did what training did") {
  for (const OptimiserKind kind : {OptimiserKind::sgd, OptimiserKind::adam})
    for (const Index batch_size : {Index{1}, Index{9}}) {
      Protocol p = plain_sgd(batch_size, 0.03);
      p.optimiser = kind;
      Recorded r(tanh_classification_problem(), p);
      r.objective.weights(2) *= 1.5;
      r.record(p);
      const VectorXd all = tracin_ideal(r.path(), r.queries()).values.rowwise().sum();
      const VectorXd change = r.queries().values(r.start) - r.queries().values(r.log.end.theta);
      CHECK((all - change).norm() < 1e-13 * change.norm());
    }
}

TEST_CASE("with batches of one, ideal TracIn gives an example the changes of its own steps") {
  const Recorded r(tanh_regression_problem(), plain_sgd(1, 0.05, 3));
  const MatrixXd values = tracin_ideal(r.path(), r.queries()).values;
  Replay replay(r.objective, r.log);
  VectorXd expected = VectorXd::Zero(values.rows());
  for (Index t = 0; t < r.log.steps(); ++t)
    if (r.log.batch(t)[0] == 5)
      expected += r.queries().values(replay.theta(t)) - r.queries().values(replay.theta(t + 1));
  CHECK(relative_distance(values.col(5), expected) < 1e-14);
  // To first order in the rate the same.
  double previous = 0;
  for (const double rate : {4e-3, 2e-3}) {
    Problem problem = tanh_regression_problem();
    problem.weight_decay = 0;
    const Recorded slow(std::move(problem), plain_sgd(1, rate, 2));
    const MatrixXd ideal = tracin_ideal(slow.path(), slow.queries()).values;
    const MatrixXd first = tracin_first_order(slow.path(), slow.queries()).values;
    const double error = (ideal - first).norm();
    if (previous > 0) CHECK(previous / error == doctest::Approx(4).epsilon(0.1));
    CHECK(error < 0.1 * ideal.norm());
    previous = error;
  }
}

TEST_CASE(
    "first-order TracIn weighs by share and rate; with full batches checkpoints do the same") {
  Protocol p = cosine(plain_sgd(9));
  Recorded r(tanh_classification_problem(), p);
  r.objective.weights(2) *= 1.5;
  r.record(p);
  MatrixXd expected = MatrixXd::Zero(r.queries().count(), r.problem.size());
  Replay(r.objective, r.log).forward([&](const LoggedStep& s) {
    const MatrixXd g = loss_gradients(r.problem.model, r.problem.train, s.before.theta);
    const MatrixXd v = r.queries().gradients(s.before.theta);
    for (const Index i : s.batch)
      expected.col(i) += s.rate * r.path().share(i, static_cast<Index>(s.batch.size())) *
                         (v.transpose() * g.col(i));
  });
  CHECK(relative_distance(tracin_first_order(r.path(), r.queries()).values, expected) < 1e-13);
  p.batch_size = r.problem.size();
  r.record(p);
  Cost first, chosen;
  CHECK(relative_distance(
            tracin_checkpoints(r.path(), r.queries(), starts_of_steps(r), &chosen).values,
            tracin_first_order(r.path(), r.queries(), &first).values) < 1e-13);
  CHECK(first.differentiated == doctest::Approx(chosen.differentiated));
  CHECK(first.bytes == chosen.bytes);
  Checkpoints twice = starts_of_steps(r);
  twice.stands_for = 2;
  CHECK(relative_distance(tracin_checkpoints(r.path(), r.queries(), twice).values,
                          2 * tracin_first_order(r.path(), r.queries()).values) < 1e-13);
}

TEST_CASE("Grad-Dot and Grad-Cos are products of the last gradients, and of their directions") {
  const Recorded r(tanh_classification_problem(), plain_sgd(9));
  const VectorXd& theta = r.log.end.theta;
  const MatrixXd g = loss_gradients(r.problem.model, r.problem.train, theta);
  const MatrixXd v = r.queries().gradients(theta);
  const auto unit = Normalisation::per_unit_weight;
  CHECK(relative_distance(grad_dot(r.path(), r.queries()).as(unit).values, v.transpose() * g) <
        1e-13);
  const MatrixXd cosines = v.colwise().normalized().transpose() * g.colwise().normalized();
  CHECK(relative_distance(grad_cos(r.path(), r.queries()).as(unit).values, cosines) < 1e-13);
  // A query is its own nearest example.
  const QueryLosses train(r.problem.model, r.problem.train);
  const MatrixXd own = grad_cos(r.path(), train).as(unit).values;
  CHECK((own.diagonal().array() - 1).abs().maxCoeff() < 1e-13);
}

TEST_CASE("Grad-Cos is 0 for an example or a query without a gradient") {
  Problem p = tanh_regression_problem();
  const Protocol protocol = plain_sgd(9, 0.15, 2);
  // No weight: what the example's target is has no say in the training.
  Objective objective = p.objective();
  objective.weights(4) = 0;
  const VectorXd theta = train(objective, p.anywhere(1), protocol).theta;
  p.train.targets.col(4) = outputs(p.model, p.train.inputs, theta).col(4);
  p.query.targets.col(1) = outputs(p.model, p.query.inputs, theta).col(1);
  Recorded r(p, protocol);
  r.objective.weights(4) = 0;
  r.record(protocol);
  REQUIRE(loss_gradients(p.model, p.train, r.log.end.theta).col(4).isZero(0));
  r.objective.weights(4) = 1.0 / static_cast<double>(p.size());
  const MatrixXd values = grad_cos(r.path(), r.queries()).values;
  CHECK(values.allFinite());
  CHECK(values.col(4).isZero(0));
  CHECK(values.row(1).isZero(0));
  CHECK(values.cwiseAbs().maxCoeff() > 0);
}

TEST_CASE("a step of nobody's weight is nobody's in ideal TracIn") {
  const Problem p = softmax_problem();
  Recorded r(p, plain_sgd(1, 0.15, 2));
  r.objective.weights(3) = 0;  // batches of one: weight decay alone moves theta there
  r.record(plain_sgd(1, 0.15, 2));
  const MatrixXd values = tracin_ideal(r.path(), r.queries()).values;
  CHECK(values.allFinite());
  CHECK(values.col(3).isZero(0));
}

TEST_CASE("MoSo is TracIn with the others' risk as the query, and its squared form the formula") {
  const Recorded r(tanh_classification_problem(), plain_sgd(9));
  const Checkpoints c = choose_checkpoints(r.log.steps(), {Sampling::random, 4, 1});
  const QueryLosses risk(r.problem.model, r.problem.train, QueryLosses::As::mean);
  const auto n = static_cast<double>(r.problem.size());
  const MatrixXd whole = tracin_checkpoints(r.path(), risk, c).values;
  const VectorXd self = tracin_self_influence(r.path(), c);
  const Scores aligned = moso_scores(r.path(), c);
  CHECK(relative_distance(aligned.values, whole - self.transpose() / n) < 1e-13);
  CHECK(aligned.values.rows() == 1);
  MatrixXd expected = MatrixXd::Zero(1, r.problem.size());
  visit_checkpoints(r.path(), c, [&](const Checkpoint& at) {
    const MatrixXd g = loss_gradients(r.problem.model, r.problem.train, at.theta);
    const VectorXd mean = g.rowwise().mean();
    for (Index i = 0; i < g.cols(); ++i) {
      // |G|^2 - |((N-2) G - g) / (N-1)|^2, less what <G - g/N, g> lacks of <G, g>.
      const double shrunk = (((n - 2) * mean - g.col(i)) / (n - 1)).squaredNorm();
      const double lacks = (2 * n - 4) * g.col(i).squaredNorm() / (n * (n - 1) * (n - 1));
      expected(i) += c.stands_for * at.rate * (mean.squaredNorm() - shrunk - lacks);
    }
  });
  CHECK(relative_distance(moso_scores(r.path(), c, MosoForm::squared).values, expected) < 1e-12);
}

TEST_CASE("the sign of all of them is that of retraining") {
  const Recorded r(tanh_classification_problem(), plain_sgd(6, 0.05, 8));
  const QueryLosses mean = r.queries(QueryLosses::As::mean);
  Index i = 0;
  unrolled_scores(r.path(), mean).values.row(0).cwiseAbs().maxCoeff(&i);
  const double truth = r.change(mean, i)(0);
  const Checkpoints c = choose_checkpoints(r.log.steps(), {});
  CHECK(tracin_ideal(r.path(), mean).values(0, i) * truth > 0);
  const double first = tracin_first_order(r.path(), mean).values(0, i);
  CHECK(first == doctest::Approx(truth).epsilon(0.5));
  CHECK(tracin_checkpoints(r.path(), mean, c).values(0, i) * truth > 0);
  CHECK(grad_dot(r.path(), mean).values(0, i) * truth > 0);
  CHECK(grad_cos(r.path(), mean).values(0, i) * truth > 0);
  // Of its own loss, and of the risk of the others.
  const Dataset one = take(r.problem.train, {i});
  const double own = r.change({r.problem.model, one}, i)(0);
  CHECK(own * tracin_self_influence(r.path(), c)(i) > 0);
  const MatrixXd scores = moso_scores(r.path(), starts_of_steps(r)).values;
  Index kept = 0;
  scores.row(0).cwiseAbs().maxCoeff(&kept);
  std::vector<Index> others;
  for (Index j = 0; j < r.problem.size(); ++j)
    if (j != kept) others.push_back(j);
  const Dataset rest = take(r.problem.train, others);
  const double rises = r.change({r.problem.model, rest, QueryLosses::As::mean}, kept)(0);
  CHECK(scores(0, kept) == doctest::Approx(rises).epsilon(0.5));
}

TEST_CASE("who is never drawn, or has weight zero, has no influence by TracIn, bit for bit") {
  Recorded r(tanh_regression_problem(), plain_sgd(2));
  r.objective.weights(3) = 0;
  r.record(plain_sgd(2));
  const Checkpoints c = choose_checkpoints(r.log.steps(), {});
  CHECK(tracin_ideal(r.path(), r.queries()).values.col(3).isZero(0));
  CHECK(tracin_first_order(r.path(), r.queries()).values.col(3).isZero(0));
  CHECK(tracin_checkpoints(r.path(), r.queries(), c).values.col(3).isZero(0));
  CHECK(tracin_self_influence(r.path(), c)(3) == 0);
  CHECK(grad_dot(r.path(), r.queries()).values.col(3).isZero(0));
  CHECK(grad_cos(r.path(), r.queries()).values.col(3).isZero(0));
  for (const MosoForm form : {MosoForm::aligned, MosoForm::squared})
    CHECK(moso_scores(r.path(), c, form).values(0, 3) == 0);
  TrainingLog first = r.log;  // one step, of two examples
  first.rates.resize(1);
  first.begins.resize(2);
  const Trajectory path{&r.objective, &first};
  Index never = 0;
  while (never == first.order[0] || never == first.order[1] || never == 3) ++never;
  CHECK(tracin_ideal(path, r.queries()).values.col(never).isZero(0));
  CHECK(tracin_first_order(path, r.queries()).values.col(never).isZero(0));
  CHECK(tracin_first_order(path, r.queries()).values.norm() > 0);
}
