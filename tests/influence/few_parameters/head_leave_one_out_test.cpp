// SPDX-License-Identifier: MIT
// Leave-one-out of the head: the downdate against a new factorisation, ridge against retraining,
// and the polished head against its own gradient.
#include "influence/few_parameters/head_leave_one_out.h"

#include <doctest/doctest.h>

#include "tests/support/leave_one_out.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

std::vector<Problem> head_problems() {
  std::vector<Problem> problems = every_problem();
  problems.push_back(make_problem(make_blobs(40, 3, 2, 0.8, 17), 5, "mlp:4", 0.02));
  return problems;
}

/// A - A_i / N: the curvature of the head's objective with weight 0 for example i.
MatrixXd curvature_without(const HeadProblem& head, double decay, double damping, Index i) {
  Objective q = head.objective(decay, damping);
  q.weights(i) = 0;
  return Evaluator(q).curvature(head.w, Curvature::full);
}

VectorXd head_losses(const HeadProblem& head, const VectorXd& w) {
  return losses(head.model, head.data, w);
}

}  // namespace

TEST_CASE("head leave-one-out: the downdate is a new factorisation's step, and its outputs") {
  for (const Problem& p : head_problems())
    for (const double damping : {0.0, 0.1}) {
      const HeadLeaveOneOut loo(p.model, p.train, p.anywhere(3), p.weight_decay, damping);
      const MatrixXd g = head_gradients(loo.examples());
      const std::vector<Index> all = all_examples(p.size());
      const MatrixXd steps = loo.steps(all), without = loo.outputs_without(all);
      const HeadSelfEffects self = loo.self_effects();
      const double n = static_cast<double>(p.size());
      const MatrixXd a = head_curvature(loo.head(), p.weight_decay, damping);
      const MatrixXd plain = a.llt().solve(g) / n;
      for (const Index i : all) {
        const MatrixXd rest = curvature_without(loo.head(), p.weight_decay, damping, i);
        const VectorXd step = rest.llt().solve(g.col(i)) / n;
        CHECK(distance(steps.col(i), step) < 1e-10);
        const VectorXd w = loo.head().w + step;
        const MatrixXd y = outputs(loo.head().model, loo.head().data.inputs.col(i), w);
        CHECK(distance(without.col(i), y) < 1e-10);
        CHECK(self.self_influence(i) == doctest::Approx(g.col(i).dot(plain.col(i))).epsilon(1e-10));
        CHECK(self.self_influence_without(i) == doctest::Approx(g.col(i).dot(step)).epsilon(1e-10));
        CHECK(self.self_influence_without(i) >= self.self_influence(i));
        CHECK(self.loss_without(i) ==
              doctest::Approx(head_losses(loo.head(), w)(i)).epsilon(1e-10));
      }
      CHECK(distance(self.loss, losses(p.model, p.train, p.anywhere(3))) < 1e-12);
    }
}

TEST_CASE("head leave-one-out of ridge regression is the retraining, residuals e / (1 - h)") {
  for (const Problem& p : {ridge_problem(), multiple_ridge_problem()}) {
    const VectorXd optimum = p.optimum();
    const HeadLeaveOneOut loo(p.model, p.train, optimum, p.weight_decay);
    const std::vector<Index> all = all_examples(p.size());
    const MatrixXd steps = loo.steps(all), without = loo.outputs_without(all);
    const HeadSelfEffects self = loo.self_effects();
    const LeaveOneOut truth = leave_one_out(p, 0, optimum);
    const MatrixXd x = extended(p.train);
    MatrixXd a = x * x.transpose() / static_cast<double>(p.size());
    a.diagonal().array() += p.weight_decay;
    for (const Index i : all) {
      const VectorXd change = solved(truth, Response::warm_start, i) - optimum;
      CHECK(distance(steps.col(i), change) < 1e-11);
      const double h = x.col(i).dot(a.llt().solve(x.col(i))) / static_cast<double>(p.size());
      const VectorXd e = loo.examples().residuals.col(i);
      CHECK(distance(without.col(i) - p.train.targets.col(i), e / (1 - h)) < 1e-11);
      CHECK(self.loss_without(i) ==
            doctest::Approx(self.loss(i) / ((1 - h) * (1 - h))).epsilon(1e-10));
    }
    CHECK(self.correct.size() == 0);
  }
}

TEST_CASE("head leave-one-out, polished: the gradient without the example is zero") {
  for (const Problem& p : {tanh_classification_problem(), logistic_problem(40, 0.02)}) {
    const VectorXd theta = p.anywhere(5);
    const HeadProblem head = head_problem(p.model, p.train, theta);
    VectorXd trained = theta;
    const VectorXd w = minimise(head.objective(p.weight_decay), head.w).theta;
    trained.tail(w.size()) = w;
    const HeadLeaveOneOut loo(p.model, p.train, trained, p.weight_decay);
    double first = 0, corrected = 0;  // errors of the steps
    for (Index i = 0; i < 8; ++i) {
      const Run run = loo.retrain(i);
      CHECK(run.converged);
      CHECK(run.kind == Stationarity::minimum);
      Objective q = loo.head().objective(p.weight_decay);
      q.weights(i) = 0;
      VectorXd g;
      Evaluator(q).gradient(run.theta, g);
      CHECK(g.norm() < 1e-10);
      Evaluator(q).gradient(w, g);
      CHECK(run.log.front().gradient_norm < 0.2 * g.norm());  // it starts from the step
      CHECK(distance(run.theta, minimise(q, VectorXd::Zero(w.size())).theta) < 1e-8);
      const MatrixXd a = head_curvature(loo.head(), p.weight_decay, 0);
      const VectorXd plain = a.llt().solve(head_gradients(loo.examples()).col(i));
      first += (plain / static_cast<double>(p.size()) - (run.theta - w)).norm();
      corrected += (loo.steps({i}).col(0) - (run.theta - w)).norm();
    }
    CHECK(corrected < first);
  }
}

TEST_CASE("head leave-one-out: damping holds the polished head back, as it holds the step") {
  const Problem p = multiple_ridge_problem();  // where one Newton step is the retraining
  const VectorXd optimum = p.optimum();
  const HeadLeaveOneOut loo(p.model, p.train, optimum, p.weight_decay, 0.5);
  CHECK(distance(loo.retrain(2).theta - optimum, loo.steps({2}).col(0)) < 1e-10);
}

TEST_CASE("head leave-one-out: correctness is the largest output's, before and after") {
  int changed = 0;
  for (const Problem& p : {tanh_classification_problem(), logistic_problem(30, 1e-3)})
    for (const double scale : {1.0, 0.2}) {  // outputs on both sides of every threshold but 0
      const HeadLeaveOneOut loo(p.model, p.train, scale * p.optimum(), p.weight_decay);
      const HeadSelfEffects self = loo.self_effects();
      const MatrixXd y = loo.outputs_without(all_examples(p.size()));
      const auto correct = [&](const MatrixXd& outputs, Index i) {
        if (outputs.rows() == 1) return (outputs(0, i) > 0) == (p.train.label(i) == 1);
        return outputs.col(i).maxCoeff() == outputs(p.train.label(i), i);
      };
      for (Index i = 0; i < p.size(); ++i) {
        CHECK((self.correct(i) == 1) == correct(loo.examples().outputs, i));
        CHECK((self.correct_without(i) == 1) == correct(y, i));
        CHECK(self.correct_without(i) <= self.correct(i));  // an example pulls to its own class
        changed += self.correct(i) != self.correct_without(i);
      }
    }
  CHECK(changed > 0);
}

TEST_CASE("head leave-one-out: what has no answer is refused in one line") {
  const auto message = [](const auto& call) {
    try {
      call();
    } catch (const std::invalid_argument& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  const Problem p = softmax_problem();
  const HeadLeaveOneOut loo(p.model, p.train, p.anywhere(1), 0.1);
  CHECK(message([&] { (void)loo.steps({60}); }) ==
        "[head leave-one-out] removed example, expected 0 to 59, got 60");
  CHECK(
      message([&] { (void)loo.retrain(-1); }).starts_with("[head leave-one-out] removed example"));
  CHECK(message([&] {
          (void)HeadLeaveOneOut(p.model, p.train, p.anywhere(1), 0);
        }).starts_with("[cholesky] the matrix (12 x 12) is not positive definite"));
  Problem alone = ridge_problem();
  alone.train.inputs.row(0).setZero();
  for (const double value : {0.3, 0.7, 1.0, 1.1, 1.9, 3.3}) {
    alone.train.inputs(0, 7) = value;  // nobody else has this feature: 1 - h is rounding
    const HeadLeaveOneOut fragile(alone.model, alone.train, alone.anywhere(1), 0);
    CHECK(message([&] { (void)fragile.steps({7}); }) ==
          "[head leave-one-out] example 7, the others do not determine the head without it: raise "
          "weight_decay or damping");
    CHECK(fragile.steps({6}).allFinite());
  }
}
