// SPDX-License-Identifier: MIT
#include "influence/estimators/influence_function.h"

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>
#include <string>

#include "tests/support/leave_one_out.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr SolverKind kSolvers[] = {SolverKind::cholesky,
                                   SolverKind::ldlt,
                                   SolverKind::eigen,
                                   SolverKind::cg,
                                   SolverKind::lissa,
                                   SolverKind::stochastic_lissa};

/// Central difference in epsilon of a response's parameters, at epsilon = 0.
VectorXd response_derivative(const LeaveOneOut& loo, Response r, Index k) {
  const double h = 1e-4;
  const auto at = [&](double epsilon) {
    return minimise(loo.objective(r, {k}, epsilon), loo.theta_s()).theta;
  };
  return (at(h) - at(-h)) / (2 * h);
}

}  // namespace

TEST_CASE("every solver gives (C + damping I)^-1 of the removal gradients") {
  const Problem p = tanh_classification_problem();
  const VectorXd theta_s = p.anywhere(1);
  const LeaveOneOut loo = leave_one_out(p, 0.05, theta_s);
  const std::vector<Index> removed = {0, 5, 9};
  MatrixXd c = Evaluator(p.objective()).curvature(theta_s, Curvature::gauss_newton);
  c.diagonal().array() += 0.05;
  const MatrixXd g = loss_gradients(p.model, take(p.train, removed), theta_s);
  const MatrixXd expected = c.llt().solve(g) / static_cast<double>(p.size());
  for (const SolverKind solver : kSolvers) {
    CAPTURE(solver_name(solver));
    if (solver == SolverKind::stochastic_lissa) continue;
    for (const Index dense_limit : {0, 4000}) {  // by products, by the matrix
      EstimatorOptions options;
      options.solver = solver;
      options.dense_limit = dense_limit;
      const Solution s = InfluenceFunction(loo, options).steps(removed);
      CHECK(s.converged);
      CHECK(distance(s.x, expected) < (solver == SolverKind::cg ? 1e-8 : 1e-10));
    }
  }
  EstimatorOptions stochastic;
  stochastic.solver = SolverKind::stochastic_lissa;
  stochastic.batch_size = 42;
  stochastic.depth = 1000;
  stochastic.repeats = 4;
  const Solution s = InfluenceFunction(loo, stochastic).steps(removed);
  CHECK(distance(s.x, expected) < 0.15);  // noise of the batches, of order 1/sqrt(42)
  CHECK(s.x == InfluenceFunction(loo, stochastic).steps(removed).x);
}

TEST_CASE("solving for the examples and for the queries gives the same scores") {
  for (const Problem& p : every_problem()) {
    const LeaveOneOut loo = leave_one_out(p, 0.02, p.anywhere(2));
    const InfluenceFunction influence(loo, {});
    const std::vector<Index> removed = {1, 4, 2};
    const Scores by_train = influence.scores(p.query, removed);
    const Scores by_query = influence.scores_by_query(p.query, removed);
    REQUIRE(by_train.values.rows() == p.query.size());
    REQUIRE(by_train.values.cols() == 3);
    CHECK(distance(by_query.values, by_train.values) < 1e-11);
    CHECK((by_train.train == one_by_one(removed)));
    CHECK(by_train.train_size == p.size());
    CHECK(by_train.converged);
    CHECK(by_query.converged);
    CHECK(by_train.measurement == "loss");
  }
}

TEST_CASE("scores between training examples are symmetric, and self-scores are not negative") {
  for (const Problem& p : every_problem()) {
    const LeaveOneOut loo = leave_one_out(p, 0.02, p.anywhere(3));
    const MatrixXd s = InfluenceFunction(loo, {}).scores(p.train, all_examples(p.size())).values;
    CHECK(distance(s, s.transpose()) < 1e-12);
    CHECK(s.diagonal().minCoeff() >= 0);
    CHECK(s.diagonal().maxCoeff() > 0);
  }
}

TEST_CASE("infinite damping leaves the dot product of gradients over damping and N") {
  for (const Problem& p : every_problem()) {
    const VectorXd theta_s = p.anywhere(4);
    const double damping = 1e9;
    const LeaveOneOut loo = leave_one_out(p, damping, theta_s);
    const MatrixXd scores =
        InfluenceFunction(loo, {}).scores(p.query, all_examples(p.size())).values;
    const MatrixXd dots = loss_gradients(p.model, p.query, theta_s).transpose() *
                          loss_gradients(p.model, p.train, theta_s);
    CHECK(distance(damping * static_cast<double>(p.size()) * scores, dots) < 1e-6);
  }
}

TEST_CASE("the Hessian's step is the derivative of retraining, Gauss-Newton's that of the PBRF") {
  const Problem p = tanh_classification_problem();
  const VectorXd optimum = minimise(p.objective(), p.anywhere(5)).theta;
  const double n = static_cast<double>(p.size());
  const LeaveOneOut converged = leave_one_out(p, 0, optimum);
  const LeaveOneOut elsewhere = leave_one_out(p, 0.2, p.anywhere(6));
  for (const Index k : {0, 11}) {
    const VectorXd retrained = response_derivative(converged, Response::warm_start, k);
    const VectorXd pbrf = response_derivative(elsewhere, Response::pbrf, k);
    const auto steps = [&](const LeaveOneOut& loo, Curvature c) {
      return (n * InfluenceFunction(loo, {.curvature = c}).steps(std::vector<Index>{k}).x).eval();
    };
    CHECK(distance(steps(converged, Curvature::full), retrained) < 1e-4);
    CHECK(distance(steps(converged, Curvature::gauss_newton), retrained) > 0.01);
    CHECK(distance(steps(elsewhere, Curvature::gauss_newton), pbrf) < 1e-4);
  }
}

TEST_CASE("positive: removing the example raises the query's loss, by about the score") {
  const Problem p = logistic_problem(150);
  const LeaveOneOut loo = leave_one_out(p, 0, p.optimum());
  const Scores scores = InfluenceFunction(loo, {}).scores(p.query, all_examples(p.size()));
  Index q = 0, k = 0;
  for (const bool largest : {true, false}) {
    if (largest)
      scores.values.maxCoeff(&q, &k);
    else
      scores.values.minCoeff(&q, &k);
    const VectorXd change = losses(p.model, p.query, solved(loo, Response::cold_start, k)) -
                            losses(p.model, p.query, loo.theta_s());
    CHECK((scores.values(q, k) > 0) == largest);
    CHECK(change(q) == doctest::Approx(scores.values(q, k)).epsilon(0.15));
  }
}

TEST_CASE("per unit weight: minus the derivative in the example's weight, N times the removal") {
  const Problem p = softmax_problem(90);
  const VectorXd optimum = p.optimum();
  const LeaveOneOut loo = leave_one_out(p, 0, optimum);
  const Index k = 8;
  const Scores removal = InfluenceFunction(loo, {}).scores(p.query, {k});
  CHECK(removal.normalisation == Normalisation::removal);
  const Scores per_weight = removal.as(Normalisation::per_unit_weight);
  CHECK(distance(per_weight.values, 90 * removal.values) < 1e-15);
  CHECK(distance(per_weight.as(Normalisation::removal).values, removal.values) < 1e-15);
  CHECK(per_weight.as(Normalisation::per_unit_weight).values == per_weight.values);
  const double h = 1e-4;
  const auto query_losses = [&](double change_of_weight) {
    Objective q = p.objective();
    q.weights(k) += change_of_weight;
    return losses(p.model, p.query, minimise(q, optimum).theta);
  };
  const VectorXd derivative = (query_losses(h) - query_losses(-h)) / (2 * h);
  CHECK(distance(per_weight.values.col(0), -derivative) < 1e-5);
}

TEST_CASE("a column does not depend on which others are asked for") {
  const Problem p = tanh_regression_problem();
  const LeaveOneOut loo = leave_one_out(p, 0.02, p.anywhere(7));
  const InfluenceFunction influence(loo, {});
  const MatrixXd all = influence.scores(p.query, all_examples(p.size())).values;
  for (const Index k : {0, 13, 30})
    CHECK(distance(influence.scores(p.query, {k}).values, all.col(k)) < 1e-12);
  CHECK_THROWS_AS(influence.steps(std::vector<Index>{p.size()}), std::invalid_argument);
}

TEST_CASE("an indefinite Hessian is refused by Cholesky and inverted by the others") {
  const Problem p = tanh_classification_problem();
  const LeaveOneOut loo = leave_one_out(p, 0, p.anywhere(8, 1.5));
  EstimatorOptions options;
  options.curvature = Curvature::full;
  CHECK_THROWS_AS(InfluenceFunction(loo, options), std::invalid_argument);
  options.solver = SolverKind::ldlt;
  const Solution s = InfluenceFunction(loo, options).steps(std::vector<Index>{0});
  CHECK(s.converged);
  CHECK(s.negative_eigenvalues > 0);
}

TEST_CASE("options name themselves, and names that mean nothing are refused") {
  for (const SolverKind s : kSolvers) CHECK(parse_solver(solver_name(s)) == s);
  for (const Curvature c : {Curvature::full, Curvature::gauss_newton})
    CHECK(parse_curvature(curvature_name(c)) == c);
  CHECK_THROWS_AS(parse_solver("qr"), std::invalid_argument);
  CHECK_THROWS_AS(parse_curvature("fisher"), std::invalid_argument);
  EstimatorOptions options;
  CHECK(options.text() == "gauss_newton, cholesky");
  options.solver = SolverKind::lissa;
  CHECK(options.text() == "gauss_newton, lissa depth 5000");
}
