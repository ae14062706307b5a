// SPDX-License-Identifier: MIT
// Convex models: influence estimates against exact retraining without each example, all of them.
#include <doctest/doctest.h>

#include "influence/estimators/influence_function.h"
#include "influence/metrics/correlation.h"
#include "tests/support/leave_one_out.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

std::vector<Problem> convex_problems() {
  std::vector<Problem> problems;
  problems.push_back(logistic_problem(150));
  problems.push_back(softmax_problem(200));
  return problems;
}

/// Change of each query's loss when each example is removed, by retraining: (query x N).
MatrixXd retrained_changes(const LeaveOneOut& loo, const Dataset& query) {
  const VectorXd before = losses(loo.model(), query, loo.theta_s());
  MatrixXd change(query.size(), loo.train().size());
  for (Index k = 0; k < change.cols(); ++k) {
    const Run run = minimise(loo.objective(Response::warm_start, {k}), loo.theta_s());
    REQUIRE(run.converged);
    change.col(k) = losses(loo.model(), query, run.theta) - before;
  }
  return change;
}

}  // namespace

TEST_CASE("logistic and softmax: estimates agree with leave-one-out over all examples") {
  for (const Problem& p : convex_problems()) {
    CAPTURE(p.model.spec().name);
    const LeaveOneOut loo = leave_one_out(p, 0, p.optimum());
    const MatrixXd truth = retrained_changes(loo, p.query);
    const Scores scores = InfluenceFunction(loo, {}).scores(p.query, all_examples(p.size()));
    REQUIRE(scores.converged);
    const auto agrees = [](const VectorXd& estimate, const VectorXd& change) {
      CHECK(*pearson(estimate, change) > 0.99);
      CHECK(*spearman(estimate, change) > 0.99);
      CHECK(*slope(estimate, change) > 0.9);
      CHECK(*slope(estimate, change) < 1.1);
    };
    agrees(scores.values.colwise().mean().transpose(), truth.colwise().mean().transpose());
    for (Index q = 0; q < p.query.size(); ++q) {
      CAPTURE(q);
      agrees(scores.values.row(q).transpose(), truth.row(q).transpose());
    }
  }
}

TEST_CASE("influence underestimates a parameter change by about 1 - h: the slope is above 1") {
  for (const Problem& p : convex_problems()) {
    const LeaveOneOut loo = leave_one_out(p, 0, p.optimum());
    const MatrixXd estimate = InfluenceFunction(loo, {}).steps(all_examples(p.size())).x;
    double along = 0, length = 0;
    for (Index k = 0; k < p.size(); ++k) {
      const VectorXd truth = solved(loo, Response::warm_start, k) - loo.theta_s();
      along += truth.dot(estimate.col(k));
      length += estimate.col(k).squaredNorm();
    }
    CHECK(along / length > 1.005);
    CHECK(along / length < 1.1);
  }
}
