// SPDX-License-Identifier: MIT
#include "influence/trajectory/error_budget.h"

#include <doctest/doctest.h>

#include <set>
#include <stdexcept>

#include "influence/trajectory/unrolled.h"
#include "tests/influence/trajectory/recorded.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

MatrixXd exact_values(const Recorded& r, const QueryLosses& queries) {
  return unrolled_values(r.path(), queries.gradients(r.log.end.theta));
}

/// Tangents of all examples after 0, 1, ..., T steps.
std::vector<MatrixXd> all_tangents(const Recorded& r) {
  std::vector<MatrixXd> u = {MatrixXd::Zero(r.problem.parameters(), r.problem.size())};
  removal_tangents(
      r.path(), one_by_one(all_examples(r.problem.size())), {}, [&](Index, const MatrixXd& now) {
        u.push_back(now);
      });
  return u;
}

/// sum over steps of rate_t c_i(t) target(t)' g_i(theta_t), by hand; `expected`: w_i for c_i(t).
template <class Target>
MatrixXd gradient_sum(const Recorded& r, Target target, bool expected) {
  const Problem& p = r.problem;
  MatrixXd values;
  Replay(r.objective, r.log).forward([&](const LoggedStep& step) {
    const VectorXd& theta = step.before.theta;
    MatrixXd g = loss_gradients(p.model, p.train, theta);
    for (Index i = 0; i < p.size(); ++i) {
      const bool in = std::find(step.batch.begin(), step.batch.end(), i) != step.batch.end();
      g.col(i) *= step.rate * (expected ? r.objective.weights(i)
                               : in     ? 1.0 / static_cast<double>(step.batch.size())
                                        : 0.0);
    }
    const MatrixXd now = target(theta).transpose() * g;
    values = values.size() == 0 ? now : MatrixXd(values + now);
  });
  return values;
}

double binomial(Index n, Index k) {
  double c = 1;
  for (Index j = 1; j <= k; ++j) c *= static_cast<double>(n - k + j) / static_cast<double>(j);
  return c;
}

}  // namespace

TEST_CASE("with nothing approximated the walk is the exact one") {
  for (const Problem& p : every_problem())
    for (const OptimiserKind kind : kRules) {
      const Recorded r(p, short_protocol(kind, 9, 2));
      const QueryLosses queries(p.model, p.query);
      // To rounding: what is compiled apart may be contracted apart.
      CHECK(relative_distance(approximate_values(r.path(), queries, {}), exact_values(r, queries)) <
            1e-13);
    }
}

TEST_CASE("order 0 sums gradients, all orders together are exact, and each order helps") {
  const Problem p = tanh_classification_problem();
  for (const OptimiserKind kind : kRules) {
    const Recorded r(p, short_protocol(kind, 9, 2));
    const QueryLosses queries(p.model, p.query, QueryLosses::As::mean);
    const MatrixXd exact = exact_values(r, queries);
    UnrollOptions sum;
    sum.propagate = false;
    const MatrixXd zeroth = unrolled_values(r.path(), queries.gradients(r.log.end.theta), sum);
    CHECK(relative_distance(approximate_values(r.path(), queries, {.order = 0}), zeroth) < 1e-13);
    const double one =
        relative_distance(approximate_values(r.path(), queries, {.order = 1}), exact);
    const double two =
        relative_distance(approximate_values(r.path(), queries, {.order = 2}), exact);
    CHECK(one < relative_distance(zeroth, exact));
    CHECK(two < one);
    CHECK(two > 1e-9);
    const Index last = r.log.steps() - 1;  // the first gradient meets so many curvatures
    CHECK(relative_distance(approximate_values(r.path(), queries, {.order = last}), exact) < 1e-10);
  }
}

TEST_CASE("under full-batch descent order j has the weight C(T, j + 1) rate^(j + 1)") {
  const Problem p = ridge_problem();
  Protocol protocol = short_protocol(OptimiserKind::sgd, p.size(), 7);
  protocol.schedule = RateSchedule::constant;
  const Recorded r(p, protocol);
  const QueryLosses queries(p.model, p.query);
  const MatrixXd h = Evaluator(r.objective).curvature(r.start, Curvature::full);
  MatrixXd g = loss_gradients(p.model, p.train, r.start) / static_cast<double>(p.size());
  MatrixXd u = MatrixXd::Zero(p.parameters(), p.size());
  double rate = 0.15;
  for (Index j = 0; j < 4; ++j) {
    u += (j % 2 == 0 ? 1 : -1) * binomial(7, j + 1) * rate * g;
    const MatrixXd expected = queries.gradients(r.log.end.theta).transpose() * u;
    const Approximation how = {.order = j, .gradient_period = 7};
    CHECK(relative_distance(approximate_values(r.path(), queries, how), expected) < 1e-12);
    g = MatrixXd(h * g);
    rate *= 0.15;
  }
}

TEST_CASE("all steps as checkpoints are exact, and single ones are so on average") {
  const Problem p = tanh_regression_problem();
  const Recorded r(p, short_protocol(OptimiserKind::nesterov, 12, 2));
  const QueryLosses queries(p.model, p.query);
  const Index steps = r.log.steps();
  const MatrixXd exact = approximate_values(r.path(), queries, {});
  for (const bool random : {false, true})
    CHECK(approximate_values(
              r.path(), queries, {.checkpoints = steps, .random_checkpoints = random}) == exact);
  MatrixXd mean = MatrixXd::Zero(exact.rows(), exact.cols());
  std::set<Index> seen;
  for (std::uint64_t seed = 0; static_cast<Index>(seen.size()) < steps; ++seed) {
    REQUIRE(seed < 1000);
    if (!seen.insert(chosen_checkpoints(steps, 1, true, seed).front()).second) continue;
    mean += approximate_values(
        r.path(), queries, {.checkpoints = 1, .random_checkpoints = true, .seed = seed});
  }
  CHECK(relative_distance(mean / static_cast<double>(steps), exact) < 1e-12);
  CHECK(chosen_checkpoints(20, 5, false, 0) == std::vector<Index>{2, 6, 10, 14, 18});
  CHECK(chosen_checkpoints(3, 3, false, 0) == std::vector<Index>{0, 1, 2});
  const std::vector<Index> five = chosen_checkpoints(20, 5, true, 1);
  CHECK(std::set<Index>(five.begin(), five.end()).size() == 5);
  CHECK(std::is_sorted(five.begin(), five.end()));
}

TEST_CASE("a proxy of all data is the own batch of full-batch training, and another one else") {
  const Problem p = tanh_classification_problem();
  const QueryLosses queries(p.model, p.query);
  const Recorded full(p, short_protocol(OptimiserKind::adam, p.size(), 6));
  const MatrixXd same = approximate_values(full.path(), queries, {.proxy_batch = p.size()});
  CHECK(relative_distance(same, exact_values(full, queries)) < 1e-13);
  const Recorded r(p, short_protocol(OptimiserKind::sgd, 9));
  // Forward, with the dense curvature of all data.
  VectorXd u = VectorXd::Zero(p.parameters());
  Replay(r.objective, r.log).forward([&](const LoggedStep& step) {
    const VectorXd& theta = step.before.theta;
    const MatrixXd h = Evaluator(r.objective).curvature(theta, Curvature::full);
    u -= step.rate * (h * u);
    if (std::find(step.batch.begin(), step.batch.end(), 4) != step.batch.end())
      u += step.rate / static_cast<double>(step.batch.size()) *
           loss_gradients(p.model, p.train, theta).col(4);
  });
  const MatrixXd whole = approximate_values(r.path(), queries, {.proxy_batch = p.size()});
  const VectorXd expected = queries.gradients(r.log.end.theta).transpose() * u;
  CHECK(relative_distance(whole.col(4), expected) < 1e-12);
  CHECK(relative_distance(whole, exact_values(r, queries)) > 1e-3);
}

TEST_CASE("random proxy batches have the curvature of all data on average") {
  const Problem p = tanh_classification_problem();
  const Recorded r(p, short_protocol(OptimiserKind::sgd, 9));
  const QueryLosses queries(p.model, p.query, QueryLosses::As::mean);
  // Order 1 is linear in the curvature.
  const MatrixXd whole =
      approximate_values(r.path(), queries, {.order = 1, .proxy_batch = p.size()});
  constexpr Index kDraws = 40;
  MatrixXd draws(p.size(), kDraws);
  for (Index s = 0; s < kDraws; ++s)
    draws.col(s) = approximate_values(
                       r.path(), queries, {.order = 1, .proxy_batch = 6, .seed = std::uint64_t(s)})
                       .transpose();
  const VectorXd mean = draws.rowwise().mean();
  const MatrixXd centred = draws.colwise() - mean;
  const VectorXd error = centred.rowwise().norm() / std::sqrt(kDraws * (kDraws - 1.0));
  const VectorXd z = (mean - whole.transpose()).array() / error.array();
  CHECK(z.cwiseAbs().maxCoeff() < 4);
  CHECK(centred.norm() > 1e-3 * whole.norm());
}

TEST_CASE("each step draws a proxy batch of its own") {
  // The second order is a product of two steps' curvatures: with draws of their own its mean is
  // the product of the means, with one draw for all steps there is the variance on top.
  const Problem p = tanh_classification_problem();
  const Recorded r(p, plain_sgd(1000000, 0.5, 4));
  const QueryLosses queries(p.model, p.query, QueryLosses::As::mean);
  const auto second = [&](Index batch, std::uint64_t seed) {
    const Approximation two{.order = 2, .proxy_batch = batch, .seed = seed};
    Approximation one = two;
    one.order = 1;
    return VectorXd(
        (approximate_values(r.path(), queries, two) - approximate_values(r.path(), queries, one))
            .transpose());
  };
  const VectorXd whole = second(p.size(), 0);
  constexpr Index kDraws = 200;
  VectorXd along(kDraws);  // how much of `whole` is in a draw
  for (Index s = 0; s < kDraws; ++s)
    along(s) = second(2, static_cast<std::uint64_t>(s)).dot(whole) / whole.squaredNorm();
  const double error =
      std::sqrt((along.array() - along.mean()).square().sum() / (kDraws * (kDraws - 1.0)));
  CAPTURE(error);
  CHECK(std::abs(along.mean() - 1) < 3 * error);
}

TEST_CASE("differences of gradients miss by the first power of the displacement") {
  const Problem p = tanh_regression_problem();
  const Recorded r(p, short_protocol(OptimiserKind::nesterov, 9));
  const QueryLosses queries(p.model, p.query);
  const MatrixXd exact = exact_values(r, queries);
  const auto error = [&](double e) {
    return relative_distance(approximate_values(r.path(), queries, {.difference = e}), exact);
  };
  CHECK(error(2e-3) / error(1e-3) == doctest::Approx(2).epsilon(0.02));
  CHECK(error(1e-6) < 1e-5);
  CHECK(error(1e-3) > 1e-6);
  const Problem linear = ridge_problem();  // a constant Hessian
  const Recorded q(linear, short_protocol(OptimiserKind::sgd, 9));
  const QueryLosses own(linear.model, linear.query);
  CHECK(relative_distance(approximate_values(q.path(), own, {.difference = 1}),
                          exact_values(q, own)) < 1e-12);
}

TEST_CASE("expected membership is the actual one of full batches, and spreads that of others") {
  const Problem p = tanh_classification_problem();
  const QueryLosses queries(p.model, p.query);
  const Approximation how = {.expected_membership = true};
  for (const OptimiserKind kind : kRules) {
    const Recorded full(p, short_protocol(kind, p.size(), 6));
    CHECK(relative_distance(approximate_values(full.path(), queries, how),
                            exact_values(full, queries)) < 1e-13);
  }
  const Recorded r(p, short_protocol(OptimiserKind::sgd, 9));
  const MatrixXd end = queries.gradients(r.log.end.theta);
  const MatrixXd expected = gradient_sum(
      r, [&](const VectorXd&) -> const MatrixXd& { return end; }, true);
  const MatrixXd got =
      approximate_values(r.path(), queries, {.order = 0, .expected_membership = true});
  CHECK(relative_distance(got, expected) < 1e-12);
}

TEST_CASE("frozen gradients miss by the first power of the rate, linearised ones by the second") {
  const Problem p = tanh_regression_problem();
  const QueryLosses queries(p.model, p.query);
  const auto error = [&](double rate, bool linearised) {
    Protocol protocol = short_protocol(OptimiserKind::sgd, 9, 3);
    protocol.learning_rate = rate;
    const Recorded r(p, protocol);
    const Approximation how = {.gradient_period = r.log.steps(), .linearised = linearised};
    return relative_distance(approximate_values(r.path(), queries, how), exact_values(r, queries));
  };
  CHECK(error(2e-4, false) / error(1e-4, false) == doctest::Approx(2).epsilon(0.05));
  CHECK(error(2e-4, true) / error(1e-4, true) == doctest::Approx(4).epsilon(0.05));
  const Problem linear = ridge_problem();  // gradients are linear
  const Recorded r(linear, short_protocol(OptimiserKind::nesterov, 9));
  const QueryLosses own(linear.model, linear.query);
  for (const Index period : {Index{3}, r.log.steps()}) {
    const Approximation exact = {.gradient_period = period, .linearised = true};
    const Approximation frozen = {.gradient_period = period};
    CHECK(relative_distance(approximate_values(r.path(), own, exact), exact_values(r, own)) <
          1e-12);
    CHECK(relative_distance(approximate_values(r.path(), own, frozen), exact_values(r, own)) >
          1e-3);
  }
}

TEST_CASE("a moving target adds up what each step changes, there") {
  for (const Problem& p : {tanh_classification_problem(), tanh_regression_problem()})
    for (const OptimiserKind kind : kRules) {
      const Recorded r(p, short_protocol(kind, 9, 3));
      const QueryLosses queries(p.model, p.query);
      const std::vector<MatrixXd> u = all_tangents(r);
      MatrixXd expected = MatrixXd::Zero(queries.count(), p.size());
      Replay(r.objective, r.log).forward([&](const LoggedStep& step) {
        const auto t = static_cast<std::size_t>(step.number);
        const MatrixXd change = u[t + 1] - u[t];
        expected.noalias() += queries.gradients(step.before.theta).transpose() * change;
      });
      const MatrixXd moving = approximate_values(r.path(), queries, {.moving_target = true});
      CHECK(relative_distance(moving, expected) < 1e-12);
      if (kind != OptimiserKind::sgd) continue;
      const MatrixXd tracin = gradient_sum(
          r, [&](const VectorXd& theta) { return queries.gradients(theta); }, false);
      const Approximation first = {.order = 0, .moving_target = true};
      CHECK(relative_distance(approximate_values(r.path(), queries, first), tracin) < 1e-12);
    }
}

TEST_CASE("dropped terms are the ones that they are called") {
  const Problem p = tanh_classification_problem();
  for (const OptimiserKind kind : kRules) {
    const Recorded r(p, short_protocol(kind, 9, 2));
    const QueryLosses queries(p.model, p.query);
    const std::vector<MatrixXd> u = all_tangents(r);
    const auto t = static_cast<double>(r.log.steps());
    for (const bool moving : {false, true}) {
      const auto without = [&](DroppedTerm term) {
        return approximate_values(r.path(), queries, {.moving_target = moving, .dropped = term});
      };
      Replay replay(r.objective, r.log);
      const Index last = r.log.steps() - 1;
      const MatrixXd at_first = queries.gradients(moving ? r.start : r.log.end.theta);
      const MatrixXd at_last = queries.gradients(moving ? replay.theta(last) : r.log.end.theta);
      const MatrixXd whole = without(DroppedTerm::none);
      const MatrixXd end = u[u.size() - 1] - u[u.size() - 2];
      const MatrixXd first_boundary = t * at_first.transpose() * u[1];
      const MatrixXd last_boundary = t * at_last.transpose() * end;
      CHECK(relative_distance(whole - without(DroppedTerm::first_boundary), first_boundary) <
            1e-11);
      CHECK(relative_distance(whole - without(DroppedTerm::last_boundary), last_boundary) < 1e-11);
      const MatrixXd zeroth =
          approximate_values(r.path(), queries, {.order = 0, .moving_target = moving});
      CHECK(relative_distance(whole - without(DroppedTerm::first_order), zeroth) < 1e-13);
    }
  }
}

TEST_CASE("the budget says of each approximation what it says alone") {
  const Problem p = tanh_classification_problem();
  const Recorded r(p, short_protocol(OptimiserKind::sgd, 9, 3));
  const QueryLosses queries(p.model, p.query);
  std::vector<NamedApproximation> all = standard_budget(r.path(), 2);
  all.push_back({"nothing", {}});
  const std::vector<BudgetLine> lines = error_budget(r.path(), queries, all);
  std::set<std::string> names;
  for (const BudgetLine& line : lines) {
    names.insert(line.name);
    REQUIRE(line.relative_error);
    CHECK((*line.relative_error > 0 || line.name == "nothing"));
    REQUIRE(line.spearman);
    CHECK(*line.spearman <= 1 + 1e-12);
  }
  CHECK(names.size() == lines.size());
  const BudgetLine& nothing = lines.back();
  CHECK(*nothing.relative_error == 0);
  CHECK(*nothing.scale == doctest::Approx(1).epsilon(1e-14));
  CHECK(*nothing.spearman == doctest::Approx(1).epsilon(1e-12));
  const MatrixXd exact = exact_values(r, queries);
  const MatrixXd zeroth = approximate_values(r.path(), queries, {.order = 0});
  REQUIRE(lines.front().name == "order 0");
  CHECK(*lines.front().relative_error ==
        doctest::Approx(relative_distance(zeroth, exact)).epsilon(1e-12));
  const double c = *lines.front().scale;  // least squares: the rest is orthogonal
  CHECK(std::abs((exact - c * zeroth).cwiseProduct(zeroth).sum()) < 1e-12 * exact.squaredNorm());
}

TEST_CASE("approximations that mean nothing are refused") {
  const Problem p = ridge_problem();
  const Recorded r(p, short_protocol(OptimiserKind::sgd, 9, 1));
  const QueryLosses queries(p.model, p.query);
  for (const Approximation& how : {Approximation{.order = -1},
                                   Approximation{.checkpoints = r.log.steps() + 1},
                                   Approximation{.proxy_batch = -1},
                                   Approximation{.difference = -1},
                                   Approximation{.gradient_period = 0}})
    CHECK_THROWS_AS(approximate_values(r.path(), queries, how), std::invalid_argument);
}
