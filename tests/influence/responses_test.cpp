// SPDX-License-Identifier: MIT
#include "influence/responses.h"

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>
#include <string>

#include "influence/estimators/influence_function.h"
#include "tests/support/leave_one_out.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr Response kAllResponses[] = {Response::cold_start,
                                      Response::warm_start,
                                      Response::proximal,
                                      Response::pbrf,
                                      Response::linearised};

VectorXd gradient(const Objective& q, const VectorXd& theta) {
  VectorXd g;
  Evaluator(q).gradient(theta, g);
  return g;
}

MatrixXd curvature(const Objective& q, const VectorXd& theta, Curvature c) {
  return Evaluator(q).curvature(theta, c);
}

std::vector<Problem> networks() {
  std::vector<Problem> problems;
  problems.push_back(tanh_regression_problem());
  problems.push_back(tanh_classification_problem());
  return problems;
}

std::vector<Problem> linear_models() {
  std::vector<Problem> problems;
  problems.push_back(ridge_problem());
  problems.push_back(logistic_problem());
  problems.push_back(softmax_problem());
  return problems;
}

/// The proximal Bregman objective as it is written down, with Bregman divergences from losses:
/// mean D_i - eps loss_k + (damping + weight_decay)/2 |theta - theta_s|^2.
double proximal_bregman(
    const Problem& p, const LeaveOneOut& loo, Index k, double epsilon, const VectorXd& theta) {
  const MatrixXd& y_s = loo.outputs_s();
  const MatrixXd y = outputs(p.model, p.train.inputs, theta);
  const MatrixXd slope = output_residuals(p.model, p.train, y_s);
  const VectorXd l = losses(p.model, p.train, theta);
  const VectorXd divergence = l - losses(p.model, p.train, loo.theta_s()) -
                              slope.cwiseProduct(y - y_s).colwise().sum().transpose();
  return divergence.mean() - epsilon * l(k) +
         0.5 * (loo.damping() + p.weight_decay) * (theta - loo.theta_s()).squaredNorm();
}

}  // namespace

TEST_CASE("each response is its row of the table") {
  const Problem p = softmax_problem(30);
  const VectorXd theta_s = p.anywhere(1);
  const LeaveOneOut loo = leave_one_out(p, 0.3, theta_s);
  for (const Response r : kAllResponses) {
    CAPTURE(response_name(r));
    const Objective q = loo.objective(r, {4});
    const bool retraining = r == Response::cold_start || r == Response::warm_start;
    const bool losses_only = retraining || r == Response::proximal;
    CHECK(q.damping == (retraining ? 0 : losses_only ? 0.3 : 0.3 + p.weight_decay));
    CHECK(q.weight_decay == (losses_only ? p.weight_decay : 0));
    CHECK(q.weights(4) == (r == Response::linearised ? 1.0 / 30 : 0));
    CHECK(q.weights(5) == 1.0 / 30);
    CHECK(loo.start(r) == (r == Response::cold_start ? loo.theta_init() : theta_s));
    if (!retraining) CHECK(q.centre == theta_s);
  }
  CHECK_THROWS_AS(loo.objective(Response::warm_start, {30}), std::invalid_argument);
  CHECK_THROWS_AS(loo.objective(Response::pbrf, {-1}), std::invalid_argument);
  CHECK_THROWS_AS(loo.removal_gradient({30}), std::invalid_argument);
}

TEST_CASE("the proximal Bregman objective is its definition, up to a constant, at every epsilon") {
  for (const Problem& p : every_problem()) {
    CAPTURE(p.model.spec().name);
    const LeaveOneOut loo = leave_one_out(p, 0.2, p.anywhere(1));
    const double n = static_cast<double>(p.size());
    for (const double epsilon : {1 / n, 0.3 / n, 4 / n, -1 / n}) {
      Evaluator evaluate(loo.objective(Response::pbrf, {5}, epsilon));
      const VectorXd a = p.anywhere(2), b = p.anywhere(3);
      const double got = evaluate.value(a) - evaluate.value(b);
      const double defined =
          proximal_bregman(p, loo, 5, epsilon, a) - proximal_bregman(p, loo, 5, epsilon, b);
      CHECK(got == doctest::Approx(defined).epsilon(1e-11));
    }
  }
}

TEST_CASE("at epsilon = 0 the PBRF is theta_s itself, converged or not") {
  for (const Problem& p : every_problem()) {
    const VectorXd theta_s = p.anywhere(4);
    const LeaveOneOut loo = leave_one_out(p, 0.2, theta_s);
    REQUIRE(gradient(loo.base_objective(), theta_s).norm() > 0.1);
    const Objective q = loo.objective(Response::pbrf, {3}, 0);
    CHECK(gradient(q, theta_s).norm() < 1e-15);
    CHECK(distance(minimise(q, theta_s).theta, theta_s) < 1e-14);
    CHECK(gradient(loo.objective(Response::linearised, {3}, 0), theta_s).isZero(0));
  }
}

TEST_CASE("the Hessian of the PBRF's objective at theta_s is the damped Gauss-Newton matrix") {
  for (const Problem& p : networks()) {
    const VectorXd theta_s = p.anywhere(5);
    const LeaveOneOut loo = leave_one_out(p, 0.2, theta_s);
    // base_objective's curvature holds the weight decay already.
    MatrixXd damped = curvature(loo.base_objective(), theta_s, Curvature::gauss_newton);
    damped.diagonal().array() += 0.2;
    MatrixXd hessian = curvature(loo.base_objective(), theta_s, Curvature::full);
    hessian.diagonal().array() += 0.2;
    REQUIRE(distance(hessian, damped) > 0.05);
    const Objective q = loo.objective(Response::pbrf, {3}, 0);
    CHECK(distance(curvature(q, theta_s, Curvature::full), damped) < 1e-10);
    // Away from theta_s it is another matrix: the law is one of the point.
    CHECK(distance(curvature(q, p.anywhere(6), Curvature::full), damped) > 0.05);
    CHECK(distance(InfluenceFunction(loo, {}).system().dense(), damped) < 1e-13);
  }
}

TEST_CASE("the PBRF leaves its linearisation at second order in epsilon") {
  for (const Problem& p : networks()) {
    CAPTURE(p.model.spec().name);
    const VectorXd theta_s = p.anywhere(7);
    const LeaveOneOut loo = leave_one_out(p, 0.2, theta_s);
    const VectorXd direction = InfluenceFunction(loo, {}).solve(loo.removal_gradient({3}, 1)).x;
    const auto error = [&](double epsilon) {
      const Objective q = loo.objective(Response::pbrf, {3}, epsilon);
      const VectorXd pbrf = minimise(q, theta_s).theta;
      return (pbrf - theta_s - epsilon * direction).norm() / (epsilon * epsilon);
    };
    double before = error(4e-3), change_before = 1;
    for (const double epsilon : {2e-3, 1e-3, 5e-4}) {
      const double now = error(epsilon), change = std::abs(now / before - 1);
      CHECK(change < 0.1);
      CHECK(change < change_before);  // the ratio goes to a constant
      before = now;
      change_before = change;
    }
    CHECK(before > 1e-3);  // which is not zero
  }
}

TEST_CASE("the linearised response is the influence step, by its own objective") {
  for (const Problem& p : every_problem()) {
    const VectorXd theta_s = p.anywhere(8);
    const LeaveOneOut loo = leave_one_out(p, 0.2, theta_s);
    const MatrixXd steps = InfluenceFunction(loo, {}).steps(std::vector<Index>{0, 3}).x;
    CHECK(distance(solved(loo, Response::linearised, 0) - theta_s, steps.col(0)) < 1e-11);
    CHECK(distance(solved(loo, Response::linearised, 3) - theta_s, steps.col(1)) < 1e-11);
  }
}

TEST_CASE("model linear in theta, theta_s stationary: proximal response = PBRF at every epsilon") {
  for (const Problem& p : linear_models()) {
    CAPTURE(p.model.spec().name);
    const VectorXd theta_s = p.optimum();
    const LeaveOneOut loo = leave_one_out(p, 0.05, theta_s);
    const double n = static_cast<double>(p.size());
    for (const double epsilon : {1 / n, 0.4 / n, -2 / n, 5 / n})
      for (const Index k : {0, 7}) {
        const auto response = [&](Response r) {
          return minimise(loo.objective(r, {k}, epsilon), theta_s).theta;
        };
        const VectorXd pbrf = response(Response::pbrf) - theta_s;
        REQUIRE(pbrf.norm() > 1e-4);
        CHECK(distance(response(Response::proximal) - theta_s, pbrf) < 1e-10);
      }
  }
}

TEST_CASE("off a stationary point the two differ by the tilt of the base gradient") {
  for (const Problem& p : linear_models()) {
    const VectorXd theta_s = p.anywhere(9), theta = p.anywhere(10);
    const LeaveOneOut loo = leave_one_out(p, 0.05, theta_s);
    const VectorXd tilt = gradient(loo.base_objective(), theta_s);
    const VectorXd difference = gradient(loo.objective(Response::proximal, {2}), theta) -
                                gradient(loo.objective(Response::pbrf, {2}), theta);
    CHECK(distance(difference, tilt) < 1e-12);
    CHECK(distance(solved(loo, Response::proximal, 2), solved(loo, Response::pbrf, 2)) > 0.01);
  }
}

TEST_CASE("with nothing removed the warm start moves, unless theta_s is stationary") {
  for (const Problem& p : networks()) {
    const Run base = minimise(p.objective(), p.anywhere(11));
    const auto moved = [&](const VectorXd& theta_s) {
      const LeaveOneOut loo = leave_one_out(p, 0.05, theta_s);
      const Objective q = loo.objective(Response::warm_start, {2}, 0);
      return (minimise(q, loo.start(Response::warm_start)).theta - theta_s).norm();
    };
    CHECK(moved(base.theta) < 1e-9);
    CHECK(moved(base.theta + p.anywhere(12, 0.05)) > 0.01);
  }
}

TEST_CASE("a group's responses remove all of its examples") {
  const Problem p = logistic_problem(30);
  const VectorXd theta_s = p.anywhere(13);
  const LeaveOneOut loo = leave_one_out(p, 0.1, theta_s);
  const VectorXd theta = p.anywhere(14);
  for (const Response r : kAllResponses) {
    const VectorXd none = gradient(loo.objective(r, {}), theta);
    const VectorXd one = gradient(loo.objective(r, {3}), theta) - none;
    const VectorXd other = gradient(loo.objective(r, {8}), theta) - none;
    const VectorXd both = gradient(loo.objective(r, {3, 8}), theta) - none;
    CHECK(distance(both, one + other) < 1e-12);
  }
}
