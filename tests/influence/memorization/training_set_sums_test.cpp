// SPDX-License-Identifier: MIT
#include "influence/memorization/training_set_sums.h"

#include <doctest/doctest.h>

#include "tests/support/leave_one_out.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

const EstimatorOptions kHessian{.curvature = Curvature::full, .solver = SolverKind::ldlt};

VectorXd stationary(const Problem& p) {
  return minimise(p.objective(), p.anywhere(4, 0.5)).theta;
}

}  // namespace

TEST_CASE("at a stationary point both sums are -weight_decay g' C^-1 theta, for any C") {
  for (const Problem& p : every_problem())
    for (const Curvature curvature : {Curvature::full, Curvature::gauss_newton})
      for (const double damping : {0.0, 0.1}) {
        const VectorXd theta = stationary(p);
        const LeaveOneOut loo = leave_one_out(p, damping, theta);
        const InfluenceFunction estimate(loo, {.curvature = curvature, .solver = SolverKind::ldlt});
        const TrainingSetSums s = training_set_sums(loo, estimate);
        REQUIRE(s.gradient_norm < 1e-8);
        CHECK(s.converged);
        CHECK(s.gap < 1e-8);
        CHECK(s.identity_holds());
        CHECK(s.identity.cwiseAbs().maxCoeff() > 1e-4);  // not 0 = 0
        // Both sides again, from dense matrices.
        const MatrixXd c = estimate.system().dense();
        const MatrixXd g = loss_gradients(p.model, p.train, theta);
        const MatrixXd solved = c.ldlt().solve(g);
        const MatrixXd between = g.transpose() * solved / static_cast<double>(p.size());
        CHECK(distance(s.identity, -p.weight_decay * solved.transpose() * theta) < 1e-9);
        CHECK(distance(s.received, VectorXd(between.rowwise().sum())) < 1e-6);
        CHECK(distance(s.self, VectorXd(between.diagonal())) < 1e-9);
      }
}

TEST_CASE("sums, self-influence and others are those of the influence matrix, anywhere") {
  const Problem p = tanh_classification_problem();
  const VectorXd theta = p.anywhere(2);  // solves nothing: rows and columns still sum to the same
  const LeaveOneOut loo = leave_one_out(p, 0.3, theta);
  const InfluenceFunction estimate(loo, {});
  const TrainingSetSums s = training_set_sums(loo, estimate);
  const MatrixXd between = estimate.scores(p.train, all_examples(p.size())).values;  // (i <- j)
  CHECK(distance(s.received, VectorXd(between.rowwise().sum())) < 1e-10);
  CHECK(distance(s.given, VectorXd(between.colwise().sum().transpose())) < 1e-10);
  CHECK(distance(s.self, VectorXd(between.diagonal())) < 1e-10);
  CHECK(distance(s.others, VectorXd(between.rowwise().sum() - between.diagonal())) < 1e-10);
}

TEST_CASE("without weight decay the others oppose each example as much as it helps itself") {
  const Problem p = ridge_problem(24, 0);
  const VectorXd theta = p.optimum();
  const LeaveOneOut loo = leave_one_out(p, 0, theta);
  const TrainingSetSums s = training_set_sums(loo, InfluenceFunction(loo, kHessian));
  CHECK(distance(s.others, -s.self) < 1e-10);
  CHECK(s.self.minCoeff() > 0);
  CHECK(s.identity.cwiseAbs().maxCoeff() == 0);
  // O_i + Inf(i -> i) is of the size of the weight decay.
  double last = 0;
  for (const double weight_decay : {1e-6, 1e-5}) {
    const Problem q = ridge_problem(24, weight_decay);
    const LeaveOneOut other = leave_one_out(q, 0, q.optimum());
    const TrainingSetSums sums = training_set_sums(other, InfluenceFunction(other, kHessian));
    const double size = (sums.others + sums.self).norm();
    if (last > 0) CHECK(size / last == doctest::Approx(10).epsilon(1e-3));
    last = size;
  }
}

TEST_CASE("parameters that are not stationary are noticed, by C^-1 grad to the digit") {
  for (const Problem& p : {logistic_problem(), tanh_regression_problem()}) {
    const VectorXd theta = stationary(p) + 0.01 * p.anywhere(9);
    const LeaveOneOut loo = leave_one_out(p, 0, theta);
    const InfluenceFunction estimate(loo, kHessian);
    const TrainingSetSums s = training_set_sums(loo, estimate);
    CHECK_FALSE(s.identity_holds());
    VectorXd grad;
    Evaluator(p.objective()).gradient(theta, grad);
    CHECK(s.gradient_norm == doctest::Approx(grad.norm()).epsilon(1e-10));
    const VectorXd step = estimate.solve(grad).x.col(0);
    const VectorXd missing = loss_gradients(p.model, p.train, theta).transpose() * step;
    CHECK(distance(VectorXd(s.received - s.identity), missing) < 1e-8);
    CHECK(s.gap > 1e-3);
  }
}
