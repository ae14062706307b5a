// SPDX-License-Identifier: MIT
#include "influence/trajectory/hydra.h"

#include <doctest/doctest.h>

#include "tests/influence/trajectory/recorded.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// The paper's loop for one example: weight times N is what h is the derivative in.
VectorXd hypergradient(const Recorded& s, Index i, bool hessian) {
  const double n = static_cast<double>(s.objective.size());
  const double relative_weight = n * s.objective.weights(i);
  VectorXd h = VectorXd::Zero(s.start.size()), m = h;
  Evaluator losses(training_objective(s.problem.model, s.problem.train, 0));
  losses.set_weights(s.objective.weights);
  MatrixXd bent;
  Replay(s.objective, s.log).forward([&](const LoggedStep& step) {
    const double b = static_cast<double>(step.batch.size());
    VectorXd q = s.problem.weight_decay * h;
    for (const Index j : step.batch)
      if (j == i)
        q += n / b * relative_weight *
             loss_gradients(s.problem.model, s.problem.train, step.before.theta).col(i);
    if (hessian) {
      losses.batch_curvature_product(step.before.theta, step.batch, h, bent, Curvature::full);
      q += bent.col(0);
    }
    m = s.log.protocol.momentum * m + q;
    h -= step.rate * m;
  });
  return h;
}

}  // namespace

TEST_CASE(
    "hydra is the paper's forward hypergradient, with momentum and weight decay, times -1/N") {
  Problem p = tanh_classification_problem();
  p.weight_decay = 0.3;  // seen beside the losses' curvature
  for (const double momentum : {0.0, 0.7}) {
    const Recorded s = uneven(p, protocol_of(OptimiserKind::sgd, momentum));
    const MatrixXd gradients = s.queries().gradients(s.log.end.theta);
    const double n = static_cast<double>(p.size());
    for (const Hydra form : {Hydra::fast, Hydra::hessian}) {
      const MatrixXd scores = hydra_scores(s.path(), s.queries(), form).values;
      const MatrixXd u = removal_tangents(s.path(), {{2}, {5}}, hydra_options(form));
      for (Index k = 0; k < 2; ++k) {
        const Index i = k == 0 ? 2 : 5;
        const VectorXd h = hypergradient(s, i, form == Hydra::hessian);
        CHECK(relative_distance(u.col(k), -h / n) < 1e-12);
        CHECK(relative_distance(scores.col(i), -gradients.transpose() * h / n) < 1e-12);
      }
    }
  }
}

TEST_CASE("hydra's fast form is first order without weight decay, and exact for its hessian form") {
  Problem p = tanh_regression_problem();
  UnrollOptions first;
  first.propagate = false;
  for (const double decay : {0.0, 0.2}) {
    p.weight_decay = decay;
    const Recorded s = uneven(p, protocol_of(OptimiserKind::nesterov));
    const MatrixXd fast = hydra_scores(s.path(), s.queries(), Hydra::fast).values;
    const MatrixXd nohess = unrolled_scores(s.path(), s.queries(), first).values;
    if (decay == 0)
      CHECK(relative_distance(fast, nohess) < 1e-14);
    else
      CHECK(relative_distance(fast, nohess) > 0.05);
    CHECK(hydra_scores(s.path(), s.queries(), Hydra::hessian).values ==
          unrolled_scores(s.path(), s.queries()).values);
  }
}

TEST_CASE("weight decay's curvature alone: forward and backward agree for every rule") {
  for (const OptimiserKind kind :
       {OptimiserKind::sgd, OptimiserKind::nesterov, OptimiserKind::adam}) {
    Problem p = tanh_classification_problem();
    p.weight_decay = 0.2;
    const Recorded s = uneven(p, protocol_of(kind));
    const std::vector<Group> all = one_by_one(all_examples(p.size()));
    const MatrixXd u = removal_tangents(s.path(), all, hydra_options(Hydra::fast));
    const MatrixXd forward = s.queries().gradients(s.log.end.theta).transpose() * u;
    CHECK(relative_distance(hydra_scores(s.path(), s.queries(), Hydra::fast).values, forward) <
          1e-12);
  }
}
