// SPDX-License-Identifier: MIT
#pragma once
// A small training with its log, on which the laws of influence/trajectory/ are tested.
//
//   const Recorded r(tanh_classification_problem(), plain_sgd(9));
//   Scores s = unrolled_scores(r.path(), r.queries());
//   double truth = r.change(r.queries(), i)(0);            // by retraining without i

#include <memory>

#include "influence/trajectory/trajectory.h"
#include "tests/support/problems.h"

namespace leaveout {

inline constexpr OptimiserKind kRules[] = {
    OptimiserKind::sgd, OptimiserKind::nesterov, OptimiserKind::adam};

/// With a falling rate; Adam has no momentum.
inline Protocol protocol_of(OptimiserKind kind,
                            double momentum = 0.7,
                            Index batch_size = 9,
                            Index epochs = 6) {
  Protocol p;
  p.optimiser = kind;
  p.learning_rate = kind == OptimiserKind::adam ? 0.02 : 0.15;
  p.momentum = kind == OptimiserKind::adam ? 0 : momentum;
  p.epsilon = 1e-3;
  p.batch_size = batch_size;
  p.epochs = epochs;
  p.seed = 3;
  p.schedule = RateSchedule::cosine;
  return p;
}

/// The same, with momentum where the rule is about it.
inline Protocol short_protocol(OptimiserKind kind, Index batch_size, Index epochs = 5) {
  return protocol_of(kind, kind == OptimiserKind::nesterov ? 0.7 : 0, batch_size, epochs);
}

/// With a constant rate and no momentum.
inline Protocol plain_sgd(Index batch_size, double rate = 0.15, Index epochs = 6) {
  Protocol p = protocol_of(OptimiserKind::sgd, 0, batch_size, epochs);
  p.learning_rate = rate;
  p.schedule = RateSchedule::constant;
  return p;
}

/// The same in full batches.
inline Protocol descent(double rate, Index steps) {
  return plain_sgd(1000000, rate, steps);
}

inline Protocol cosine(Protocol p) {
  p.schedule = RateSchedule::cosine;
  return p;
}

/// |got - expected| / |expected|, of all entries.
inline double relative_distance(const Eigen::MatrixXd& got, const Eigen::MatrixXd& expected) {
  return (got - expected).norm() / expected.norm();
}

/// Starts at problem.anywhere(1), with weights of 1/N.
struct Recorded {
  std::unique_ptr<const Problem> kept;  // a problem that was given away
  const Problem& problem;               // or one that outlives the object
  Objective objective;
  Eigen::VectorXd start;
  TrainingLog log;

  Recorded(const Problem& p, const Protocol& protocol, const LogOptions& options = {})
      : problem(p), objective(p.objective()), start(p.anywhere(1)) {
    record(protocol, options);
  }
  Recorded(Problem&& p, const Protocol& protocol, const LogOptions& options = {})
      : kept(std::make_unique<const Problem>(std::move(p))),
        problem(*kept),
        objective(problem.objective()),
        start(problem.anywhere(1)) {
    record(protocol, options);
  }

  /// Again, where the objective or the start was changed.
  void record(const Protocol& protocol, const LogOptions& options = {}) {
    log = record_training(objective, start, protocol, options);
  }
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
  /// By how much the queries' losses change when training leaves i out.
  Eigen::VectorXd change(const QueryLosses& asked, Index i) const {
    return asked.values(end(i, 1)) - asked.values(log.end.theta);
  }
};

/// Of weights 1/N, but for example 2, which has 1.5 times as much: shares differ.
inline Recorded uneven(const Problem& p, const Protocol& protocol, const LogOptions& options = {}) {
  Recorded r(p, protocol);
  r.objective.weights(2) *= 1.5;
  r.record(protocol, options);
  return r;
}
Recorded uneven(Problem&&, const Protocol&, const LogOptions& = {}) = delete;  // it must stay

}  // namespace leaveout
