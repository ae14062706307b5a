// SPDX-License-Identifier: MIT
// Newton's method without the Hessian: the same answers as with it.
#include <doctest/doctest.h>

#include <Eigen/Cholesky>
#include <limits>

#include "models/trust_region.h"
#include "tests/models/image_specs.h"
#include "tests/support/problems.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

NewtonOptions using_method(NewtonMethod method) {
  NewtonOptions options;
  options.method = method;
  return options;
}
const NewtonOptions kDense = using_method(NewtonMethod::dense);
const NewtonOptions kFree = using_method(NewtonMethod::matrix_free);

/// From near a minimum, so that both end in the same one.
void check_same_minimiser(const Objective& q, const VectorXd& start) {
  const Run first = minimise(q, start, kDense);
  REQUIRE(first.converged);
  const VectorXd nearby = first.theta + 1e-3 * Random(77).normal_matrix(first.theta.size(), 1);
  const Run dense = minimise(q, nearby, kDense), free = minimise(q, nearby, kFree);
  REQUIRE(dense.converged);
  CHECK(free.converged);
  CHECK(free.gradient_norm < 1e-10);
  CHECK(free.kind == dense.kind);
  CHECK(distance(free.theta, dense.theta) < 1e-9);
  CHECK(free.objective == doctest::Approx(dense.objective).epsilon(1e-13));
}

}  // namespace

TEST_CASE("with and without the Hessian the minimiser is the same: losses") {
  for (const Problem& p : every_problem()) {
    CAPTURE(p.model.spec().name);
    check_same_minimiser(p.objective(), p.anywhere(1, 1));
  }
}

TEST_CASE("with and without the Hessian the minimiser is the same: Bregman and quadratic terms") {
  for (const Problem& p : every_problem()) {
    CAPTURE(p.model.spec().name);
    Objective q = p.objective();
    q.weight_decay = 0;
    q.damping = 0.01;
    q.centre = p.anywhere(4);
    q.weights(3) = 0;
    q.term = ObjectiveTerm::bregman;
    q.centre_outputs = outputs(p.model, p.train.inputs, q.centre);
    q.tilted = {3};
    q.tilt = MatrixXd::Constant(p.model.outputs(), 1, 0.02);
    check_same_minimiser(q, p.anywhere(5));
    q.tilted.clear();
    q.term = ObjectiveTerm::quadratic;
    q.linear = 0.01 * p.anywhere(6);
    check_same_minimiser(q, p.anywhere(5));
  }
}

TEST_CASE("with and without the Hessian the minimiser is the same: a LeNet") {
  const Model model(small_network("lenet:2,2/3", {1, 8, 8}));
  Dataset data = make_blobs(40, 64, 3, 0.5, 21);
  data.inputs *= 0.2;
  const Objective q = training_objective(model, data, 0.02);
  check_same_minimiser(q, initialise(model.spec(), Initialisation::glorot_normal, 3));
}

TEST_CASE("ridge without the Hessian: the solution of the normal equations") {
  const Problem p = ridge_problem();
  const MatrixXd x = extended(p.train);
  MatrixXd a = x * x.transpose() / static_cast<double>(p.size());
  a.diagonal().array() += p.weight_decay;
  const VectorXd b = x * p.train.targets.transpose() / static_cast<double>(p.size());
  const Run run = minimise(p.objective(), p.anywhere(1, 30), kFree);
  CHECK(run.converged);
  CHECK(run.kind == Stationarity::minimum);
  CHECK(distance(run.theta, a.llt().solve(b)) < 1e-12);
}

TEST_CASE("from anywhere it reaches a minimum, going down all the way") {
  for (const Problem& p : every_problem())
    for (const std::uint64_t seed : {1, 2}) {
      CAPTURE(p.model.spec().name);
      const Objective q = p.objective();
      const Run run = minimise(q, p.anywhere(seed, 1.5), kFree);
      CHECK(run.converged);
      CHECK(run.gradient_norm < 1e-10);
      CHECK(run.kind == Stationarity::minimum);
      const MatrixXd h = Evaluator(q).curvature(run.theta, Curvature::full);
      CHECK(h.llt().info() == Eigen::Success);
      for (std::size_t i = 1; i < run.log.size(); ++i)
        CHECK(run.log[i].objective <= run.log[i - 1].objective + 1e-12);
    }
}

TEST_CASE("from an exact saddle it leaves, or stays where it is told to") {
  ModelSpec spec = parse_model("mlp:3", Task::regression, 2, 1);
  spec.bias = false;  // the gradient at zero is exactly zero, and the Hessian indefinite
  const Model model(spec);
  const Dataset data = make_linear_regression(30, 2, 0.5, 31);
  const Objective q = training_objective(model, data, 0.05);
  const VectorXd zero = VectorXd::Zero(model.parameter_count());
  const Run left = minimise(q, zero, kFree);
  CHECK(left.converged);
  CHECK(left.objective < Evaluator(q).value(zero) - 1e-3);
  CHECK(left.kind != Stationarity::saddle);
  NewtonOptions stay = kFree;
  stay.leave_saddles = false;
  const Run stayed = minimise(q, zero, stay);
  CHECK(stayed.theta == zero);
  CHECK(stayed.kind == Stationarity::saddle);
  CHECK(stayed.negative_eigenvalues >= 1);
  const Run dense = [&] {
    NewtonOptions o = kDense;
    o.leave_saddles = false;
    return minimise(q, zero, o);
  }();
  CHECK(stayed.negative_eigenvalues <= dense.negative_eigenvalues);
  CHECK(stayed.smallest_eigenvalue == doctest::Approx(dense.smallest_eigenvalue).epsilon(1e-9));
}

TEST_CASE("automatic is dense up to the limit, and what it says is what it does") {
  NewtonOptions options;
  options.dense_limit = 20;
  CHECK(newton_method(options, 20) == NewtonMethod::dense);
  CHECK(newton_method(options, 21) == NewtonMethod::matrix_free);
  CHECK(newton_method(kFree, 2) == NewtonMethod::matrix_free);
  CHECK(newton_method(kDense, 1000000) == NewtonMethod::dense);
  const Problem p = tanh_classification_problem();  // 27 parameters
  REQUIRE(p.parameters() > 20);
  const VectorXd start = p.anywhere(1);
  CHECK(minimise(p.objective(), start, options).theta ==
        minimise(p.objective(), start, kFree).theta);
  CHECK(minimise(p.objective(), start).theta == minimise(p.objective(), start, kDense).theta);
  for (const char* name : {"automatic", "dense", "matrix_free"})
    CHECK(newton_method_name(parse_newton_method(name)) == name);
  CHECK_THROWS_AS(parse_newton_method("sparse"), std::invalid_argument);
}

TEST_CASE("memory: squares of the parameters with the Hessian, multiples without") {
  CHECK(newton_bytes(1000, kDense) == 4u * 8u * 1000u * 1000u);
  CHECK(newton_bytes(2000, kFree) == 2 * newton_bytes(1000, kFree));
  CHECK(newton_bytes(100000, kFree) < newton_bytes(100000, kDense) / 1000);
}
