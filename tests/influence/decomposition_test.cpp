// SPDX-License-Identifier: MIT
#include "influence/decomposition.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/support/leave_one_out.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

enum Gap { kWarmStart, kProximity, kNonConvergence, kLinearisation, kSolver };

const std::vector<Index> kRemoved = {0, 3, 11};

DecompositionOptions small_options() {
  DecompositionOptions o;
  o.base.epochs = 6;
  o.base.batch_size = 7;
  o.base.learning_rate = 0.05;
  o.base.momentum = 0.5;
  o.base.seed = 5;
  return o;
}

/// theta_s from the base run of the options, as a user would have it.
LeaveOneOut trained(const Problem& p, double damping, const DecompositionOptions& o) {
  const VectorXd start = p.anywhere(1);
  const VectorXd theta_s = train(p.objective(), start, o.base).theta;
  return {p.model, p.train, p.weight_decay, damping, start, theta_s};
}

Decomposition exact(const LeaveOneOut& loo, const Problem& p, const DecompositionOptions& o = {}) {
  return decompose(loo, p.query, kRemoved, ProtocolKind::exact, o);
}

/// (1/N) sum of the norms of the columns of a - b, the slow way.
double distance_by_hand(const MatrixXd& a, const MatrixXd& b) {
  double sum = 0;
  for (Index i = 0; i < a.cols(); ++i) sum += (a.col(i) - b.col(i)).norm();
  return sum / static_cast<double>(a.cols());
}

/// Every number of the decomposition from its parameters alone.
void check_accounts(const Problem& p, const LeaveOneOut& loo, const Decomposition& d) {
  REQUIRE(d.gaps.cols() == 3);
  const auto near = [](double a, double b) { return std::abs(a - b) < 1e-13 * (1 + std::abs(b)); };
  const auto query_loss = [&](const VectorXd& theta) {
    return losses(p.model, p.query, theta).mean();
  };
  for (Index j = 0; j < 3; ++j) {
    const double total = d.query_loss(0, j) - d.query_loss(5, j);
    CHECK(std::abs(d.signed_gaps.col(j).sum() - total) < 1e-12);
    for (Index s = 0; s < 6; ++s) {
      const VectorXd theta = d.theta[static_cast<std::size_t>(s)].col(j);
      CHECK(near(d.query_loss(s, j), query_loss(theta)));
      if (s == 5) continue;
      const VectorXd next = d.theta[static_cast<std::size_t>(s) + 1].col(j);
      const MatrixXd a = outputs(p.model, p.train.inputs, theta);  // (O x N)
      const MatrixXd b = outputs(p.model, p.train.inputs, next);
      const LossKind loss = p.model.spec().loss;
      CHECK(near(d.gaps(s, j), distance_by_hand(a, b)));
      CHECK(near(d.gaps_in_means(s, j), distance_by_hand(means(loss, a), means(loss, b))));
      CHECK(near(d.gaps_in_parameters(s, j), (theta - next).norm()));
      CHECK(near(d.signed_gaps(s, j), query_loss(theta) - query_loss(next)));
    }
  }
  CHECK(near(d.query_loss_s, query_loss(loo.theta_s())));
  const MatrixXd steps = d.theta[5].colwise() - loo.theta_s();  // (P x R)
  const MatrixXd slopes = loss_gradients(p.model, p.query, loo.theta_s());
  CHECK(distance(d.scores.values, slopes.transpose() * steps) < 1e-10);
}

}  // namespace

TEST_CASE("the five gaps telescope to (cold start - estimate), under both protocols") {
  const DecompositionOptions o = small_options();
  for (const Problem& p : every_problem()) {
    CAPTURE(p.model.spec().name);
    const LeaveOneOut loo = trained(p, 0.05, o);
    for (const ProtocolKind kind : {ProtocolKind::paper, ProtocolKind::exact}) {
      const Decomposition d = decompose(loo, p.query, kRemoved, kind, o);
      CHECK(d.protocol == kind);
      CHECK((d.removed == one_by_one(kRemoved)));
      check_accounts(p, loo, d);
    }
  }
}

TEST_CASE("mean output distance is the mean of the columns' norms") {
  const MatrixXd a = (MatrixXd(2, 3) << 3, 0, 1, 4, 0, 1).finished();
  const MatrixXd b = (MatrixXd(2, 3) << 0, 0, 1, 0, -2, 1).finished();
  CHECK(mean_output_distance(a, b) == doctest::Approx((5.0 + 2.0 + 0.0) / 3));
}

TEST_CASE("convex model, theta_s optimal: no warm-start gap and no non-convergence gap") {
  for (const Problem& p : {ridge_problem(), logistic_problem(), softmax_problem()}) {
    CAPTURE(p.model.spec().name);
    const LeaveOneOut loo = leave_one_out(p, 0.02, p.optimum());
    DecompositionOptions o;
    const Decomposition d = exact(loo, p, o);
    CHECK(d.gaps.row(kWarmStart).maxCoeff() < 1e-11);
    CHECK(d.gaps.row(kNonConvergence).maxCoeff() < 1e-11);
    CHECK(d.gaps.row(kProximity).minCoeff() > 1e-6);
    CHECK(d.gaps.row(kLinearisation).minCoeff() > 1e-6);
    CHECK(d.gaps.row(kSolver).maxCoeff() < 1e-11);
  }
}

TEST_CASE("without damping there is no proximity gap, bit for bit") {
  const Problem p = tanh_regression_problem();
  const VectorXd optimum = minimise(p.objective(), p.anywhere(2)).theta;
  const Decomposition d = exact(leave_one_out(p, 0, optimum), p);
  CHECK(d.theta[1] == d.theta[2]);
  CHECK(d.gaps.row(kProximity).isZero(0));
  CHECK(exact(leave_one_out(p, 0.1, optimum), p).gaps.row(kProximity).minCoeff() > 1e-6);
}

TEST_CASE("ridge: the linearisation gap in parameters is h/(1 - h) times the estimate") {
  const Problem p = ridge_problem();
  for (const double damping : {0.0, 0.1}) {
    const VectorXd theta_s = p.anywhere(3);
    const LeaveOneOut loo = leave_one_out(p, damping, theta_s);
    const Decomposition d = exact(loo, p);
    const MatrixXd x = extended(p.train);
    MatrixXd a = x * x.transpose() / 24;
    a.diagonal().array() += p.weight_decay + damping;
    for (Index j = 0; j < 3; ++j) {
      const VectorXd xk = x.col(kRemoved[static_cast<std::size_t>(j)]);
      const double h = xk.dot(a.llt().solve(xk)) / 24;
      const VectorXd step = d.theta[5].col(j) - theta_s;
      CHECK(d.gaps_in_parameters(kLinearisation, j) ==
            doctest::Approx(h / (1 - h) * step.norm()).epsilon(1e-9));
      CHECK(distance(d.theta[3].col(j) - d.theta[4].col(j), h / (1 - h) * step) < 1e-9);
    }
  }
}

TEST_CASE("the solver's gap is its tolerance") {
  const Problem p = tanh_classification_problem();
  const LeaveOneOut loo = leave_one_out(p, 0.05, p.anywhere(4));
  DecompositionOptions o;
  const double cholesky = exact(loo, p, o).gaps.row(kSolver).maxCoeff();
  o.estimator.solver = SolverKind::cg;
  o.estimator.tolerance = 1e-3;
  const Decomposition rough = exact(loo, p, o);
  CHECK(cholesky < 1e-12);
  CHECK(rough.gaps.row(kSolver).maxCoeff() > 100 * cholesky);
  CHECK(rough.estimate.residual.maxCoeff() < 1e-3);
  CHECK(rough.estimate.converged);
}

TEST_CASE("exact: every retrained stage reaches the asked gradient norm on its own objective") {
  const DecompositionOptions o = small_options();
  for (const Problem& p : every_problem()) {
    const LeaveOneOut loo = trained(p, 0.05, o);
    const Decomposition d = exact(loo, p, o);
    for (std::size_t s = 0; s < 5; ++s) {
      CAPTURE(p.model.spec().name);
      CAPTURE(kStageNames[s]);
      REQUIRE(d.runs[s].size() == 3);
      for (std::size_t j = 0; j < 3; ++j) {
        VectorXd g;
        Evaluator(loo.objective(kResponses[s], {kRemoved[j]}))
            .gradient(d.theta[s].col(static_cast<Index>(j)), g);
        CHECK(d.runs[s][j].converged);
        CHECK(g.norm() < 1e-10);
        CHECK(d.runs[s][j].kind != Stationarity::saddle);
      }
    }
  }
}

TEST_CASE("paper: each stage is half as many further epochs of the base run's own training") {
  const Problem p = tanh_classification_problem();
  const DecompositionOptions o = small_options();
  const LeaveOneOut loo = trained(p, 0.05, o);
  const Decomposition d = decompose(loo, p.query, kRemoved, ProtocolKind::paper, o);
  Protocol further = o.base;
  further.first_epoch = 6;
  further.epochs = 3;
  for (Index j = 0; j < 3; ++j)
    for (std::size_t s = 0; s < 5; ++s) {
      const Objective q = loo.objective(kResponses[s], {kRemoved[static_cast<std::size_t>(j)]});
      VectorXd start = loo.theta_s();
      if (s == 0) start = train(q, loo.theta_init(), o.base).theta;
      CHECK(d.theta[s].col(j) == train(q, start, further).theta);
    }
}

TEST_CASE(
    "paper: where the removed example has no gradient, cold start = warm start, bit for bit") {
  Dataset data = ridge_problem().train;
  data.inputs.col(3).setZero();
  data.targets(0, 3) = 0;
  ModelSpec spec = parse_model("mlp:3", Task::regression, 4, 1);
  spec.bias = false;
  const Problem p{Model(spec), data, ridge_problem().query, 0.02};
  const DecompositionOptions o = small_options();
  const LeaveOneOut loo = trained(p, 0.05, o);
  const Decomposition d = decompose(loo, p.query, kRemoved, ProtocolKind::paper, o);
  CHECK(d.theta[0].col(1) == d.theta[1].col(1));  // example 3
  CHECK(d.theta[0].col(0) != d.theta[1].col(0));
  // The PBRF stays at theta_s, converged or not; the warm start goes on training.
  CHECK(distance(d.theta[3].col(1), loo.theta_s()) < 1e-14);
  CHECK(distance(d.theta[1].col(1), loo.theta_s()) > 0.01);
}

TEST_CASE("a group's estimate is the sum of its members', its PBRF is not") {
  const Problem p = tanh_regression_problem();
  const LeaveOneOut loo = leave_one_out(p, 0.05, p.anywhere(2));
  const std::vector<Group> groups = {{0, 3, 11}, {5}};
  const Decomposition together = decompose(loo, p.query, groups, ProtocolKind::exact, {});
  const Decomposition alone = exact(loo, p);
  const auto step = [&](const Decomposition& d, std::size_t stage, Index j) {
    return VectorXd(d.theta[stage].col(j) - loo.theta_s());
  };
  const VectorXd sum = step(alone, 5, 0) + step(alone, 5, 1) + step(alone, 5, 2);
  CHECK((step(together, 5, 0) - sum).norm() < 1e-12 * sum.norm());
  CHECK((step(together, 4, 0) - sum).norm() < 1e-8 * sum.norm());  // the quadratic model is linear
  const VectorXd curved = step(alone, 3, 0) + step(alone, 3, 1) + step(alone, 3, 2);
  CHECK((step(together, 3, 0) - curved).norm() > 1e-3 * curved.norm());
  CHECK(together.gaps.cols() == 2);
  CHECK((together.scores.train == groups));
}
