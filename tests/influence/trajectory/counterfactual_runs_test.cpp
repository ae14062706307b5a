// SPDX-License-Identifier: MIT
#include "influence/trajectory/counterfactual_runs.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "influence/trajectory/unrolled.h"
#include "tests/influence/trajectory/recorded.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

TEST_CASE("a counterfactual training is the trainer's own, with the group's weight at zero") {
  const Problem p = tanh_classification_problem();
  for (const OptimiserKind kind : kRules) {
    const Recorded r(p, short_protocol(kind, 9));
    const CounterfactualRuns runs = counterfactual_runs(r.path(), {{4}, {2, 7}});
    Objective q = r.objective;
    q.weights(2) = q.weights(7) = 0;
    CHECK(runs.theta.col(1) == train(q, r.start, r.log.protocol).theta);
    CHECK(runs.base == r.log.end.theta);
    const QueryLosses queries(p.model, p.query);
    const Scores scores = counterfactual_scores(r.path(), runs, queries);
    CHECK(scores.train[1] == Group{2, 7});
    CHECK(scores.values.col(0) ==
          queries.values(r.log.end.theta + runs.delta().col(0)) - queries.values(runs.base));
    const VectorXd before = losses(p.model, p.train, runs.base);
    const VectorXd after = losses(p.model, p.train, runs.theta.col(1));
    const double own = (after(2) + after(7) - before(2) - before(7)) / 2;
    CHECK(own_loss_changes(r.path(), runs)(1) == doctest::Approx(own).epsilon(1e-12));
    CHECK(own_loss_changes(r.path(), runs)(0) > 0);
  }
}

TEST_CASE("the trajectory without a group ends where its training does, and is linear in ridge") {
  for (const OptimiserKind kind : kRules) {
    const Problem p = ridge_problem();
    const Recorded r(p, short_protocol(kind, 9));
    std::vector<VectorXd> linear;
    UnrollOptions own;
    own.without_own_curvature = true;
    removal_tangents(r.path(), {{4}}, own, [&](Index, const MatrixXd& u) { linear.push_back(u); });
    Index steps = 0;
    VectorXd last;
    walk_counterfactual(r.path(), {4}, [&](Index done, const VectorXd& delta) {
      CHECK(done == ++steps);
      last = delta;
      const VectorXd& u = linear[static_cast<std::size_t>(done - 1)];
      if (kind != OptimiserKind::adam) CHECK((delta - u).norm() <= 1e-12 * (u.norm() + 1e-3));
    });
    CHECK(steps == r.path().steps());
    CHECK(last == counterfactual_runs(r.path(), {{4}}).delta().col(0));
  }
}

TEST_CASE("a point that is never drawn, or a group of nobody, changes nothing, bit for bit") {
  const Problem p = tanh_regression_problem();
  Objective weightless = p.objective();
  weightless.weights(3) = 0;
  const Protocol protocol = short_protocol(OptimiserKind::adam, 5, 2);
  const TrainingLog log = record_training(weightless, p.anywhere(1), protocol);
  const Trajectory path{&weightless, &log};
  CHECK(counterfactual_runs(path, {{3}, {}}).delta().isZero(0));
  // The first step alone: who is not in its batch was never drawn.
  TrainingLog first = record_training(weightless, p.anywhere(1), protocol);
  first.rates.resize(1);
  first.begins.resize(2);
  Index never = 0;
  while (std::find(first.order.begin(), first.order.begin() + 5, never) != first.order.begin() + 5)
    ++never;
  const Trajectory one{&weightless, &first};
  const MatrixXd theta =
      counterfactual_runs(one, {{never}, {}}, {}, BatchRemoval::renormalise).theta;
  CHECK(theta.col(0) == theta.col(1));
  CHECK(theta.col(0) == Replay(weightless, log).theta(1));
}

TEST_CASE("renormalised removal is zero weight with b / (b - 1) for the others of the batch") {
  const Problem p = tanh_regression_problem();
  // Full batch: every step holds the example.
  const Recorded r(p, short_protocol(OptimiserKind::nesterov, p.size(), 20));
  Objective q = r.objective;
  const double n = static_cast<double>(p.size());
  q.weights *= n / (n - 2);
  q.weights(1) = q.weights(6) = 0;
  const VectorXd expected = train(q, r.start, r.log.protocol).theta;
  const auto runs = counterfactual_runs(r.path(), {{1, 6}}, {}, BatchRemoval::renormalise);
  CHECK(relative_distance(runs.theta, expected) < 1e-13);
  CHECK(relative_distance(runs.delta(), counterfactual_runs(r.path(), {{1, 6}}).delta()) > 1e-2);
  // Mini-batches, by hand: 1 / (b - 1) in the steps that hold the example, 1 / b in the others.
  const Recorded s(p, short_protocol(OptimiserKind::sgd, 5));
  VectorXd theta = s.start;
  for (Index t = 0; t < s.log.steps(); ++t) {
    std::vector<Index> left;
    for (const Index i : s.log.batch(t))
      if (i != 3) left.push_back(i);
    const MatrixXd g = loss_gradients(p.model, take(p.train, left), theta);
    const double rate = s.log.rates[static_cast<std::size_t>(t)];
    theta -= rate * (g.rowwise().mean() + p.weight_decay * theta);
  }
  const auto small = counterfactual_runs(s.path(), {{3}, {}}, {}, BatchRemoval::renormalise);
  CHECK(relative_distance(small.theta.col(0), theta) < 1e-13);
  CHECK(small.theta.col(1) == s.log.end.theta);
  const Recorded alone(p, short_protocol(OptimiserKind::sgd, 1, 1));
  CHECK_THROWS_AS(counterfactual_runs(alone.path(), {{0}}, {}, BatchRemoval::renormalise),
                  std::invalid_argument);
}

TEST_CASE("differences in the weights tend to the tangents as s squared") {
  const Problem p = tanh_classification_problem();
  for (const OptimiserKind kind : kRules) {
    const Recorded r(p, short_protocol(kind, 9));
    const std::vector<Group> groups = {{2}, {5, 8}};
    const MatrixXd u = removal_tangents(r.path(), groups);
    const double coarse = (weight_differences(r.path(), groups, 0.02) - u).norm();
    const double fine = (weight_differences(r.path(), groups, 0.01) - u).norm();
    CHECK(coarse / fine == doctest::Approx(4).epsilon(0.05));
    CHECK(relative_distance(weight_differences(r.path(), groups, 1e-3), u) < 1e-5);
  }
}

TEST_CASE("an error splits into that of the derivative and that of the estimate") {
  const Problem p = tanh_regression_problem();
  const Recorded r(p, short_protocol(OptimiserKind::sgd, 9, 12));
  const std::vector<Group> groups = {{2}, {5}, {11}};
  const MatrixXd truth = counterfactual_runs(r.path(), groups).delta();
  const MatrixXd u = removal_tangents(r.path(), groups);
  UnrollOptions crude;
  crude.propagate = false;
  const MatrixXd estimate = removal_tangents(r.path(), groups, crude);
  const ErrorSplit split = split_error(estimate, u, truth);
  for (Index k = 0; k < 3; ++k) {
    CHECK(split.linearisation(k) ==
          doctest::Approx((u - truth).col(k).norm() / truth.col(k).norm()).epsilon(1e-12));
    CHECK(split.linearisation(k) < 0.5);
    CHECK(split.linearisation(k) > 1e-6);
    CHECK(split.total(k) <= split.linearisation(k) + split.estimator(k));
    CHECK(split.total(k) >= split.estimator(k) - split.linearisation(k));
  }
  CHECK(split_error(u, u, truth).estimator.isZero(0));
  CHECK(split_error(truth, u, truth).total.isZero(0));
  CHECK_THROWS_AS(split_error(u.leftCols(2), u, truth), std::invalid_argument);
}

TEST_CASE("reshuffled in full batches is one training on the others, without any spread") {
  const Problem p = ridge_problem();
  const Recorded r(p, short_protocol(OptimiserKind::sgd, 100, 30));
  const QueryLosses queries(p.model, p.query);
  const ReshuffledChanges c = reshuffled_changes(r.path(), {{4}}, queries, 3);
  CHECK(c.standard_errors.isZero(1e-14));
  const CounterfactualRuns runs =
      counterfactual_runs(r.path(), {{4}}, {}, BatchRemoval::renormalise);
  CHECK(relative_distance(c.values, counterfactual_scores(r.path(), runs, queries).values) < 1e-10);
}

TEST_CASE("reshuffled in mini-batches spreads, and its error falls with the number of seeds") {
  const Problem p = ridge_problem();
  const Recorded r(p, short_protocol(OptimiserKind::sgd, 4, 3));
  const QueryLosses queries(p.model, p.query);
  const ReshuffledChanges few = reshuffled_changes(r.path(), {{4}, {9}}, queries, 20);
  const ReshuffledChanges many = reshuffled_changes(r.path(), {{9}}, queries, 320);
  // A fourth, within the spread of a standard deviation over 20 seeds (1 / sqrt(2 * 19) of it).
  const double ratio = few.standard_errors.col(1).norm() / many.standard_errors.norm();
  CHECK(std::abs(ratio / 4 - 1) < 3.0 / std::sqrt(38.0));
  const VectorXd z =
      (few.values.col(1) - many.values.col(0)).array() / few.standard_errors.col(1).array();
  CHECK(z.cwiseAbs().maxCoeff() < 3.5);
  CHECK(few.values.col(1).norm() > 0);
  CHECK_THROWS_AS(reshuffled_changes(r.path(), {{9}}, queries, 1), std::invalid_argument);
}

TEST_CASE("reshuffled changes are differences of two means, with the errors of both") {
  const Problem p = ridge_problem();
  const Recorded r(p, short_protocol(OptimiserKind::sgd, 4, 3));
  const QueryLosses mean(p.model, p.query, QueryLosses::As::mean);
  constexpr Index kSeeds = 320;
  const ReshuffledChanges nobody = reshuffled_changes(r.path(), {{}}, mean, kSeeds);
  CHECK(nobody.values(0, 0) == 0);
  VectorXd values(kSeeds);
  for (Index seed = 0; seed < kSeeds; ++seed) {
    Protocol protocol = r.log.protocol;
    protocol.seed = 1000 + static_cast<std::uint64_t>(seed);
    values(seed) = mean.values(train(r.objective, r.start, protocol).theta)(0);
  }
  const double spread = (values.array() - values.mean()).matrix().norm() / std::sqrt(kSeeds - 1.0);
  const double expected = std::sqrt(2.0 / kSeeds) * spread;
  // Two standard deviations, each over 320 values: 1 / sqrt(2 * 319) of themselves.
  CHECK(std::abs(nobody.standard_errors(0, 0) / expected - 1) < 3 / std::sqrt(319.0));
}

TEST_CASE("a warm start of ridge regression, solved exactly, is the minimum without the example") {
  const Problem p = ridge_problem();
  const Recorded r(p, short_protocol(OptimiserKind::sgd, 6));
  const auto warm = warm_runs(r.path(), {{4}}, Response::warm_start, 0, ProtocolKind::exact);
  CHECK(relative_distance(warm.base, p.optimum()) < 1e-9);
  Objective q = r.objective;
  q.weights(4) = 0;
  CHECK(relative_distance(warm.theta, minimise(q, r.start).theta) < 1e-9);
  // A strong pull to the end of the path leaves delta = (1/N) g / damping.
  const auto near = warm_runs(r.path(), {{4}}, Response::proximal, 1e6, ProtocolKind::exact);
  const VectorXd g = loss_gradients(p.model, p.train, r.log.end.theta).col(4);
  CHECK(relative_distance(1e6 * near.delta() * static_cast<double>(p.size()), g) < 1e-4);
  // The path's own protocol, half as long.
  const auto further = warm_runs(r.path(), {{4}}, Response::warm_start, 0, ProtocolKind::paper);
  Protocol half = r.log.protocol;
  half.first_epoch = half.epochs;
  half.epochs /= 2;
  CHECK(further.theta.col(0) == train(q, r.log.end.theta, half).theta);
  CHECK(further.base == train(r.objective, r.log.end.theta, half).theta);
  CHECK_THROWS_AS(warm_runs(r.path(), {{4}}, Response::pbrf, 1, ProtocolKind::exact),
                  std::invalid_argument);
}

TEST_CASE("counterfactual trainings have the same bits for one and two threads") {
  const Problem p = tanh_classification_problem();
  const Recorded r(p, short_protocol(OptimiserKind::adam, 9));
  const std::vector<Group> groups = one_by_one({0, 1, 2, 3, 4});
  CounterfactualOptions two;
  two.pool.threads = 2;
  CHECK(counterfactual_runs(r.path(), groups, two).theta ==
        counterfactual_runs(r.path(), groups).theta);
  CHECK_THROWS_AS(counterfactual_runs(r.path(), {{p.size()}}), std::invalid_argument);
  CHECK_THROWS_AS(counterfactual_runs(r.path(), {{1, 1}}), std::invalid_argument);
}
