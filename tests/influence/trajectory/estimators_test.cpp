// SPDX-License-Identifier: MIT
#include "influence/trajectory/estimators.h"

#include <doctest/doctest.h>

#include <set>
#include <stdexcept>

#include "influence/estimators/influence_function.h"
#include "influence/metrics/correlation.h"
#include "influence/trajectory/estimator_cost.h"
#include "influence/trajectory/hydra.h"
#include "influence/trajectory/moso.h"
#include "influence/trajectory/tracin.h"
#include "tests/influence/trajectory/recorded.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using Kind = TrajectoryEstimator;

namespace {

MatrixXd estimate(Kind kind, const Recorded& s, const TrajectoryOptions& options = {}) {
  return trajectory_estimate(kind, s.path(), s.queries(), options).values;
}

}  // namespace

TEST_CASE("every trajectory estimator has a name of its own that parses, and a line") {
  std::set<std::string> names;
  int number = 0;
  for (const Kind kind : trajectory_estimators()) {
    CHECK(static_cast<int>(kind) == number++);
    const std::string name = trajectory_estimator_name(kind);
    CHECK(names.insert(name).second);
    CHECK(parse_trajectory_estimator(name) == kind);
    CHECK_FALSE(explanation(kind).empty());
  }
  CHECK(number == static_cast<int>(Kind::moso) + 1);
  CHECK_THROWS_AS(parse_trajectory_estimator("tea leaves"), std::invalid_argument);
}

TEST_CASE("every trajectory estimator has the sign of retraining, and its order of examples") {
  const Problem p = logistic_problem();
  Protocol protocol = protocol_of(OptimiserKind::sgd, 0);
  protocol.epochs = 2;  // short enough for those that stop at an order of the rate
  const Recorded s = uneven(p, protocol);
  const QueryLosses mean = s.queries(QueryLosses::As::mean);
  const VectorXd losses_before = losses(p.model, p.train, s.log.end.theta);
  VectorXd of_query(p.size()), of_others(p.size());
  for (Index i = 0; i < p.size(); ++i) {
    const VectorXd without = s.end(i, 1);
    of_query(i) = mean.values(without)(0) - mean.values(s.log.end.theta)(0);
    VectorXd change = losses(p.model, p.train, without) - losses_before;
    change(i) = 0;
    of_others(i) = s.objective.weights.dot(change);
  }
  for (const Kind kind : trajectory_estimators()) {
    CAPTURE(trajectory_estimator_name(kind));
    const VectorXd& truth = has_query(kind) ? of_query : of_others;
    Index strongest = 0;
    truth.cwiseAbs().maxCoeff(&strongest);
    TrajectoryOptions options;
    options.diff_in.sum_over_steps = true;
    const Scores scores = trajectory_estimate(kind, s.path(), mean, options);
    CHECK(scores.method == trajectory_estimator_name(kind));
    CHECK(scores.normalisation == Normalisation::removal);
    CHECK(scores.values(0, strongest) / truth(strongest) > 0.2);
    CHECK(scores.values(0, strongest) / truth(strongest) < 5);
    // Ideal TracIn shares a batch's change among all its members.
    if (kind != Kind::tracin_ideal) CHECK(*spearman(scores.values.row(0).transpose(), truth) > 0.7);
  }
}

TEST_CASE("the registry passes every variant of Diff-In on, but products and checkpoints") {
  const Problem p = softmax_problem();
  const Recorded s = uneven(p, plain_sgd(9));
  DiffInOptions all;
  all.weight = StepWeight::remaining;
  all.first_order = FirstOrderTerm::start;
  all.proxy = ProxyBatch::random;
  all.proxy_size = 5;
  all.sum_over_steps = true;
  all.query_gradient_at_end = true;
  TrajectoryOptions options{.sampled = {Sampling::even, 4, 0}, .diff_in = all};
  all.checkpoints = options.sampled;
  CHECK(estimate(Kind::diff_in, s, options) == diff_in_scores(s.path(), s.queries(), all).values);
  all.products.products = HessianProducts::forward_difference;
  CHECK(estimate(Kind::diff_in_differences, s, options) ==
        diff_in_scores(s.path(), s.queries(), all).values);
}

TEST_CASE("self-influence is the score of an example as its own query, in blocks of any number") {
  const Problem p = tanh_regression_problem();
  const Recorded s = uneven(p, plain_sgd(9));
  REQUIRE(s.path().examples() > 32);
  for (const Kind kind : {Kind::unrolled, Kind::source_hessian, Kind::grad_dot}) {
    CAPTURE(trajectory_estimator_name(kind));
    const QueryLosses train(s.problem.model, s.problem.train);
    const MatrixXd scores = trajectory_estimate(kind, s.path(), train).values;
    const VectorXd self = trajectory_self_influence(kind, s.path());
    CHECK(relative_distance(self, scores.diagonal()) < 1e-13);
  }
  const TrajectoryOptions options{.sampled = {Sampling::random, 4, 1}};
  DiffInOptions four;
  four.checkpoints = options.sampled;
  CHECK(trajectory_self_influence(Kind::diff_in, s.path(), options) ==
        diff_in_self_influence(s.path(), four));
  CHECK(trajectory_self_influence(Kind::tracin_checkpoints, s.path(), options) ==
        tracin_self_influence(s.path(), choose_checkpoints(s.path().steps(), options.sampled)));
  CHECK_THROWS_WITH_AS(trajectory_self_influence(Kind::moso, s.path()),
                       doctest::Contains("moso has no query"),
                       std::invalid_argument);
}

TEST_CASE("the registry calls what the names say") {
  const Problem p = tanh_classification_problem();
  const Recorded s = uneven(p, protocol_of(OptimiserKind::sgd, 0));
  const MatrixXd exact = unrolled_scores(s.path(), s.queries()).values;
  CHECK(estimate(Kind::unrolled, s) == exact);
  CHECK(estimate(Kind::sgd_influence, s) == exact);
  CHECK(estimate(Kind::hydra, s) == exact);
  CHECK(estimate(Kind::hydra_fast, s) == hydra_scores(s.path(), s.queries(), Hydra::fast).values);
  UnrollOptions first;
  first.propagate = false;
  CHECK(estimate(Kind::first_order, s) == unrolled_scores(s.path(), s.queries(), first).values);
  for (const auto& [kind, curvature] :
       {std::pair{Kind::source_hessian, SourceCurvature::hessian},
        std::pair{Kind::source_gauss_newton, SourceCurvature::gauss_newton},
        std::pair{Kind::source_ek_fac, SourceCurvature::ek_fac}})
    CHECK(estimate(kind, s, {.segments = 2, .checkpoints = 1}) ==
          source_scores(s.path(), s.queries(), {2, 1, curvature}).values);
}

TEST_CASE("MoSo has no query: its one row is the training set's own, whatever is asked") {
  const Problem p = tanh_classification_problem();
  const Recorded s = uneven(p, protocol_of(OptimiserKind::sgd, 0));
  const TrajectoryOptions options{.sampled = {Sampling::random, 4, 1}};
  const Scores one = trajectory_estimate(Kind::moso, s.path(), s.queries(), options);
  const Checkpoints four = choose_checkpoints(s.log.steps(), options.sampled);
  CHECK(one.values == moso_scores(s.path(), four).values);
  CHECK(one.values.rows() == 1);
  CHECK(one.measurement == "training loss of the others");
  Cost counted;
  moso_scores(s.path(), four, MosoForm::aligned, &counted);
  const Cost predicted = estimator_cost(Kind::moso, s.path(), 6, options).counted;
  CHECK(predicted.differentiated == doctest::Approx(counted.differentiated).epsilon(1e-14));
  CHECK(predicted.products == counted.products);
  CHECK(predicted.bytes == counted.bytes);
  for (const Kind kind : trajectory_estimators()) {
    CHECK(has_query(kind) == (kind != Kind::moso));
    const Index rows = has_query(kind) ? s.queries().count() : 1;
    CHECK(estimate(kind, s, options).rows() == rows);
  }
}

TEST_CASE("every estimator takes a CNN, and SOURCE's EK-FAC is nearest to its Gauss-Newton") {
  const Problem p = cnn_problem();
  const Recorded s = uneven(p, protocol_of(OptimiserKind::sgd, 0));
  for (const Kind kind : trajectory_estimators()) CHECK(estimate(kind, s).allFinite());
  const MatrixXd whole = estimate(Kind::source_gauss_newton, s);
  const double factored = relative_distance(estimate(Kind::source_ek_fac, s), whole);
  CHECK(factored < 0.5 * relative_distance(estimate(Kind::first_order, s), whole));
  CHECK(factored < 0.5 * relative_distance(estimate(Kind::influence_function, s), whole));
  // Its factors, of 20 examples and one output: 2 x 19 at 16 positions, 1 x 9 at one.
  const TrajectoryOptions once{.segments = 1, .checkpoints = 1};
  const double moments = 20 * (16.0 * (2 * 361 + 2 * 4 + 38) + (2 * 81 + 2 + 9));
  const double vectors = 4.5 * (6859 + 8 + 729 + 1);
  CHECK(estimator_cost(Kind::source_ek_fac, s.path(), 1, once).dense == moments + vectors);
}

TEST_CASE("accumulated SGD-influence is removal itself for squared errors of linear models") {
  const Problem p = ridge_problem();
  const Recorded s = uneven(p, protocol_of(OptimiserKind::sgd));
  const MatrixXd scores = estimate(Kind::accumulated_sgd_influence, s);
  const MatrixXd gradients = s.queries().gradients(s.log.end.theta);
  for (const Index i : {Index{2}, Index{7}}) {
    const VectorXd moved = s.end(i, 1) - s.log.end.theta;
    CHECK(relative_distance(scores.col(i), gradients.transpose() * moved) < 1e-12);
  }
}

TEST_CASE("the influence function at the end of a training is InfluenceFunction's, damped") {
  const Problem p = tanh_classification_problem();
  Recorded s = uneven(p, protocol_of(OptimiserKind::sgd));
  const LeaveOneOut loo(p.model, p.train, p.weight_decay, 0.4, s.start, s.log.end.theta);
  const EstimatorOptions options{.curvature = Curvature::full, .solver = SolverKind::ldlt};
  const MatrixXd expected =
      InfluenceFunction(loo, options).scores(p.query, all_examples(p.size())).values;
  s.objective = p.objective();  // weights of 1/N, at the parameters of the log
  CHECK(relative_distance(estimate(Kind::influence_function, s, {.damping = 0.4}), expected) <
        1e-11);
  s.objective.weights(2) *= 1.5;
  const MatrixXd heavier = estimate(Kind::influence_function, s, {.damping = 0.4});
  const MatrixXd h = Evaluator(s.objective).curvature(s.log.end.theta, Curvature::full) +
                     0.4 * MatrixXd::Identity(p.parameters(), p.parameters());
  const MatrixXd g = loss_gradients(p.model, p.train, s.log.end.theta);
  const MatrixXd steps = h.llt().solve(g * s.objective.weights.asDiagonal());
  CHECK(relative_distance(heavier, s.queries().gradients(s.log.end.theta).transpose() * steps) <
        1e-11);
}

TEST_CASE("what an estimator cannot take is refused through the registry as well") {
  const Problem p = ridge_problem();
  const Recorded momentum = uneven(p, protocol_of(OptimiserKind::sgd));
  CHECK_THROWS_AS(estimate(Kind::sgd_influence, momentum), std::invalid_argument);
  CHECK_THROWS_AS(estimate(Kind::data_value_embedding, momentum), std::invalid_argument);
  const Recorded s = uneven(p, protocol_of(OptimiserKind::sgd, 0));
  for (const Kind kind : {Kind::accumulated_sgd_influence,
                          Kind::data_value_embedding,
                          Kind::source_hessian,
                          Kind::source_gauss_newton,
                          Kind::influence_function})
    CHECK_THROWS_AS(estimate(kind, s, {.memory = 100}), std::invalid_argument);
}
