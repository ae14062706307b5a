// SPDX-License-Identifier: MIT
#include "influence/trajectory/diff_in.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "influence/trajectory/error_budget.h"
#include "influence/trajectory/tracin.h"
#include "influence/trajectory/unrolled.h"
#include "tests/influence/trajectory/recorded.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

DiffInOptions literal(DiffInOptions o) {
  o.per_example = true;
  return o;
}

/// Images of 4 x 4 pixels in three classes, a convolution and two dense layers.
Problem image_problem() {
  const Dataset whole = make_blobs(36, 16, 3, 0.8, 17);
  const ModelSpec spec = parse_model("lenet:2/3", Task::multiclass, 16, 3, {1, 4, 4});
  return {Model(spec), take(whole, all_examples(30)), take(whole, {30, 31, 32}), 0.01};
}

/// Eq. (9) example by example from dense Hessians, with the removal's sign: of the query with
/// gradient v, and of the example itself.
VectorXd dense_equation(const Recorded& r, const Checkpoints& chosen, Index i, const VectorXd& v) {
  const Problem& p = r.problem;
  VectorXd values = VectorXd::Zero(2);
  const auto n = static_cast<double>(p.size());
  const auto m = static_cast<double>(chosen.steps.size());
  Replay replay(r.objective, r.log);
  for (const Index t : chosen.steps) {
    const Index leaving = std::min(t, r.log.steps() - 1);
    const std::span<const Index> b = r.log.batch(leaving);
    const VectorXd theta = replay.theta(t);
    const Dataset batch = take(p.train, {b.begin(), b.end()}), one = take(p.train, {i});
    VectorXd g_b, g_z;
    Evaluator of_batch(training_objective(p.model, batch, 0));
    Evaluator of_one(training_objective(p.model, one, 0));
    of_batch.gradient(theta, g_b);
    of_one.gradient(theta, g_z);
    const MatrixXd h_b = of_batch.curvature(theta, Curvature::full);
    const MatrixXd h_z = of_one.curvature(theta, Curvature::full);
    const double rate = r.log.rates[static_cast<std::size_t>(leaving)];
    const VectorXd bracket = h_b * g_z + h_z * g_b;
    const double factor = static_cast<double>(t) * rate * rate / (n * m);
    values += factor * VectorXd{{v.dot(bracket), g_z.dot(bracket)}};
  }
  return values;
}

}  // namespace

TEST_CASE("Diff-In is Eq. (9), and its self-influence Eq. (12), from dense Hessians") {
  for (const auto problem : {tanh_classification_problem, tanh_regression_problem}) {
    const Recorded r(problem(), cosine(plain_sgd(7)));
    DiffInOptions o;
    o.query_gradient_at_end = true;
    const QueryLosses mean = r.queries(QueryLosses::As::mean);
    const Scores scores = diff_in_scores(r.path(), mean, o);
    const VectorXd self = diff_in_self_influence(r.path(), o);
    const Checkpoints chosen = choose_checkpoints(r.log.steps(), o.checkpoints);
    const VectorXd v = mean.gradients(r.log.end.theta);
    for (const Index i : {Index(0), Index(17)}) {
      const VectorXd dense = dense_equation(r, chosen, i, v);
      CHECK(scores.values(0, i) == doctest::Approx(dense(0)).epsilon(1e-11));
      CHECK(self(i) == doctest::Approx(dense(1)).epsilon(1e-11));
    }
  }
}

TEST_CASE("Diff-In on a line through the origin is a sum of products of numbers") {
  ModelSpec spec = parse_model("linear", Task::regression, 1, 1);
  spec.bias = false;
  const Dataset whole = make_linear_regression(12, 1, 0.5, 3);
  const Recorded r({Model(spec), whole, take(whole, {0, 1}), 0.0}, plain_sgd(12, 0.1, 9));
  DiffInOptions o;
  o.checkpoints = {Sampling::even, 4, 0};
  const Scores scores = diff_in_scores(r.path(), r.queries(), o);
  const auto x = whole.inputs.row(0).array();
  const auto y = whole.targets.row(0).array();
  double w = r.start(0);
  MatrixXd expected = MatrixXd::Zero(2, 12);
  for (Index t = 1; t <= 9; ++t) {
    const double h = x.square().mean(), g = (x * (x * w - y)).mean();
    w -= 0.1 * g;
    if (t != 2 && t != 5 && t != 7 && t != 9) continue;  // round(9 k / 4)
    const Eigen::ArrayXd each = (x * (x * w - y)).transpose();
    const double mean = each.mean();
    for (Index q = 0; q < 2; ++q)
      for (Index i = 0; i < 12; ++i)
        expected(q, i) +=
            static_cast<double>(t) * 0.01 / (12 * 4) * each(q) * (h * each(i) + x(i) * x(i) * mean);
  }
  CHECK(relative_distance(scores.values, expected) < 1e-13);
}

TEST_CASE("one shared product per checkpoint gives what Eq. (9) does example by example") {
  std::vector<Problem> problems = every_problem();
  problems.push_back(image_problem());
  for (Problem& p : problems) {
    const Recorded r(std::move(p), cosine(plain_sgd(9)));
    for (const ProxyBatch proxy : {ProxyBatch::own, ProxyBatch::random, ProxyBatch::full})
      for (const FirstOrderTerm first :
           {FirstOrderTerm::none, FirstOrderTerm::start, FirstOrderTerm::tracin}) {
        DiffInOptions o;
        o.proxy = proxy;
        o.proxy_size = 11;
        o.first_order = first;
        o.query_gradient_at_end = proxy == ProxyBatch::random;
        o.products.with_weight_decay = proxy == ProxyBatch::full;
        const MatrixXd shared = diff_in_scores(r.path(), r.queries(), o).values;
        CHECK(relative_distance(shared, diff_in_scores(r.path(), r.queries(), literal(o)).values) <
              1e-12);
        if (!o.query_gradient_at_end) continue;
        const MatrixXd u = diff_in_parameters(r.path(), all_examples(r.problem.size()), o);
        CHECK(relative_distance(r.queries().gradients(r.log.end.theta).transpose() * u, shared) <
              1e-12);
      }
  }
}

TEST_CASE("the double sum errs by the third power of the rate, TracIn's order by the second") {
  // Few full-batch steps, with weight decay: what is left out has one more factor of rate T.
  for (const bool falling : {false, true}) {
    double previous = 0, first_before = 0, bare_before = 0;
    for (const double rate : {0.02, 0.01, 0.005}) {
      Problem problem = tanh_classification_problem();
      problem.weight_decay = 0.5;
      const Recorded r(std::move(problem),
                       falling ? cosine(plain_sgd(100, rate, 8)) : plain_sgd(100, rate, 8));
      const MatrixXd exact = unrolled_scores(r.path(), r.queries()).values;
      DiffInOptions o = consistent_diff_in();
      const double error = (diff_in_scores(r.path(), r.queries(), o).values - exact).norm();
      UnrollOptions along;
      along.propagate = false;
      const double first = (unrolled_scores(r.path(), r.queries(), along).values - exact).norm();
      o.products.with_weight_decay = false;
      const double bare = (diff_in_scores(r.path(), r.queries(), o).values - exact).norm();
      CHECK(error < 0.2 * first);
      if (previous > 0) {
        CHECK(previous / error == doctest::Approx(8).epsilon(0.12));
        CHECK(first_before / first == doctest::Approx(4).epsilon(0.12));
        CHECK(bare_before / bare == doctest::Approx(4).epsilon(0.12));  // without decay in G and H
      }
      previous = error;
      first_before = first;
      bare_before = bare;
    }
  }
}

TEST_CASE("with mini-batches the double sum errs by the second power of the rate") {
  const Problem problem = tanh_classification_problem();
  double previous = 0;
  for (const double rate : {0.004, 0.002, 0.001}) {
    const Recorded r(problem, plain_sgd(9, rate, 2));
    // Without the spread of membership, of which the first power would be left.
    const Approximation expected{.expected_membership = true};
    const MatrixXd exact = approximate_values(r.path(), r.queries(), expected);
    const double error =
        (diff_in_scores(r.path(), r.queries(), consistent_diff_in()).values - exact).norm();
    if (previous > 0) {
      CHECK(previous / error > 3.5);
      CHECK(previous / error < 4.5);
    }
    previous = error;
  }
}

TEST_CASE("after one step weight T - t is T - 1 times the other's opposite, and at the end zero") {
  const Recorded r(tanh_regression_problem(), plain_sgd(9));
  DiffInOptions elapsed, remaining;
  remaining.weight = StepWeight::remaining;
  elapsed.checkpoints = remaining.checkpoints = {Sampling::early, 1, 0};
  const auto later = static_cast<double>(r.log.steps() - 1);
  CHECK(relative_distance(diff_in_scores(r.path(), r.queries(), remaining).values,
                          -later * diff_in_scores(r.path(), r.queries(), elapsed).values) < 1e-14);
  remaining.checkpoints.sampling = Sampling::late;
  CHECK(diff_in_scores(r.path(), r.queries(), remaining).values.isZero(0));
}

TEST_CASE("the first-order terms are TracIn's at the start, and at the same checkpoints") {
  const Recorded r(tanh_classification_problem(), cosine(plain_sgd(9)));
  DiffInOptions o;
  o.sum_over_steps = true;
  const MatrixXd second = diff_in_scores(r.path(), r.queries(), o).values;
  const double rates = std::accumulate(r.log.rates.begin(), r.log.rates.end(), 0.0);
  const Checkpoints start{{0}, rates / r.log.rates[0]};
  for (const bool at_start : {true, false}) {
    o.first_order = at_start ? FirstOrderTerm::start : FirstOrderTerm::tracin;
    const Checkpoints c = at_start ? start : choose_checkpoints(r.log.steps(), o.checkpoints);
    const MatrixXd first = diff_in_scores(r.path(), r.queries(), o).values + second;  // F - S + S
    CHECK(relative_distance(first, tracin_checkpoints(r.path(), r.queries(), c).values) < 1e-13);
  }
}

TEST_CASE("the paper's average is the sum over steps divided by T, and its sign the opposite") {
  const Recorded r(tanh_classification_problem(), plain_sgd(9));
  for (const FirstOrderTerm first : {FirstOrderTerm::none, FirstOrderTerm::start}) {
    DiffInOptions o;
    o.first_order = first;
    const MatrixXd average = diff_in_scores(r.path(), r.queries(), o).values;
    o.sum_over_steps = true;
    const auto total = static_cast<double>(r.log.steps());
    CHECK(relative_distance(diff_in_scores(r.path(), r.queries(), o).values, total * average) <
          1e-14);
    o.sum_over_steps = false;
    o.sign = DiffInSign::paper;
    CHECK(diff_in_scores(r.path(), r.queries(), o).values == -average);
  }
}

TEST_CASE("the sign is that of retraining, for the paper's formula and for the double sum") {
  const Recorded r(tanh_classification_problem(), plain_sgd(100, 0.1, 10));
  const QueryLosses mean = r.queries(QueryLosses::As::mean);
  Index strongest = 0;
  unrolled_scores(r.path(), mean).values.row(0).cwiseAbs().maxCoeff(&strongest);
  const double truth = r.change(mean, strongest)(0);
  CHECK(diff_in_scores(r.path(), mean).values(0, strongest) * truth > 0);
  const double whole = diff_in_scores(r.path(), mean, consistent_diff_in()).values(0, strongest);
  CHECK(whole == doctest::Approx(truth).epsilon(0.3));
  // Own loss rises without the example: self-influence is positive.
  CHECK(diff_in_self_influence(r.path())(strongest) > 0);
}

TEST_CASE("an example of weight zero has no influence, bit for bit; one never drawn does") {
  Recorded r(tanh_regression_problem(), plain_sgd(9));
  r.objective.weights(3) = 0;
  r.record(plain_sgd(9));
  DiffInOptions o;
  o.first_order = FirstOrderTerm::start;
  CHECK(diff_in_scores(r.path(), r.queries(), o).values.col(3).isZero(0));
  CHECK(diff_in_scores(r.path(), r.queries(), literal(o)).values.col(3).isZero(0));
  CHECK(diff_in_self_influence(r.path(), o)(3) == 0);
  CHECK(diff_in_scores(r.path(), r.queries(), o).values.col(4).norm() > 0);
  TrainingLog first = r.log;  // one step, of nine examples
  first.rates.resize(1);
  first.begins.resize(2);
  o.checkpoints = {Sampling::all, 1, 0};
  const Trajectory path{&r.objective, &first};
  const auto end = first.order.begin() + 9;
  Index never = 0;
  while (never == 3 || std::find(first.order.begin(), end, never) != end) ++never;
  CHECK(diff_in_scores(path, r.queries(), o).values.col(never).norm() > 0);
  CHECK(unrolled_scores(path, r.queries()).values.col(never).isZero(0));
}

TEST_CASE("what does not fit Diff-In is refused, momentum with its reason") {
  Protocol heavy = plain_sgd(9);
  heavy.momentum = 0.9;
  const Recorded momentum(ridge_problem(), heavy);
  CHECK_THROWS_WITH_AS(diff_in_scores(momentum.path(), momentum.queries()),
                       doctest::Contains("a velocity"),
                       std::invalid_argument);
  Protocol adam = plain_sgd(9);
  adam.optimiser = OptimiserKind::adam;
  const Recorded means(ridge_problem(), adam);
  CHECK_THROWS_AS(diff_in_self_influence(means.path()), std::invalid_argument);
  const Recorded r(ridge_problem(), plain_sgd(9));
  DiffInOptions none, flat, large;
  none.checkpoints.count = 0;
  flat.products.epsilon = 0;
  large.proxy = ProxyBatch::random;
  large.proxy_size = 25;
  for (const DiffInOptions& o : {none, flat, large})
    CHECK_THROWS_AS(diff_in_scores(r.path(), r.queries(), o), std::invalid_argument);
  const std::vector<Index> beyond = {24};
  CHECK_THROWS_AS(diff_in_parameters(r.path(), beyond), std::invalid_argument);
}
