// SPDX-License-Identifier: MIT
// Ridge regression, where everything is known in closed form. With x~ = (x, 1), residuals
// r_i = x~_i' theta - t_i, A = (1/N) sum x~ x~' + (weight_decay + damping) I and the leverage
// h_i = (1/N) x~_i' A^-1 x~_i:
//
//   influence estimate   (1/N) A^-1 x~_i r_i                  for any theta_s
//   PBRF                 (1/N) A^-1 x~_i r_i / (1 - h_i)      for any theta_s
//   leave-one-out        the same at damping 0, from the optimum
#include <doctest/doctest.h>

#include "influence/estimators/influence_function.h"
#include "tests/support/leave_one_out.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// The closed forms around theta_s; theta is [W b] column by column, so that A acts on columns.
struct Ridge {
  MatrixXd x;         // (features + 1 x N)
  MatrixXd a;         // (features + 1 x features + 1)
  MatrixXd residual;  // (O x N)

  Ridge(const Problem& p, double damping, const VectorXd& theta) : x(extended(p.train)) {
    a = x * x.transpose() / static_cast<double>(p.size());
    a.diagonal().array() += p.weight_decay + damping;
    residual = outputs_by_hand(p, theta) - p.train.targets;
  }
  MatrixXd outputs_by_hand(const Problem& p, const VectorXd& theta) const {
    const Eigen::Map<const MatrixXd> w(theta.data(), p.model.outputs(), x.rows());
    return w * x;
  }
  double n() const { return static_cast<double>(x.cols()); }
  double leverage(Index i) const { return x.col(i).dot(a.llt().solve(x.col(i))) / n(); }
  /// (1/N) A^-1 x~_i r_i' as a vector of parameters.
  VectorXd estimate(Index i) const {
    const MatrixXd step = residual.col(i) * a.llt().solve(x.col(i)).transpose() / n();
    return step.reshaped();
  }
};

VectorXd optimum_by_hand(const Problem& p) {
  const Ridge r(p, 0, VectorXd::Zero(p.parameters()));
  const MatrixXd w = r.a.llt().solve(r.x * p.train.targets.transpose()).transpose() / r.n();
  return w.reshaped();
}

std::vector<Problem> ridge_problems() {
  std::vector<Problem> problems;
  problems.push_back(ridge_problem());
  problems.push_back(multiple_ridge_problem());
  return problems;
}

}  // namespace

TEST_CASE("ridge: optimum, Hessian, gradients and influence are the closed forms") {
  for (const Problem& p : ridge_problems()) {
    const VectorXd optimum = p.optimum();
    CHECK(distance(optimum, optimum_by_hand(p)) < 1e-12);
    const Ridge ridge(p, 0.1, optimum);
    const LeaveOneOut loo = leave_one_out(p, 0.1, optimum);
    const InfluenceFunction influence(loo, {});
    const MatrixXd system = influence.system().dense();
    const Index o = p.model.outputs();
    for (Index a = 0; a < ridge.a.rows(); ++a)
      for (Index b = 0; b < ridge.a.rows(); ++b)
        CHECK(distance(system.block(a * o, b * o, o, o),
                       MatrixXd(ridge.a(a, b) * MatrixXd::Identity(o, o))) < 1e-12);
    const Solution steps = influence.steps(all_examples(p.size()));
    CHECK(steps.converged);
    const MatrixXd query_gradients = loss_gradients(p.model, p.query, optimum);
    const MatrixXd scores = influence.scores(p.query, all_examples(p.size())).values;
    for (Index i = 0; i < p.size(); ++i) {
      CHECK(distance(steps.x.col(i), ridge.estimate(i)) < 1e-12);
      CHECK(distance(scores.col(i), query_gradients.transpose() * ridge.estimate(i)) < 1e-12);
    }
  }
}

TEST_CASE("leverage identity: estimate / truth = 1 - h for every example") {
  for (const Problem& p : ridge_problems()) {
    const VectorXd optimum = p.optimum();
    const LeaveOneOut loo = leave_one_out(p, 0, optimum);
    const Ridge ridge(p, 0, optimum);
    const MatrixXd estimate = InfluenceFunction(loo, {}).steps(all_examples(p.size())).x;
    for (Index i = 0; i < p.size(); ++i) {
      const double h = ridge.leverage(i);
      REQUIRE(h > 0.02);  // far from what rounding could hide
      for (const Response response : {Response::cold_start, Response::warm_start}) {
        const VectorXd truth = solved(loo, response, i) - optimum;
        CHECK(distance(estimate.col(i), (1 - h) * truth) < 1e-11);
      }
    }
  }
}

TEST_CASE("without weight decay the prediction at the removed example is the classical r/(1 - h)") {
  const Problem p = ridge_problem(24, 0);
  const VectorXd optimum = p.optimum();
  const LeaveOneOut loo = leave_one_out(p, 0, optimum);
  const MatrixXd x = extended(p.train);
  const MatrixXd hat = x.transpose() * (x * x.transpose()).llt().solve(x);  // (N x N)
  const VectorXd r = x.transpose() * optimum - p.train.targets.transpose();
  for (Index i = 0; i < p.size(); ++i) {
    const double deleted = x.col(i).dot(solved(loo, Response::warm_start, i)) - p.train.targets(i);
    CHECK(deleted == doctest::Approx(r(i) / (1 - hat(i, i))).epsilon(1e-10));
  }
}

TEST_CASE("PBRF of a linear model from parameters that solve nothing: the estimate / (1 - h)") {
  for (const Problem& p : ridge_problems())
    for (const double damping : {0.0, 1e-3, 0.5}) {
      const VectorXd theta_s = p.anywhere(3, 2);
      const LeaveOneOut loo = leave_one_out(p, damping, theta_s);
      const Ridge ridge(p, damping, theta_s);
      for (Index i = 0; i < p.size(); ++i) {
        const VectorXd pbrf = solved(loo, Response::pbrf, i) - theta_s;
        const VectorXd linearised = solved(loo, Response::linearised, i) - theta_s;
        CHECK(distance(pbrf, ridge.estimate(i) / (1 - ridge.leverage(i))) < 1e-10);
        CHECK(distance(linearised, ridge.estimate(i)) < 1e-10);
      }
    }
}

TEST_CASE("on a linear model Gauss-Newton and Hessian give the same influence") {
  for (const Problem& p : ridge_problems()) {
    const LeaveOneOut loo = leave_one_out(p, 0.01, p.anywhere(4));
    const auto steps = [&](Curvature c) {
      return InfluenceFunction(loo, {.curvature = c}).steps(all_examples(p.size())).x;
    };
    CHECK(distance(steps(Curvature::gauss_newton), steps(Curvature::full)) < 1e-13);
  }
}
