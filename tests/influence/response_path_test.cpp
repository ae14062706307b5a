// SPDX-License-Identifier: MIT
#include "influence/response_path.h"

#include <doctest/doctest.h>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <cmath>
#include <stdexcept>

#include "influence/decomposition.h"
#include "models/third_derivative.h"
#include "tests/support/leave_one_out.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr Response kPaths[] = {Response::warm_start, Response::proximal, Response::pbrf};
constexpr double kDamping = 0.05;

/// Ridge regression without example k, by Sherman and Morrison from H at eps = 0:
/// theta(eps) = theta(0) + eps / (1 - eps x'H^-1 x) H^-1 x r, r the residual of k at theta(0).
struct RidgePath {
  VectorXd theta0, direction;  // (P), direction = H^-1 g_k
  double leverage = 0;         // x'H^-1 x
  RidgePath(const Problem& p, const LeaveOneOut& loo, Response response, Index k) {
    const MatrixXd x = extended(p.train);
    const double n = static_cast<double>(p.size());
    const double damping = response == Response::warm_start ? 0 : loo.damping();
    MatrixXd h = x * x.transpose() / n;
    h.diagonal().array() += p.weight_decay + damping;
    const Eigen::LLT<MatrixXd> factor(h);
    const VectorXd b = x * p.train.targets.transpose() / n + damping * loo.theta_s();
    theta0 = response == Response::pbrf ? loo.theta_s() : VectorXd(factor.solve(b));
    const VectorXd column = x.col(k), solved_column = factor.solve(column);
    direction = solved_column * (column.dot(theta0) - p.train.targets(0, k));
    leverage = column.dot(solved_column);
  }
  VectorXd at(double e) const { return theta0 + e / (1 - e * leverage) * direction; }
};

double slope(double at_two_h, double at_h) {
  return std::log2(at_two_h / at_h);
}

/// Three points of the curve at eps/2, eps, 2 eps beside 0.
PathOptions halving(double eps) {
  PathOptions options;
  options.epsilon = VectorXd{{0.0, 0.5 * eps, eps, 2 * eps}};
  return options;
}

}  // namespace

TEST_CASE("ridge: the path and its derivatives are those of Sherman and Morrison") {
  const Problem p = ridge_problem();
  const LeaveOneOut loo = leave_one_out(p, kDamping, p.anywhere(3));
  const double n = static_cast<double>(p.size());
  for (const Response response : kPaths)
    for (const Index k : {0, 7}) {
      CAPTURE(response_name(response));
      const RidgePath exact(p, loo, response, k);
      PathOptions options;
      options.epsilon = removal_grid(p.size(), 10, 2);
      const ResponsePath path = follow(loo, response, k, options);
      REQUIRE(path.complete);
      CHECK(path.message.empty());
      REQUIRE(path.theta.cols() == 11);
      for (Index i = 0; i < 11; ++i)
        CHECK(distance(path.theta.col(i), exact.at(options.epsilon(i))) < 1e-10);
      CHECK(distance(path.theta1, exact.direction) < 1e-10);
      CHECK(distance(path.theta2, 2 * exact.leverage * exact.direction) < 1e-10);
      // At removal the curve is beside its tangent by h / (1 - h) of the estimate.
      const double h = exact.leverage / n;
      const VectorXd estimate = exact.direction / n;
      const VectorXd gap = path.theta.col(5) - path.theta.col(0) - estimate;
      CHECK(distance(gap, h / (1 - h) * estimate) < 1e-10);
    }
}

TEST_CASE("ridge: the measured gap is the tangent times h / (1 - h), its leading term times h") {
  const Problem p = ridge_problem();
  const LeaveOneOut loo = leave_one_out(p, kDamping, p.anywhere(3));
  const RidgePath exact(p, loo, Response::pbrf, 4);
  const PathMeasurement m = measure(follow(loo, Response::pbrf, 4), loo, p.query);
  const Index last = m.epsilon.size() - 1;
  const double h = exact.leverage * m.epsilon(last);
  CHECK(h == doctest::Approx(exact.leverage / static_cast<double>(p.size())).epsilon(1e-14));
  const double line = m.displacement_line(last);
  for (const double gap : {m.output_gap(last), m.parameter_gap(last)})
    CHECK(gap == doctest::Approx(line * h / (1 - h)).epsilon(1e-9));
  for (const double leading : {m.output_gap_leading(last), m.parameter_gap_leading(last)})
    CHECK(leading == doctest::Approx(line * h).epsilon(1e-9));
  CHECK(m.displacement(last) == doctest::Approx(line / (1 - h)).epsilon(1e-9));
  CHECK(m.displacement_parabola(last) == doctest::Approx(line * (1 + h)).epsilon(1e-9));
}

TEST_CASE("linear in its parameters and stationary: proximal and PBRF are one path") {
  for (const Problem& p : {logistic_problem(), softmax_problem()}) {
    const LeaveOneOut loo = leave_one_out(p, kDamping, p.optimum());
    PathOptions options;
    options.epsilon = removal_grid(p.size(), 6, 2);
    const ResponsePath a = follow(loo, Response::proximal, 3, options);
    const ResponsePath b = follow(loo, Response::pbrf, 3, options);
    REQUIRE(a.complete);
    REQUIRE(b.complete);
    CHECK((a.theta - b.theta).cwiseAbs().maxCoeff() < 1e-12);
    CHECK(distance(a.theta1, b.theta1) < 1e-10);
    CHECK(distance(a.theta2, b.theta2) < 1e-9);
  }
}

TEST_CASE("the path of the PBRF starts at theta_s, exactly, and each path ends at its response") {
  for (const Problem& p : {logistic_problem(), tanh_regression_problem()}) {
    const VectorXd optimum = p.optimum();
    const VectorXd theta_s = optimum + 0.05 * Random(6).normal_matrix(optimum.size(), 1);
    const LeaveOneOut loo = leave_one_out(p, kDamping, theta_s);
    for (const Response response : kPaths) {
      CAPTURE(response_name(response));
      const ResponsePath path = follow(loo, response, 5);
      REQUIRE(path.complete);
      CHECK(path.start.theta == path.theta.col(0));
      CHECK(path.gradient_norm.maxCoeff() < 1e-10);
      CHECK(path.epsilon.size() == 21);
      CHECK(distance(path.theta.col(20), solved(loo, response, 5)) < 1e-9);
      if (response == Response::pbrf) CHECK(path.theta.col(0) == theta_s);
      if (response != Response::pbrf) CHECK(path.start.iterations > 0);
    }
  }
}

TEST_CASE("line and parabola miss the path by eps^2 and eps^3: parameters") {
  for (const Problem& p :
       {logistic_problem(), tanh_regression_problem(), tanh_classification_problem()}) {
    CAPTURE(p.model.spec().name);
    const VectorXd optimum = p.optimum();
    const VectorXd theta_s = optimum + 0.05 * Random(6).normal_matrix(optimum.size(), 1);
    const LeaveOneOut loo = leave_one_out(p, kDamping, theta_s);
    const double n = static_cast<double>(p.size());
    for (const Response response : kPaths) {
      CAPTURE(response_name(response));
      const ResponsePath path = follow(loo, response, 5, halving(0.02 / n));
      REQUIRE(path.complete);
      double line[4], parabola[4];
      for (Index i = 1; i < 4; ++i) {
        const double e = path.epsilon(i);
        const VectorXd moved = path.theta.col(i) - path.theta.col(0) - e * path.theta1;
        line[i] = moved.norm();
        parabola[i] = (moved - 0.5 * e * e * path.theta2).norm();
      }
      CHECK(slope(line[2], line[1]) == doctest::Approx(2).epsilon(0.03));
      CHECK(slope(line[3], line[2]) == doctest::Approx(2).epsilon(0.03));
      CHECK(slope(parabola[3], parabola[2]) == doctest::Approx(3).epsilon(0.03));
      CHECK(parabola[3] < 0.1 * line[3]);
    }
  }
}

TEST_CASE("line and parabola miss the measurements by eps^2 and eps^3") {
  const Problem p = tanh_regression_problem();
  const VectorXd optimum = p.optimum();
  const VectorXd theta_s = optimum + 0.05 * Random(6).normal_matrix(optimum.size(), 1);
  const LeaveOneOut loo = leave_one_out(p, kDamping, theta_s);
  for (const Response response : kPaths) {
    CAPTURE(response_name(response));
    const ResponsePath path =
        follow(loo, response, 5, halving(0.02 / static_cast<double>(p.size())));
    REQUIRE(path.complete);
    const PathMeasurement m = measure(path, loo, p.query);
    const auto order = [](const VectorXd& a, const VectorXd& b) {
      return slope(std::abs(a(3) - b(3)), std::abs(a(2) - b(2)));
    };
    CHECK(order(m.query_loss, m.query_loss_line) == doctest::Approx(2).epsilon(0.05));
    CHECK(order(m.query_loss, m.query_loss_parabola) == doctest::Approx(3).epsilon(0.05));
    CHECK(order(m.displacement, m.displacement_line) == doctest::Approx(2).epsilon(0.05));
    CHECK(order(m.displacement, m.displacement_parabola) == doctest::Approx(3).epsilon(0.05));
    CHECK(order(m.output_gap, m.output_gap_leading) == doctest::Approx(3).epsilon(0.05));
    CHECK(order(m.parameter_gap, m.parameter_gap_leading) == doctest::Approx(3).epsilon(0.05));
    CHECK(m.output_gap(1) == doctest::Approx(m.output_gap_leading(1)).epsilon(0.02));
    CHECK(m.parameter_gap(1) == doctest::Approx(m.parameter_gap_leading(1)).epsilon(0.02));
    CHECK(m.query_loss(0) == 0);
    CHECK(m.displacement(0) == 0);
  }
}

TEST_CASE("the PBRF's tangent at removal is the linearised response, its gap the decomposition's") {
  const Problem p = tanh_classification_problem();
  const LeaveOneOut loo = leave_one_out(p, kDamping, p.anywhere(3));
  const ResponsePath path = follow(loo, Response::pbrf, 5);
  REQUIRE(path.complete);
  const VectorXd linear = solved(loo, Response::linearised, 5);
  const double n = static_cast<double>(p.size());
  CHECK(distance(path.theta.col(0) + path.theta1 / n, linear) < 1e-10);
  const PathMeasurement m = measure(path, loo, p.query);
  const double gap =
      mean_output_distance(outputs(p.model, p.train.inputs, solved(loo, Response::pbrf, 5)),
                           outputs(p.model, p.train.inputs, linear));
  CHECK(m.parameter_gap(20) == doctest::Approx(gap).epsilon(1e-6));
}

TEST_CASE("followed by products the path is the same") {
  const Problem p = tanh_classification_problem();
  const VectorXd optimum = p.optimum();
  const LeaveOneOut loo =
      leave_one_out(p, kDamping, optimum + 0.02 * Random(6).normal_matrix(optimum.size(), 1));
  PathOptions dense, free;
  dense.epsilon = free.epsilon = removal_grid(p.size(), 4);
  free.newton.method = NewtonMethod::matrix_free;
  for (const Response response : {Response::proximal, Response::pbrf}) {
    const ResponsePath a = follow(loo, response, 5, dense), b = follow(loo, response, 5, free);
    REQUIRE(a.complete);
    REQUIRE(b.complete);
    CHECK((a.theta - b.theta).cwiseAbs().maxCoeff() < 1e-9);
    CHECK(distance(a.theta1, b.theta1) < 1e-9);
    CHECK(distance(a.theta2, b.theta2) < 1e-8);
  }
}

TEST_CASE("a path that runs away ends with a message, at the last point reached") {
  const Problem p = ridge_problem();
  const LeaveOneOut loo = leave_one_out(p, kDamping, p.anywhere(3));
  for (const Response response : kPaths) {
    const RidgePath exact(p, loo, response, 2);
    const double pole = 1 / exact.leverage;  // H - eps x x' is singular there
    PathOptions options;
    options.epsilon = VectorXd{{0.0, 0.5 * pole, 0.9 * pole, 1.2 * pole, 1.5 * pole}};
    const ResponsePath path = follow(loo, response, 2, options);
    CHECK_FALSE(path.complete);
    CHECK_FALSE(path.message.empty());
    REQUIRE(path.theta.cols() == 3);
    CHECK(path.epsilon.size() == 3);
    CHECK(path.iterations.size() == 3);
    CHECK(distance(path.theta.col(2), exact.at(0.9 * pole)) < 1e-8);
    CHECK(measure(path, loo, p.query).query_loss.size() == 3);
  }
}

TEST_CASE("a fold: the path ends where the smallest eigenvalue reaches zero, as a square root") {
  const Problem p = tanh_regression_problem();
  const LeaveOneOut loo = leave_one_out(p, kDamping, p.optimum());
  PathOptions options;
  options.epsilon = removal_grid(p.size(), 400);
  const ResponsePath rough = follow(loo, Response::warm_start, 3, options);
  CHECK_FALSE(rough.complete);
  CHECK_FALSE(rough.message.empty());
  REQUIRE(rough.theta.cols() > 10);
  // Once more, with a grid ten times finer behind the last point but one.
  const Index last = rough.theta.cols() - 1;
  const double fine = 0.1 * (options.epsilon(1) - options.epsilon(0));
  options.epsilon.conservativeResize(last + 30);
  for (Index i = last; i < last + 30; ++i)
    options.epsilon(i) = rough.epsilon(last - 1) + fine * static_cast<double>(i - last + 1);
  const ResponsePath path = follow(loo, Response::warm_start, 3, options);
  CHECK_FALSE(path.complete);
  CHECK(path.gradient_norm.maxCoeff() < 1e-10);
  const auto square = [&](Index back) {  // of the smallest eigenvalue
    const Index i = path.theta.cols() - 1 - back;
    const Objective q = loo.objective(Response::warm_start, {3}, path.epsilon(i));
    const MatrixXd h = Evaluator(q).curvature(path.theta.col(i), Curvature::full);
    const double e =
        Eigen::SelfAdjointEigenSolver<MatrixXd>(h, Eigen::EigenvaluesOnly).eigenvalues()(0);
    CHECK(e > 0);
    return e * e;
  };
  // Linear in eps, and the next point of the grid would lie beyond zero.
  CHECK(square(1) - square(0) == doctest::Approx(square(2) - square(1)).epsilon(0.05));
  CHECK(square(0) < square(1) - square(0));
}

TEST_CASE("a path that cannot start says so, and questions without a path are refused") {
  const Problem p = tanh_classification_problem();
  const LeaveOneOut loo = leave_one_out(p, kDamping, p.anywhere(3));
  PathOptions impatient;
  impatient.newton.max_iterations = 1;
  const ResponsePath none = follow(loo, Response::warm_start, 1, impatient);
  CHECK_FALSE(none.complete);
  CHECK(none.theta.cols() == 0);
  CHECK_FALSE(none.message.empty());
  CHECK_THROWS_AS(measure(none, loo, p.query), std::invalid_argument);
  CHECK_THROWS_AS(follow(loo, Response::cold_start, 1), std::invalid_argument);
  CHECK_THROWS_AS(follow(loo, Response::pbrf, p.size()), std::invalid_argument);
  PathOptions backwards;
  backwards.epsilon = VectorXd{{0.0, 0.02, 0.01}};
  CHECK_THROWS_AS(follow(loo, Response::pbrf, 1, backwards), std::invalid_argument);
  const LeaveOneOut other = leave_one_out(p, kDamping, p.anywhere(3), Removal::renormalise);
  CHECK_THROWS_AS(follow(other, Response::proximal, 1), std::invalid_argument);
}
