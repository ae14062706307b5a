// SPDX-License-Identifier: MIT
#pragma once
// A small training with its log, on which the laws of influence/trajectory/ are tested.
//
//   const Recorded r(tanh_classification_problem(), plain_sgd(9));
//   Scores s = unrolled_scores(r.path(), r.queries());
//   double truth = r.change(r.queries(), i)(0);            // by retraining without i

#include "influence/trajectory/trajectory.h"
#include "tests/support/problems.h"

namespace leaveout {

inline Protocol plain_sgd(Index batch_size, double rate = 0.15, Index epochs = 6) {
  Protocol p;
  p.learning_rate = rate;
  p.batch_size = batch_size;
  p.epochs = epochs;
  p.seed = 3;
  return p;
}

inline Protocol cosine(Protocol p) {
  p.schedule = RateSchedule::cosine;
  return p;
}

/// |got - expected| / |expected|.
inline double distance(const Eigen::MatrixXd& got, const Eigen::MatrixXd& expected) {
  return (got - expected).norm() / expected.norm();
}

/// Not to be moved: the objective points into it.
struct Recorded {
  Problem problem;
  Objective objective;
  Eigen::VectorXd start;
  TrainingLog log;
  Recorded(Problem p, const Protocol& protocol)
      : problem(std::move(p)), objective(problem.objective()), start(problem.anywhere(1)) {
    record(protocol);
  }
  Recorded(const Recorded&) = delete;
  Recorded& operator=(const Recorded&) = delete;

  /// Again, where the objective or the start was changed.
  void record(const Protocol& protocol) { log = record_training(objective, start, protocol); }
  Trajectory path() const { return {&objective, &log}; }
  QueryLosses queries(QueryLosses::As as = QueryLosses::As::each) const {
    return {problem.model, problem.query, as};
  }
  /// By how much the queries' losses change when training leaves i out.
  Eigen::VectorXd change(const QueryLosses& asked, Index i) const {
    Objective without = objective;
    without.weights(i) = 0;
    return asked.values(train(without, start, log.protocol).theta) - asked.values(log.end.theta);
  }
};

}  // namespace leaveout
