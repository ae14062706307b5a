// SPDX-License-Identifier: MIT
#pragma once
// A small training with its log, on which the laws of influence/trajectory/ are tested.

#include "influence/trajectory/trajectory.h"
#include "tests/support/problems.h"

namespace leaveout {

inline Protocol short_protocol(OptimiserKind kind, Index batch_size, Index epochs = 5) {
  Protocol p;
  p.optimiser = kind;
  p.learning_rate = kind == OptimiserKind::adam ? 0.02 : 0.15;
  p.momentum = kind == OptimiserKind::nesterov ? 0.7 : 0;
  p.epsilon = 1e-3;
  p.batch_size = batch_size;
  p.epochs = epochs;
  p.seed = 3;
  p.schedule = RateSchedule::cosine;
  return p;
}

struct ShortTraining {
  const Problem& problem;
  Objective objective;
  Eigen::VectorXd start;
  TrainingLog log;
  ShortTraining(const Problem& p, const Protocol& protocol)
      : problem(p), objective(p.objective()), start(p.anywhere(1)) {
    log = record_training(objective, start, protocol);
  }
  Trajectory path() const { return {&objective, &log}; }
};

inline constexpr OptimiserKind kRules[] = {
    OptimiserKind::sgd, OptimiserKind::nesterov, OptimiserKind::adam};

/// |got - expected| / |expected|
inline double relative_distance(const Eigen::MatrixXd& got, const Eigen::MatrixXd& expected) {
  return (got - expected).norm() / expected.norm();
}

}  // namespace leaveout
