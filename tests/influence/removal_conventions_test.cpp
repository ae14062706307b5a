// SPDX-License-Identifier: MIT
// Two meanings of "without example k", which differ at the order of the effect itself:
//
//   keep_weights   (1/N) sum over the others      influence gradient (1/N) grad loss_k
//   renormalise    (1/(N-1)) sum over the others  (1/(N-1)) (grad loss_k + weight_decay theta)
//
// On a quadratic objective a Newton step is exact: the Hessian of the retraining's objective times
// the true change of the optimum *is* the influence gradient of its own convention.
#include <doctest/doctest.h>

#include <cmath>

#include "influence/estimators/influence_function.h"
#include "tests/support/leave_one_out.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// Hessian of the retraining's objective times the change from the base optimum.
VectorXd newton_gradient(const LeaveOneOut& loo, const std::vector<Index>& removed) {
  const Objective q = loo.objective(Response::warm_start, removed);
  const VectorXd change = minimise(q, loo.theta_s()).theta - loo.theta_s();
  return Evaluator(q).curvature(loo.theta_s(), Curvature::full) * change;
}

/// Mean over all examples of |estimate - truth| / |truth|, in parameters.
double mean_error(const LeaveOneOut& estimator, const LeaveOneOut& retraining) {
  const MatrixXd estimate =
      InfluenceFunction(estimator, {}).steps(all_examples(estimator.train().size())).x;
  double sum = 0;
  for (Index k = 0; k < estimate.cols(); ++k) {
    const VectorXd truth = solved(retraining, Response::warm_start, k) - retraining.theta_s();
    sum += (estimate.col(k) - truth).norm() / truth.norm();
  }
  return sum / static_cast<double>(estimate.cols());
}

}  // namespace

TEST_CASE("each convention's gradient belongs to its own retraining and to no other") {
  const Problem p = ridge_problem(24, 0.3);
  const VectorXd optimum = p.optimum();
  const LeaveOneOut keep = leave_one_out(p, 0, optimum);
  const LeaveOneOut renormalise = leave_one_out(p, 0, optimum, Removal::renormalise);
  for (const std::vector<Index>& removed :
       {std::vector<Index>{0}, std::vector<Index>{7}, std::vector<Index>{1, 5, 9, 20}}) {
    const VectorXd a = newton_gradient(keep, removed), b = newton_gradient(renormalise, removed);
    CHECK(distance(keep.removal_gradient(removed), a) < 1e-11);
    CHECK(distance(renormalise.removal_gradient(removed), b) < 1e-11);
    CHECK(distance(keep.removal_gradient(removed), b) > 0.02);
    CHECK(distance(renormalise.removal_gradient(removed), a) > 0.02);
  }
}

TEST_CASE("the influence gradients of both conventions, by hand") {
  const Problem p = softmax_problem(30, 0.1);
  const VectorXd theta = p.anywhere(1);
  const MatrixXd g = loss_gradients(p.model, p.train, theta);
  const LeaveOneOut keep = leave_one_out(p, 0, theta);
  const LeaveOneOut renormalise = leave_one_out(p, 0, theta, Removal::renormalise);
  CHECK(distance(keep.removal_gradient({4}), g.col(4) / 30) < 1e-13);
  CHECK(distance(keep.removal_gradient({4, 6}), (g.col(4) + g.col(6)) / 30) < 1e-13);
  CHECK(distance(keep.removal_gradient({4}, 0.2), 0.2 * g.col(4)) < 1e-13);
  CHECK(distance(renormalise.removal_gradient({4}), (g.col(4) + 0.1 * theta) / 29) < 1e-13);
  CHECK(distance(renormalise.removal_gradient({4, 6}), (g.col(4) + g.col(6) + 0.2 * theta) / 28) <
        1e-13);
  CHECK(keep.removal_gradient({}).isZero(0));
}

TEST_CASE("the objectives of both conventions: who weighs what") {
  const Problem p = logistic_problem(30);
  const VectorXd theta = p.anywhere(1);
  const LeaveOneOut keep = leave_one_out(p, 0.1, theta);
  const LeaveOneOut renormalise = leave_one_out(p, 0.1, theta, Removal::renormalise);
  for (const Response r : {Response::cold_start, Response::warm_start, Response::proximal}) {
    const VectorXd a = keep.objective(r, {2, 3}).weights;
    const VectorXd b = renormalise.objective(r, {2, 3}).weights;
    for (Index i = 0; i < 30; ++i) {
      const bool gone = i == 2 || i == 3;
      CHECK(a(i) == (gone ? 0 : 1.0 / 30));
      CHECK(b(i) == doctest::Approx(gone ? 0 : 1.0 / 28).epsilon(1e-15));
    }
  }
  CHECK_THROWS_AS(renormalise.objective(Response::pbrf, {2}), std::invalid_argument);
  const VectorXd linearised = solved(renormalise, Response::linearised, 2) - theta;
  CHECK(distance(linearised, InfluenceFunction(renormalise, {}).steps(std::vector<Index>{2}).x) <
        1e-10);
}

TEST_CASE("on logistic and softmax regression a mismatch of conventions is seen at first order") {
  std::vector<Problem> problems;
  problems.push_back(logistic_problem(60, 0.1));
  problems.push_back(softmax_problem(60, 0.1));
  for (const Problem& p : problems) {
    const VectorXd optimum = p.optimum();
    const LeaveOneOut keep = leave_one_out(p, 0, optimum);
    const LeaveOneOut renormalise = leave_one_out(p, 0, optimum, Removal::renormalise);
    // The mean leverage is at most P/N, and that is what a right estimate may miss by.
    const double leverage = static_cast<double>(p.parameters()) / static_cast<double>(p.size());
    CHECK(mean_error(keep, keep) < leverage);
    CHECK(mean_error(renormalise, renormalise) < leverage);
    CHECK(mean_error(keep, renormalise) > 2 * mean_error(renormalise, renormalise));
    CHECK(mean_error(renormalise, keep) > 2 * mean_error(keep, keep));
  }
}
