// SPDX-License-Identifier: MIT
#include "models/trust_region.h"

#include <doctest/doctest.h>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "tests/support/problems.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

VectorXd eigenvalues(const Objective& q, const VectorXd& theta) {
  const MatrixXd h = Evaluator(q).curvature(theta, Curvature::full);
  return Eigen::SelfAdjointEigenSolver<MatrixXd>(h, Eigen::EigenvaluesOnly).eigenvalues();
}

double gradient_norm(const Objective& q, const VectorXd& theta) {
  VectorXd g;
  Evaluator(q).gradient(theta, g);
  return g.norm();
}

/// A network whose gradient at theta = 0 is exactly zero: two layers, no biases. Its Hessian there
/// is [wd I, C; C', wd I] with one pair of eigenvalues wd +- |c| for each hidden unit.
struct SaddleProblem {
  Model model;
  Dataset data;
  explicit SaddleProblem(Index features, const std::vector<Index>& hidden)
      : model(spec(features, hidden)), data(make_linear_regression(30, features, 0.5, 31)) {}
  static ModelSpec spec(Index features, const std::vector<Index>& hidden) {
    ModelSpec s = parse_model("mlp:1", Task::regression, features, 1);
    s.hidden = hidden;
    s.bias = false;
    return s;
  }
  Objective objective(double weight_decay) const {
    return training_objective(model, data, weight_decay);
  }
  /// |c|: mean of x t, the derivative of the loss that joins the two layers.
  double coupling() const { return (data.inputs * data.targets.transpose()).norm() / 30; }
};

}  // namespace

TEST_CASE("ridge: the minimiser is the solution of the normal equations") {
  const Problem p = ridge_problem();
  const MatrixXd x = extended(p.train);
  MatrixXd a = x * x.transpose() / static_cast<double>(p.size());
  a.diagonal().array() += p.weight_decay;
  const VectorXd b = x * p.train.targets.transpose() / static_cast<double>(p.size());
  const Run run = minimise(p.objective(), p.anywhere(1, 30));
  CHECK(run.converged);
  CHECK(distance(run.theta, a.llt().solve(b)) < 1e-12);
}

TEST_CASE("every problem is solved to a gradient norm below 1e-10, at a minimum") {
  for (const Problem& p : every_problem()) {
    const Objective q = p.objective();
    for (const std::uint64_t seed : {1, 2, 3}) {
      CAPTURE(p.model.spec().name);
      CAPTURE(seed);
      const Run run = minimise(q, p.anywhere(seed, 1));
      CHECK(run.converged);
      CHECK(gradient_norm(q, run.theta) < 1e-10);
      CHECK(run.gradient_norm == doctest::Approx(gradient_norm(q, run.theta)).epsilon(1e-14));
      CHECK(run.objective == Evaluator(q).value(run.theta));
      CHECK(run.kind == Stationarity::minimum);
      CHECK(run.negative_eigenvalues == 0);
      CHECK(eigenvalues(q, run.theta)(0) > 0);
      for (std::size_t i = 1; i < run.log.size(); ++i)
        CHECK(run.log[i].objective <= run.log[i - 1].objective + 1e-12);
    }
  }
}

TEST_CASE("Bregman and quadratic objectives are solved as well") {
  for (const Problem& p : every_problem()) {
    Objective q = p.objective();
    q.weight_decay = 0;
    q.damping = 0.01;
    q.centre = p.anywhere(4);
    for (const ObjectiveTerm term : {ObjectiveTerm::bregman, ObjectiveTerm::quadratic}) {
      CAPTURE(p.model.spec().name);
      q.term = term;
      q.centre_outputs = outputs(p.model, p.train.inputs, q.centre);
      const Run run = minimise(q, p.anywhere(5));
      CHECK(run.converged);
      CHECK(gradient_norm(q, run.theta) < 1e-10);
      if (term == ObjectiveTerm::quadratic) CHECK(distance(run.theta, q.centre) < 1e-7);
    }
  }
}

TEST_CASE("an indefinite start is left for a minimum") {
  const Problem p = tanh_classification_problem();
  int indefinite = 0;
  for (const std::uint64_t seed : {11, 12, 13, 14}) {
    const VectorXd start = p.anywhere(seed, 1.5);
    if (eigenvalues(p.objective(), start)(0) < -1e-3) ++indefinite;
    const Run run = minimise(p.objective(), start);
    CHECK(run.converged);
    CHECK(run.kind == Stationarity::minimum);
    CHECK(eigenvalues(p.objective(), run.theta)(0) > 0);
  }
  CHECK(indefinite >= 2);
}

TEST_CASE("from an exact saddle the method leaves along negative curvature") {
  for (const Index features : {1, 2, 3})
    for (const std::vector<Index>& hidden : {std::vector<Index>{1}, std::vector<Index>{3}}) {
      CAPTURE(features);
      const SaddleProblem s(features, hidden);
      const Objective q = s.objective(0.05);
      const VectorXd zero = VectorXd::Zero(s.model.parameter_count());
      REQUIRE(gradient_norm(q, zero) == 0);
      REQUIRE(s.coupling() > 0.1);
      const Run run = minimise(q, zero);
      CHECK(run.converged);
      CHECK(run.gradient_norm < 1e-10);
      CHECK(run.objective < Evaluator(q).value(zero) - 1e-3);
      // Hidden units may be exchanged or turned into each other, but nothing goes down from here.
      CHECK(run.kind != Stationarity::saddle);
      CHECK(eigenvalues(q, run.theta)(0) > -1e-9);
    }
}

TEST_CASE("asked to stay, it stops at the saddle and counts the ways down") {
  const SaddleProblem s(2, {3});
  const double weight_decay = 0.05;
  NewtonOptions options;
  options.leave_saddles = false;
  const VectorXd zero = VectorXd::Zero(s.model.parameter_count());
  const Run run = minimise(s.objective(weight_decay), zero, options);
  CHECK(run.theta == zero);
  CHECK(run.kind == Stationarity::saddle);
  CHECK(run.negative_eigenvalues == 3);
  CHECK(run.smallest_eigenvalue == doctest::Approx(weight_decay - s.coupling()).epsilon(1e-12));
  CHECK(run.iterations == 0);
}

TEST_CASE("where the Hessian is zero nothing can be said, and that is what is said") {
  const SaddleProblem s(2, {2, 2});  // three layers: gradient and Hessian vanish at 0
  const VectorXd zero = VectorXd::Zero(s.model.parameter_count());
  const Run run = minimise(s.objective(0), zero);
  CHECK(run.kind == Stationarity::degenerate);
  CHECK(run.negative_eigenvalues == 0);
}

TEST_CASE("a search that was cut short does not claim to have converged") {
  const Problem p = tanh_regression_problem();
  NewtonOptions options;
  options.max_iterations = 2;
  const Run run = minimise(p.objective(), p.anywhere(1, 1), options);
  CHECK_FALSE(run.converged);
  CHECK(run.iterations == 2);
  CHECK(run.log.size() == 3);
  CHECK(run.gradient_norm > 1e-10);
}

TEST_CASE("starts that are no starts are refused") {
  const Problem p = ridge_problem();
  VectorXd start = p.anywhere(1);
  start(2) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(minimise(p.objective(), start), std::invalid_argument);
  CHECK_THROWS_AS(minimise(p.objective(), VectorXd::Zero(3)), std::invalid_argument);
}

TEST_CASE("threads do not change a bit") {
  const Problem p = tanh_classification_problem();
  NewtonOptions one, two;
  two.threads = 2;
  CHECK(minimise(p.objective(), p.anywhere(1), one).theta ==
        minimise(p.objective(), p.anywhere(1), two).theta);
}
