// SPDX-License-Identifier: MIT
#include "influence/trajectory/estimator_cost.h"

#include <doctest/doctest.h>

#include "influence/trajectory/data_value_embedding.h"
#include "influence/trajectory/tracin.h"
#include "tests/influence/trajectory/recorded.h"

using namespace leaveout;
using Kind = TrajectoryEstimator;

namespace {

constexpr Index kQueries = 2;

EstimatorCost of(Kind kind,
                 const Recorded& s,
                 Index queries = 1,
                 const TrajectoryOptions& options = {}) {
  return estimator_cost(kind, s.path(), queries, options);
}

void check_counted(const EstimatorCost& predicted, const Cost& counted) {
  CHECK(predicted.counted.differentiated == doctest::Approx(counted.differentiated).epsilon(1e-14));
  CHECK(predicted.counted.products == counted.products);
  CHECK(predicted.counted.bytes == counted.bytes);
  CHECK(predicted.dense == 0);
  CHECK(predicted.working_bytes == 0);
}

}  // namespace

TEST_CASE("predicted costs are those that TracIn and Diff-In count as they run") {
  const Problem p = tanh_classification_problem();
  const Recorded s = uneven(p, protocol_of(OptimiserKind::sgd, 0));
  const Dataset some = take(p.query, {0, 1});
  const QueryLosses queries(p.model, some);
  TrajectoryOptions options;
  options.sampled = {Sampling::random, 7, 3};
  const Checkpoints chosen = choose_checkpoints(s.log.steps(), options.sampled);
  const auto check = [&](Kind kind, const auto& run) {
    CAPTURE(trajectory_estimator_name(kind));
    Cost counted;
    run(&counted);
    check_counted(of(kind, s, kQueries, options), counted);
  };
  check(Kind::tracin_ideal, [&](Cost* c) { tracin_ideal(s.path(), queries, c); });
  check(Kind::tracin_first_order, [&](Cost* c) { tracin_first_order(s.path(), queries, c); });
  check(Kind::tracin_checkpoints,
        [&](Cost* c) { tracin_checkpoints(s.path(), queries, chosen, c); });
  DiffInOptions how;
  how.checkpoints = options.sampled;
  check(Kind::diff_in, [&](Cost* c) { diff_in_scores(s.path(), queries, how, c); });
  how.products.products = HessianProducts::forward_difference;
  check(Kind::diff_in_differences, [&](Cost* c) { diff_in_scores(s.path(), queries, how, c); });
  check(Kind::diff_in_consistent,
        [&](Cost* c) { diff_in_scores(s.path(), queries, consistent_diff_in(), c); });
}

TEST_CASE("in units of the training: one query's derivative takes two, with Adam three") {
  const Problem p = tanh_classification_problem();
  const Recorded s = uneven(p, protocol_of(OptimiserKind::sgd, 0));
  const double training = training_cost(s.path()).passes(s.path().examples());
  CHECK(training == 6);  // epochs
  CHECK(retraining_cost(s.path(), 5).passes(s.path().examples()) == 5 * training);
  CHECK(of(Kind::unrolled, s).passes(s.path()) == doctest::Approx(2 * training).epsilon(1e-14));
  CHECK(of(Kind::unrolled, s, 3).passes(s.path()) == doctest::Approx(6 * training).epsilon(1e-14));
  CHECK(of(Kind::first_order, s).passes(s.path()) == doctest::Approx(training).epsilon(1e-14));
  CHECK(of(Kind::hydra_fast, s).passes(s.path()) == doctest::Approx(training).epsilon(1e-14));
  const Recorded adam = uneven(p, protocol_of(OptimiserKind::adam));
  CHECK(of(Kind::unrolled, adam).passes(adam.path()) ==
        doctest::Approx(3 * training).epsilon(1e-14));
  CHECK(of(Kind::unrolled, adam).counted.bytes == 3 * of(Kind::unrolled, s).counted.bytes);
  CHECK(of(Kind::unrolled, s).counted.bytes ==
        8.0 * static_cast<double>(s.log.steps() * s.path().parameters()));
}

TEST_CASE("forward, by embeddings and by eigenvectors: the matrices count") {
  const Problem p = tanh_classification_problem();
  const Recorded s = uneven(p, protocol_of(OptimiserKind::sgd, 0));
  const auto n = static_cast<double>(s.path().examples());
  const auto d = static_cast<double>(s.path().parameters());
  const double drawn = 6 * n;
  const EstimatorCost forward = of(Kind::accumulated_sgd_influence, s);
  CHECK(forward.counted.products == (n + 1) * drawn);
  CHECK(forward.counted.differentiated == drawn);
  CHECK(forward.working_bytes == 32 * d * n);
  const EstimatorCost embedding = of(Kind::data_value_embedding, s);
  CHECK(embedding.counted.differentiated == drawn);
  CHECK(embedding.dense == 2 * d * d * drawn + d * n);
  CHECK(embedding.working_bytes == data_value_bytes(s.path()));
  CHECK(embedding.passes(s.path()) ==
        doctest::Approx(6 + embedding.dense / (3 * d * n)).epsilon(1e-14));
  // Another segment: one more set of eigenvectors, and its checkpoints.
  const EstimatorCost two = of(Kind::source_hessian, s, 1, {.segments = 2, .checkpoints = 1});
  const EstimatorCost three = of(Kind::source_hessian, s, 1, {.segments = 3, .checkpoints = 1});
  const EstimatorCost end = of(Kind::influence_function, s);
  const EstimatorCost dot = of(Kind::grad_dot, s);
  const double curvature = end.dense - d * d * d / 6;
  CHECK(three.dense - two.dense == doctest::Approx(curvature + 4.5 * d * d * d).epsilon(1e-12));
  CHECK(three.counted.products * 2 == two.counted.products * 3);
  CHECK(end.counted.products == two.counted.products / 2);
  CHECK(end.counted.products > 0);
  CHECK(dot.counted.differentiated == n);
  CHECK(of(Kind::grad_cos, s).counted.differentiated == 2 * n);
  CHECK(three.counted.bytes == 3 * dot.counted.bytes);
  const EstimatorCost factored = of(Kind::source_ek_fac, s, 1, {.segments = 2, .checkpoints = 1});
  const auto outputs = static_cast<double>(p.model.outputs());
  CHECK(factored.counted.differentiated == 2 * (2 * outputs * n + n));
  CHECK(factored.dense < two.dense);
}
