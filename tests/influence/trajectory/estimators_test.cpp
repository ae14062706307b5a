// SPDX-License-Identifier: MIT
#include "influence/trajectory/estimators.h"

#include <doctest/doctest.h>

#include <set>
#include <stdexcept>

#include "influence/estimators/influence_function.h"
#include "influence/metrics/correlation.h"
#include "influence/trajectory/hydra.h"
#include "tests/influence/trajectory/recorded.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using Kind = TrajectoryEstimator;

namespace {

MatrixXd estimate(Kind kind, const Setting& s, const TrajectoryOptions& options = {}) {
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
  CHECK(number == static_cast<int>(Kind::diff_in_consistent) + 1);
  CHECK_THROWS_AS(parse_trajectory_estimator("tea leaves"), std::invalid_argument);
}

TEST_CASE("every trajectory estimator has the sign of retraining, and its order of examples") {
  const Problem p = logistic_problem();
  Protocol protocol = protocol_of(OptimiserKind::sgd, 0);
  protocol.epochs = 2;  // short enough for those that stop at an order of the rate
  const Setting s(p, protocol);
  const QueryLosses mean = s.queries(QueryLosses::As::mean);
  VectorXd truth(p.size());
  for (Index i = 0; i < p.size(); ++i)
    truth(i) = mean.values(s.end(i, 1))(0) - mean.values(s.log.end.theta)(0);
  Index strongest = 0;
  truth.cwiseAbs().maxCoeff(&strongest);
  for (const Kind kind : trajectory_estimators()) {
    CAPTURE(trajectory_estimator_name(kind));
    TrajectoryOptions options;
    options.sum_over_steps = true;
    const Scores scores = trajectory_estimate(kind, s.path(), mean, options);
    CHECK(scores.method == trajectory_estimator_name(kind));
    CHECK(scores.normalisation == Normalisation::removal);
    CHECK(scores.values(0, strongest) / truth(strongest) > 0.2);
    CHECK(scores.values(0, strongest) / truth(strongest) < 5);
    // Ideal TracIn shares a batch's change among all its members.
    if (kind != Kind::tracin_ideal) CHECK(*spearman(scores.values.row(0).transpose(), truth) > 0.7);
  }
}

TEST_CASE("the registry calls what the names say") {
  const Problem p = tanh_classification_problem();
  const Setting s(p, protocol_of(OptimiserKind::sgd, 0));
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

TEST_CASE("accumulated SGD-influence is removal itself for squared errors of linear models") {
  const Problem p = ridge_problem();
  const Setting s(p, protocol_of(OptimiserKind::sgd));
  const MatrixXd scores = estimate(Kind::accumulated_sgd_influence, s);
  const MatrixXd gradients = s.queries().gradients(s.log.end.theta);
  for (const Index i : {Index{2}, Index{7}}) {
    const VectorXd moved = s.end(i, 1) - s.log.end.theta;
    CHECK(relative(scores.col(i), gradients.transpose() * moved) < 1e-12);
  }
}

TEST_CASE("the influence function at the end of a training is InfluenceFunction's, damped") {
  const Problem p = tanh_classification_problem();
  Setting s(p, protocol_of(OptimiserKind::sgd));
  const LeaveOneOut loo(p.model, p.train, p.weight_decay, 0.4, s.start, s.log.end.theta);
  const EstimatorOptions options{.curvature = Curvature::full, .solver = SolverKind::ldlt};
  const MatrixXd expected =
      InfluenceFunction(loo, options).scores(p.query, all_examples(p.size())).values;
  s.objective = p.objective();  // weights of 1/N, at the parameters of the log
  CHECK(relative(estimate(Kind::influence_function, s, {.damping = 0.4}), expected) < 1e-11);
  s.objective.weights(2) *= 1.5;
  const MatrixXd heavier = estimate(Kind::influence_function, s, {.damping = 0.4});
  const MatrixXd h = Evaluator(s.objective).curvature(s.log.end.theta, Curvature::full) +
                     0.4 * MatrixXd::Identity(p.parameters(), p.parameters());
  const MatrixXd g = loss_gradients(p.model, p.train, s.log.end.theta);
  const MatrixXd steps = h.llt().solve(g * s.objective.weights.asDiagonal());
  CHECK(relative(heavier, s.queries().gradients(s.log.end.theta).transpose() * steps) < 1e-11);
}

TEST_CASE("what an estimator cannot take is refused through the registry as well") {
  const Problem p = ridge_problem();
  const Setting momentum(p, protocol_of(OptimiserKind::sgd));
  CHECK_THROWS_AS(estimate(Kind::sgd_influence, momentum), std::invalid_argument);
  CHECK_THROWS_AS(estimate(Kind::data_value_embedding, momentum), std::invalid_argument);
  const Setting s(p, protocol_of(OptimiserKind::sgd, 0));
  for (const Kind kind : {Kind::accumulated_sgd_influence,
                          Kind::data_value_embedding,
                          Kind::source_hessian,
                          Kind::source_gauss_newton,
                          Kind::influence_function})
    CHECK_THROWS_AS(estimate(kind, s, {.memory = 100}), std::invalid_argument);
}
