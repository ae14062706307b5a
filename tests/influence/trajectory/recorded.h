// SPDX-License-Identifier: MIT
#pragma once
// A small problem with a logged training, for the tests of what is asked along trajectories.
//
//   const Problem p = tanh_classification_problem();
//   const Setting s(p, protocol_of(OptimiserKind::sgd));
//   Scores scores = unrolled_scores(s.path(), s.queries());

#include "influence/trajectory/trajectory.h"
#include "tests/support/problems.h"

namespace leaveout {

/// Six epochs with batches of 9 and a falling rate; momentum 0.7 where the rule has one.
inline Protocol protocol_of(OptimiserKind kind, double momentum = 0.7, Index batch_size = 9) {
  Protocol p;
  p.optimiser = kind;
  p.learning_rate = kind == OptimiserKind::adam ? 0.02 : 0.15;
  p.momentum = kind == OptimiserKind::adam ? 0 : momentum;
  p.epsilon = 1e-3;
  p.batch_size = batch_size;
  p.epochs = 6;
  p.seed = 3;
  p.schedule = RateSchedule::cosine;
  return p;
}

/// Full-batch descent with a constant rate.
inline Protocol descent(double rate, Index steps) {
  Protocol p = protocol_of(OptimiserKind::sgd, 0, 1000000);
  p.learning_rate = rate;
  p.epochs = steps;
  p.schedule = RateSchedule::constant;
  return p;
}

struct Setting {
  const Problem& problem;
  Objective objective;
  Eigen::VectorXd start;
  TrainingLog log;

  /// Weights of 1/N, but for example 2, which has 1.5 times as much: shares differ.
  Setting(const Problem& p, const Protocol& protocol)
      : problem(p), objective(p.objective()), start(p.anywhere(1)) {
    objective.weights(2) *= 1.5;
    log = record_training(objective, start, protocol);
  }
  Setting(Problem&&, const Protocol&) = delete;  // it must outlive the object

  Trajectory path() const { return {&objective, &log}; }
  QueryLosses queries(QueryLosses::As as = QueryLosses::As::each) const {
    return {problem.model, problem.query, as};
  }
  /// theta at the end with i's weight times (1 - s).
  Eigen::VectorXd end(Index i, double s) const {
    Objective q = objective;
    q.weights(i) *= 1 - s;
    return train(q, start, log.protocol).theta;
  }
};

/// |got - expected| / |expected|, of all entries.
inline double relative(const Eigen::MatrixXd& got, const Eigen::MatrixXd& expected) {
  return (got - expected).norm() / expected.norm();
}

}  // namespace leaveout
