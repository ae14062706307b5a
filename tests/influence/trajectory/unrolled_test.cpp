// SPDX-License-Identifier: MIT
#include "influence/trajectory/unrolled.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "tests/influence/trajectory/recorded.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

TEST_CASE("forward tangents are the limit of trainings with changed weights, for every rule") {
  for (const Problem& p : {tanh_classification_problem(), tanh_regression_problem()})
    for (const OptimiserKind kind : kRules)
      for (const Index batch_size : {Index{9}, p.size()}) {
        const Recorded s = uneven(p, protocol_of(kind, 0.7, batch_size));
        const MatrixXd u = removal_tangents(s.path(), {{2}, {5}});
        constexpr double h = 1e-4;  // fourth order: what is left is far below 1e-7
        for (Index k = 0; k < 2; ++k) {
          const Index i = k == 0 ? 2 : 5;
          const VectorXd limit =
              (8 * (s.end(i, h) - s.end(i, -h)) - (s.end(i, 2 * h) - s.end(i, -2 * h))) / (12 * h);
          CHECK(relative_distance(u.col(k), limit) < 1e-7);
        }
      }
}

TEST_CASE("forward and backward agree to rounding, for every rule, model and spacing") {
  for (const Problem& p : every_problem())
    for (const OptimiserKind kind : kRules) {
      const Recorded s = uneven(p, protocol_of(kind), {.spacing = 4});
      const QueryLosses queries(p.model, p.query);
      std::vector<Group> all;
      for (Index i = 0; i < p.size(); ++i) all.push_back({i});
      const MatrixXd u = removal_tangents(s.path(), all);
      const MatrixXd forward = queries.gradients(s.log.end.theta).transpose() * u;
      const Scores backward = unrolled_scores(s.path(), queries);
      CHECK((backward.values - forward).norm() < 1e-12 * forward.norm());
      UnrollOptions options;
      options.propagate = false;
      const MatrixXd first =
          queries.gradients(s.log.end.theta).transpose() * removal_tangents(s.path(), all, options);
      CHECK((unrolled_scores(s.path(), queries, options).values - first).norm() <
            1e-12 * first.norm());
      CHECK((first - forward).norm() > 1e-3 * forward.norm());
    }
}

TEST_CASE("of squared errors of linear models, removal with its own curvature is exact") {
  const Problem p = ridge_problem();
  for (const OptimiserKind kind : {OptimiserKind::sgd, OptimiserKind::nesterov}) {
    const Recorded s = uneven(p, protocol_of(kind));
    UnrollOptions options;
    options.without_own_curvature = true;
    const MatrixXd u = removal_tangents(s.path(), {{2}, {7}}, options);
    CHECK(relative_distance(u.col(0), s.end(2, 1) - s.log.end.theta) < 1e-12);
    CHECK(relative_distance(u.col(1), s.end(7, 1) - s.log.end.theta) < 1e-12);
  }
}

TEST_CASE("full-batch descent on ridge follows u <- (I - rate H) u + rate c g") {
  const Problem p = ridge_problem();
  Protocol protocol = protocol_of(OptimiserKind::sgd, 0.7, p.size());
  protocol.schedule = RateSchedule::constant;
  protocol.momentum = 0;
  Recorded s = uneven(p, protocol);
  const MatrixXd h = Evaluator(s.objective).curvature(s.start, Curvature::full);
  VectorXd u = VectorXd::Zero(p.parameters());
  VectorXd theta = s.start;
  Evaluator evaluate(s.objective);
  const auto share = s.objective.weights(4);
  for (Index t = 0; t < protocol.epochs; ++t) {
    u = u - 0.15 * (h * u) + 0.15 * share * loss_gradients(p.model, p.train, theta).col(4);
    VectorXd g;
    evaluate.gradient(theta, g);
    theta -= 0.15 * g;
  }
  CHECK(relative_distance(removal_tangents(s.path(), {{4}}).col(0), u) < 1e-13);
}

TEST_CASE("a long descent on a strongly convex problem ends at the influence function") {
  const Problem p = logistic_problem();
  Protocol protocol = protocol_of(OptimiserKind::sgd, 0.7, p.size());
  protocol.schedule = RateSchedule::constant;
  protocol.learning_rate = 1.0;
  protocol.epochs = 4000;
  const Recorded s = uneven(p, protocol);
  const QueryLosses queries(p.model, p.query);
  const VectorXd theta = s.log.end.theta;
  const MatrixXd h = Evaluator(s.objective).curvature(theta, Curvature::full);
  const MatrixXd g = loss_gradients(p.model, p.train, theta) * s.objective.weights.asDiagonal();
  const MatrixXd influence = queries.gradients(theta).transpose() * h.llt().solve(g);
  const MatrixXd unrolled = unrolled_scores(s.path(), queries).values;
  CHECK((unrolled - influence).norm() < 1e-9 * influence.norm());
}

TEST_CASE("the sign is that of retraining, and a group's tangent is the sum of its members'") {
  const Problem p = tanh_classification_problem();
  const Recorded s = uneven(p, protocol_of(OptimiserKind::sgd));
  const QueryLosses mean(p.model, p.query, QueryLosses::As::mean);
  REQUIRE(mean.count() == 1);
  const Scores scores = unrolled_scores(s.path(), mean);
  Index strongest = 0;
  scores.values.row(0).cwiseAbs().maxCoeff(&strongest);
  const double truth = mean.values(s.end(strongest, 1))(0) - mean.values(s.log.end.theta)(0);
  CHECK(truth * scores.values(0, strongest) > 0);
  CHECK(scores.values(0, strongest) == doctest::Approx(truth).epsilon(0.3));
  const MatrixXd u = removal_tangents(s.path(), {{1}, {3}, {1, 3}});
  CHECK(relative_distance(u.col(2), u.col(0) + u.col(1)) < 1e-12);
  MatrixXd last;
  Index calls = 0;
  removal_tangents(s.path(), {{1}}, {}, [&](Index done, const MatrixXd& now) {
    CHECK(done == ++calls);
    last = now;
  });
  CHECK(calls == s.log.steps());
  CHECK(relative_distance(last.col(0), u.col(0)) < 1e-13);
}

TEST_CASE("an example that no step draws, or of weight zero, has no influence, bit for bit") {
  const Problem p = tanh_regression_problem();
  Protocol protocol = protocol_of(OptimiserKind::sgd, 0.7, 2);
  Recorded s = uneven(p, protocol);
  s.objective.weights(3) = 0;
  s.log = record_training(s.objective, s.start, protocol);
  const QueryLosses queries(p.model, p.query);
  CHECK(unrolled_scores(s.path(), queries).values.col(3).isZero(0));
  CHECK(removal_tangents(s.path(), {{3}}).isZero(0));
  // The log up to the first step only: who is not in its batch was never drawn.
  TrainingLog first = s.log;
  first.rates.resize(1);
  first.begins.resize(2);
  Index never = 0;
  while (never == first.order[0] || never == first.order[1] || never == 3) ++never;
  const Trajectory path{&s.objective, &first};
  CHECK(unrolled_scores(path, queries).values.col(never).isZero(0));
  CHECK(removal_tangents(path, {{never}}).isZero(0));
}

TEST_CASE("what does not fit is refused") {
  const Problem p = ridge_problem();
  const Recorded s = uneven(p, protocol_of(OptimiserKind::sgd));
  CHECK_THROWS_AS(removal_tangents(s.path(), {{p.size()}}), std::invalid_argument);
  CHECK_THROWS_AS(unrolled_values(s.path(), MatrixXd::Zero(3, 1)), std::invalid_argument);
  UnrollOptions options;
  options.without_own_curvature = true;
  CHECK_THROWS_AS(unrolled_values(s.path(), MatrixXd::Zero(p.parameters(), 1), options),
                  std::invalid_argument);
}
