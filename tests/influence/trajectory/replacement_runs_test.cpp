// SPDX-License-Identifier: MIT
#include "influence/trajectory/replacement_runs.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "influence/trajectory/unrolled.h"
#include "tests/influence/trajectory/recorded.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// theta at the end with the weight of the old point times 1 - `out`, and that of the new one in
/// its places times `in`: two objectives whose gradients are added step by step.
VectorXd blended(const Recorded& r, const Replacement& x, double out, double in) {
  Dataset data = r.problem.train;
  data.inputs.col(x.example) = x.by.inputs;
  data.targets.col(x.example) = x.by.targets;
  Objective old = r.objective;
  old.weights(x.example) *= 1 - out;
  Objective added = training_objective(r.problem.model, data, 0);
  added.weights.setZero();
  added.weights(x.example) = in * r.objective.weights(x.example);
  Evaluator of_old(old), of_added(added);
  OptimiserState state = initial_state(r.log.protocol, r.start);
  VectorXd g, more;
  for (Index t = 0; t < r.log.steps(); ++t) {
    step_gradient(of_old, state.theta, r.log.batch(t), g);
    step_gradient(of_added, state.theta, r.log.batch(t), more);
    advance(r.log.protocol, r.log.rates[static_cast<std::size_t>(t)], g + more, state);
  }
  return state.theta;
}

/// d/ds of blended(s out, s in) at 0, to fourth order.
VectorXd slope(const Recorded& r, const Replacement& x, double out, double in) {
  const auto at = [&](double s) { return blended(r, x, s * out, s * in); };
  constexpr double h = 1e-4;
  return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
}

}  // namespace

TEST_CASE("replacing an example by itself changes nothing, bit for bit") {
  const Problem p = tanh_classification_problem();
  for (const OptimiserKind kind : kRules) {
    const Recorded r = uneven(p, short_protocol(kind, 9));
    const Replacement itself{2, take(p.train, {2})};
    CHECK(replacement_runs(r.path(), {itself}).delta().isZero(0));
    Index steps = 0;
    walk_replacement(r.path(), itself, [&](Index done, const VectorXd& delta) {
      CHECK(done == ++steps);
      CHECK(delta.isZero(0));
    });
    CHECK(steps == r.log.steps());
    CHECK(replacement_tangents(r.path(), {itself}).total().isZero(1e-15));
  }
}

TEST_CASE("a replacement is the trainer's own run on the other data, with the path's weights") {
  const Problem p = tanh_classification_problem();
  for (const OptimiserKind kind : kRules) {
    const Recorded r = uneven(p, short_protocol(kind, 9));
    const std::vector<Replacement> both = {{5, take(p.query, {0})}, {2, take(p.query, {3})}};
    const CounterfactualRuns runs = replacement_runs(r.path(), both);
    Dataset data = p.train;
    data.inputs.col(2) = p.query.inputs.col(3);
    data.targets.col(2) = p.query.targets.col(3);
    Objective q = training_objective(p.model, data, p.weight_decay);
    q.weights = r.objective.weights;
    CHECK(runs.theta.col(1) == train(q, r.start, r.log.protocol).theta);
    CHECK(runs.removed == std::vector<Group>{{5}, {2}});
    VectorXd last;
    walk_replacement(r.path(), both[1], [&](Index, const VectorXd& delta) { last = delta; });
    CHECK(last == runs.delta().col(1));
    CHECK(relative_distance(last, blended(r, both[1], 1, 1) - r.log.end.theta) < 1e-11);
    CounterfactualOptions two;
    two.pool.threads = 2;
    CHECK(replacement_runs(r.path(), both, two).theta == runs.theta);
    const QueryLosses queries(p.model, p.query);
    const Scores scores = counterfactual_scores(r.path(), runs, queries);
    CHECK(scores.values.col(1) ==
          queries.values(runs.theta.col(1)) - queries.values(r.log.end.theta));
  }
}

TEST_CASE("the tangent of a replacement is removal and insertion, each the limit of trainings") {
  for (const Problem& p : {tanh_classification_problem(), tanh_regression_problem()})
    for (const OptimiserKind kind : kRules)
      for (const Index batch_size : {Index{9}, p.size()}) {
        const Recorded r = uneven(p, short_protocol(kind, batch_size));
        const std::vector<Replacement> both = {{2, take(p.query, {1})}, {2, take(p.query, {4})}};
        const ReplacementHalves u = replacement_tangents(r.path(), both);
        CHECK(relative_distance(u.removal.col(1), slope(r, both[1], 1, 0)) < 1e-7);
        CHECK(relative_distance(u.insertion.col(1), slope(r, both[1], 0, 1)) < 1e-7);
        CHECK(relative_distance(u.insertion.col(0), slope(r, both[0], 0, 1)) < 1e-7);
        CHECK(relative_distance(u.total().col(1), slope(r, both[1], 1, 1)) < 1e-7);
      }
}

TEST_CASE("a replacement's two halves are the training without, and what is left to it") {
  const Problem p = tanh_regression_problem();
  const Recorded r = uneven(p, short_protocol(OptimiserKind::sgd, 9));
  const Replacement x{2, take(p.query, {1})};
  const ReplacementHalves halves = replacement_halves(r.path(), {x});
  CHECK(halves.removal == counterfactual_runs(r.path(), {{2}}).delta());
  CHECK(relative_distance(halves.total(), replacement_runs(r.path(), {x}).delta()) < 1e-12);
  // The second half starts from the training without: what it knows of the first is of second
  // order.
  const VectorXd alone = blended(r, x, 0, 1) - r.log.end.theta;
  const VectorXd after = blended(r, x, 1, 1) - blended(r, x, 1, 0);
  CHECK(relative_distance(halves.insertion, after) < 1e-11);
  CHECK(relative_distance(halves.insertion, alone) > 1e-3);
  CHECK(relative_distance(halves.insertion, alone) < 0.3);
}

TEST_CASE("a point that is moved a little does what the tangent says, up to so small a part") {
  const Problem p = tanh_classification_problem();
  const Recorded r = uneven(p, short_protocol(OptimiserKind::nesterov, 9));
  double error[2];
  for (int k = 0; k < 2; ++k) {
    Replacement moved{2, take(p.train, {2})};
    moved.by.inputs(0, 0) += k == 0 ? 0.02 : 0.01;
    const MatrixXd delta = replacement_runs(r.path(), {moved}).delta();
    error[k] = relative_distance(replacement_tangents(r.path(), {moved}).total(), delta);
  }
  CHECK(error[0] < 0.05);
  CHECK(error[0] / error[1] == doctest::Approx(2).epsilon(0.1));
}

TEST_CASE("what is no replacement is refused") {
  const Problem p = ridge_problem();
  const Recorded r(p, short_protocol(OptimiserKind::sgd, 9));
  const auto refused = [&](const Replacement& x) {
    CHECK_THROWS_AS(replacement_runs(r.path(), {x}), std::invalid_argument);
    CHECK_THROWS_AS(replacement_tangents(r.path(), {x}), std::invalid_argument);
  };
  refused({p.size(), take(p.train, {0})});
  refused({-1, take(p.train, {0})});
  refused({0, take(p.train, {0, 1})});
  refused({0, tanh_regression_problem().train});
  Replacement narrow{0, take(p.train, {0})};
  narrow.by.inputs.conservativeResize(3, 1);
  refused(narrow);
  UnrollOptions options;
  const Dataset two = take(p.train, {0, 1});
  options.stand_ins = &two;
  CHECK_THROWS_AS(removal_tangents(r.path(), {{3}}, options), std::invalid_argument);
  CHECK_THROWS_AS(unrolled_values(r.path(), MatrixXd::Zero(p.parameters(), 1), options),
                  std::invalid_argument);
  options.without_own_curvature = true;
  CHECK_THROWS_AS(removal_tangents(r.path(), {{3}, {4}}, options), std::invalid_argument);
}
