// SPDX-License-Identifier: MIT
#include "influence/trajectory/checkpoints.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <stdexcept>

#include "influence/trajectory/error_budget.h"
#include "influence/trajectory/estimator_cost.h"
#include "tests/influence/trajectory/recorded.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

TEST_CASE("checkpoints: evenly spaced ones are rounded, the others first, last, all, or drawn") {
  using Steps = std::vector<Index>;
  CHECK(choose_checkpoints(9, {Sampling::even, 4, 0}).steps == Steps{2, 5, 7, 9});
  CHECK(choose_checkpoints(9, {Sampling::early, 3, 0}).steps == Steps{1, 2, 3});
  CHECK(choose_checkpoints(9, {Sampling::late, 3, 0}).steps == Steps{7, 8, 9});
  CHECK(choose_checkpoints(3, {Sampling::all, 77, 0}).steps == Steps{1, 2, 3});
  CHECK(choose_checkpoints(9, {Sampling::even, 4, 0}).stands_for == 9.0 / 4);
  CHECK(choose_checkpoints(7, {Sampling::random, 7, 5}).steps == Steps{1, 2, 3, 4, 5, 6, 7});
  const Checkpoints drawn = choose_checkpoints(1000, {Sampling::random, 20, 1});
  CHECK(std::is_sorted(drawn.steps.begin(), drawn.steps.end()));
  CHECK(std::adjacent_find(drawn.steps.begin(), drawn.steps.end()) == drawn.steps.end());
  CHECK(drawn.steps.front() >= 1);
  CHECK(drawn.steps.back() <= 1000);
  CHECK(choose_checkpoints(1000, {Sampling::random, 20, 1}).steps == drawn.steps);
  CHECK(choose_checkpoints(1000, {Sampling::random, 20, 2}).steps != drawn.steps);
  // Each of ten steps is among three of them with frequency 3/10.
  VectorXd hits = VectorXd::Zero(11);
  for (std::uint64_t seed = 0; seed < 2000; ++seed)
    for (const Index t : choose_checkpoints(10, {Sampling::random, 3, seed}).steps) hits(t) += 1;
  CHECK((hits.tail(10).array() - 600).abs().maxCoeff() < 4 * std::sqrt(2000 * 0.3 * 0.7));
  for (const Index count : {0, 10})
    CHECK_THROWS_AS(choose_checkpoints(9, {Sampling::even, count, 0}), std::invalid_argument);
  CHECK_THROWS_AS(choose_checkpoints(0, {Sampling::all, 1, 0}), std::invalid_argument);
  CHECK(parse_sampling("late") == Sampling::late);
  CHECK_THROWS_AS(parse_sampling("often"), std::invalid_argument);
}

TEST_CASE(
    "a checkpoint has the rate and batch of the step that leaves it, the end the last one's") {
  const Recorded r(ridge_problem(), cosine(plain_sgd(9)));
  const Index total = r.log.steps();
  std::vector<Index> seen;
  visit_checkpoints(r.path(), {{0, 4, total}}, [&](const Checkpoint& c) {
    const Index step = std::min(c.step, total - 1);
    CHECK(c.rate == r.log.rates[static_cast<std::size_t>(step)]);
    CHECK(c.rate > 0);
    CHECK(c.batch.data() == r.log.batch(step).data());
    CHECK(c.theta == Replay(r.objective, r.log).theta(c.step));
    seen.push_back(c.step);
  });
  CHECK(seen == std::vector<Index>{0, 4, total});
  CHECK_THROWS_AS(visit_checkpoints(r.path(), {{total + 1}}, [](const Checkpoint&) {}),
                  std::invalid_argument);
}

TEST_CASE("batches of an epoch go on from the step's to the last, and then from the first") {
  const Recorded r(ridge_problem(), plain_sgd(9));  // 24 examples: 9, 9 and 6
  const auto one = [&](Index t) {
    return std::vector<Index>(r.log.batch(t).begin(), r.log.batch(t).end());
  };
  CHECK(epoch_batches(r.log, 4, 1) == one(4));
  std::vector<Index> two = one(5);
  for (const Index i : one(3)) two.push_back(i);
  CHECK(epoch_batches(r.log, 5, 2) == two);
  for (const Index t : {0, 7, 17}) {
    std::vector<Index> whole = epoch_batches(r.log, t, 3);
    std::sort(whole.begin(), whole.end());
    CHECK(whole == all_examples(24));
  }
  CHECK_THROWS_AS(epoch_batches(r.log, 4, 0), std::invalid_argument);
  CHECK_THROWS_AS(epoch_batches(r.log, 4, 4), std::invalid_argument);
  TrainingLog cut = r.log;  // in the middle of the second epoch
  cut.rates.resize(5);
  cut.begins.resize(6);
  CHECK(epoch_batches(cut, 4, 2).size() == 18);
  CHECK_THROWS_AS(epoch_batches(cut, 4, 3), std::invalid_argument);
}

TEST_CASE("all batches of an epoch are Diff-In's full data, bit for bit") {
  const Recorded r(tanh_classification_problem(), plain_sgd(9));  // the fifth is smaller
  for (const bool per_example : {false, true})
    for (const HessianProducts products :
         {HessianProducts::exact, HessianProducts::forward_difference}) {
      DiffInOptions epoch;
      epoch.per_example = per_example;
      epoch.products.products = products;
      DiffInOptions full = epoch, drawn = epoch;
      epoch.proxy_batches = 5;
      full.proxy = ProxyBatch::full;
      drawn.proxy = ProxyBatch::random;
      drawn.proxy_batches = 6;
      drawn.proxy_size = 7;
      const MatrixXd expected = diff_in_scores(r.path(), r.queries(), full).values;
      CHECK(diff_in_scores(r.path(), r.queries(), epoch).values == expected);
      CHECK(diff_in_scores(r.path(), r.queries(), drawn).values == expected);
      CHECK(diff_in_self_influence(r.path(), epoch) == diff_in_self_influence(r.path(), full));
    }
}

TEST_CASE("of batches of one size, Diff-In has the mean of their brackets") {
  const Problem p = ridge_problem();
  const Recorded r = uneven(p, plain_sgd(8));  // three of an epoch
  DiffInOptions o;
  o.checkpoints = {Sampling::early, 4};
  o.proxy_batches = 2;
  const MatrixXd v = r.queries().gradients(r.log.end.theta);
  o.query_gradient_at_end = true;
  CheckpointProducts at(r.path(), o.products, 1, nullptr);
  Replay replay(r.objective, r.log);
  MatrixXd expected = MatrixXd::Zero(v.cols(), r.problem.size());
  const std::vector<Index> all = all_examples(r.problem.size());
  for (const auto& [t, next] : {std::pair<Index, Index>{1, 2}, {2, 0}, {3, 4}, {4, 5}})
    for (const Index batch : {t, next}) {
      at.move_to(replay.theta(t), r.log.batch(batch));
      const MatrixXd g = at.example_gradients(all);
      const MatrixXd bracket =
          at.batch_products(g) + at.example_products(all, g, at.batch_gradient());
      const double rate = r.log.rates[static_cast<std::size_t>(t)];
      expected += static_cast<double>(t) * rate * rate / 4 / 2 * v.transpose() * bracket *
                  r.objective.weights.asDiagonal();
    }
  CHECK(relative_distance(diff_in_scores(r.path(), r.queries(), o).values, expected) < 1e-12);
  o.proxy_batches = 1;
  CHECK(relative_distance(diff_in_scores(r.path(), r.queries(), o).values, expected) > 1e-2);
}

TEST_CASE("several proxy batches through the registry, and what they cost") {
  const Problem p = tanh_classification_problem();
  const Recorded r = uneven(p, plain_sgd(9));
  TrajectoryOptions options;
  options.diff_in.proxy_batches = 3;
  for (const auto& [kind, products] :
       {std::pair{TrajectoryEstimator::diff_in, HessianProducts::exact},
        std::pair{TrajectoryEstimator::diff_in_differences, HessianProducts::forward_difference}}) {
    DiffInOptions how;
    how.proxy_batches = 3;
    how.products.products = products;
    Cost counted;
    const MatrixXd expected = diff_in_scores(r.path(), r.queries(), how, &counted).values;
    CHECK(trajectory_estimate(kind, r.path(), r.queries(), options).values == expected);
    const Cost predicted = estimator_cost(kind, r.path(), r.queries().count(), options).counted;
    CHECK(predicted.differentiated == doctest::Approx(counted.differentiated).epsilon(1e-14));
    CHECK(predicted.products == counted.products);
    CHECK(predicted.bytes == counted.bytes);
  }
}

TEST_CASE("the error budget's curvature of all batches of an epoch is that of all data") {
  const Problem p = tanh_classification_problem();
  for (const OptimiserKind kind : kRules) {
    const Recorded r(p, short_protocol(kind, 9, 2));
    const auto values = [&](const Approximation& how) {
      return approximate_values(r.path(), r.queries(), how);
    };
    const MatrixXd whole = values({.proxy_batch = p.size()});
    CHECK(relative_distance(values({.proxy_batches = 5}), whole) < 1e-12);
    CHECK(values({.proxy_batch = 7, .proxy_batches = 6}) == whole);
    CHECK(values({.proxy_batch = 3, .proxy_batches = 4}) == values({.proxy_batch = 12}));
    const double own = relative_distance(values({.proxy_batches = 3}), whole);
    CHECK(own > 1e-4);
    CHECK(own < relative_distance(values({}), whole));
    CHECK_THROWS_AS(values({.proxy_batches = 0}), std::invalid_argument);
    CHECK_THROWS_AS(values({.proxy_batches = 6}), std::invalid_argument);
  }
}

TEST_CASE("more proxy batches than there are examples for are refused") {
  const Recorded r(ridge_problem(), plain_sgd(9));
  DiffInOptions o;
  o.proxy_batches = 4;  // of three
  CHECK_THROWS_AS(diff_in_scores(r.path(), r.queries(), o), std::invalid_argument);
  o.proxy_batches = 0;
  CHECK_THROWS_AS(diff_in_scores(r.path(), r.queries(), o), std::invalid_argument);
  o.proxy = ProxyBatch::random;
  o.proxy_size = 9;
  CHECK_THROWS_AS(diff_in_scores(r.path(), r.queries(), o), std::invalid_argument);
  o.proxy_batches = 3;
  CHECK_THROWS_AS(diff_in_scores(r.path(), r.queries(), o), std::invalid_argument);
  o.proxy_batches = 2;
  CHECK_NOTHROW(diff_in_scores(r.path(), r.queries(), o));
}
