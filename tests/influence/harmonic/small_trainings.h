// SPDX-License-Identifier: MIT
#pragma once
// Trainings of a few examples, for derivatives in their weights: one of every kind of model.
//
//   Training t = softmax_training();
//   WeightedResponse at = t.at(weights);
//   double f = t.value(weights, 0, QueryOutput::margin);       // by retraining from t.start

#include <vector>

#include "influence/harmonic/weighted_response.h"
#include "tests/support/problems.h"
#include "tests/support/random_numbers.h"

namespace leaveout {

struct Training {
  Problem problem;
  Eigen::VectorXd start;  // in the basin of a minimum

  Eigen::Index size() const { return problem.size(); }
  WeightedResponse at(const Eigen::VectorXd& weights) const {
    return {problem.objective(), weights, start};
  }
  double value(const Eigen::VectorXd& weights, Eigen::Index query, QueryOutput kind) const {
    return at(weights).values(problem.query, kind)(query);
  }
  /// 0.5 to 1.1.
  Eigen::VectorXd uneven_weights() const {
    Random random(5, {9});
    return Eigen::VectorXd::NullaryExpr(size(), [&] { return 0.5 + 0.6 * random.uniform(); });
  }
  std::vector<QueryOutput> outputs() const {
    if (problem.query.task == Task::regression) return {QueryOutput::prediction, QueryOutput::loss};
    return {QueryOutput::margin,
            QueryOutput::logodds,
            QueryOutput::probability,
            QueryOutput::loss,
            QueryOutput::prediction};
  }
};

/// The minimum at equal weights from a random start, so that retraining is one basin's.
inline Training settled(Problem problem) {
  const Eigen::VectorXd theta = minimise(problem.objective(), problem.anywhere(4)).theta;
  return {std::move(problem), theta};
}

inline Training ridge_training() {
  return settled(ridge_problem(8, 0.1));
}
inline Training logistic_training(double weight_decay = 0.05) {
  return settled(make_problem(make_blobs(17, 2, 2, 0.3, 21), 3, "logistic", weight_decay));
}
inline Training softmax_training() {
  return settled(make_problem(make_blobs(13, 2, 3, 0.8, 22), 3, "softmax", 0.05));
}
/// More parameters than examples, and residuals that stay.
inline Training regression_network_training() {
  return settled(make_problem(make_linear_regression(12, 2, 1.0, 23), 3, "mlp:3", 0.05));
}
inline Training classification_network_training() {
  return settled(make_problem(make_blobs(13, 2, 3, 0.8, 24), 3, "mlp:3", 0.03));
}

inline std::vector<Training> every_training() {
  std::vector<Training> all;
  all.push_back(ridge_training());
  all.push_back(logistic_training());
  all.push_back(softmax_training());
  all.push_back(regression_network_training());
  all.push_back(classification_network_training());
  return all;
}

/// w + h e_i.
inline Eigen::VectorXd nudged(Eigen::VectorXd w, Eigen::Index i, double h) {
  w(i) += h;
  return w;
}

/// Central difference of fourth order of f(h) at 0.
template <class F>
auto slope(F&& f, double h) {
  using Value = decltype(f(h));
  return Value((8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h));
}

/// Second difference of fourth order of f(h) at 0.
template <class F>
auto second_slope(F&& f, double h) {
  using Value = decltype(f(h));
  return Value((16 * (f(h) + f(-h)) - f(2 * h) - f(-2 * h) - 30 * f(0.0)) / (12 * h * h));
}

}  // namespace leaveout
