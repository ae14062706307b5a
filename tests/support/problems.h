// SPDX-License-Identifier: MIT
#pragma once
// Small problems with fixed seeds, on which the laws of models/ and influence/ are tested.
//
//   Problem p = logistic_problem();
//   Objective q = p.objective();
//   Run run = minimise(q, p.anywhere(1));
//
// Objectives point into the Problem: it must outlive them. Linear models have closed forms in the
// extended inputs x~ = (x, 1), because theta is [W b] column by column.

#include <cmath>
#include <vector>

#include "datasets/random.h"
#include "datasets/synthetic.h"
#include "models/model.h"
#include "models/objective.h"
#include "models/trust_region.h"

namespace leaveout {

struct Problem {
  Model model;
  Dataset train, query;
  double weight_decay;

  Eigen::Index size() const { return train.size(); }
  Eigen::Index parameters() const { return model.parameter_count(); }
  Objective objective() const { return training_objective(model, train, weight_decay); }

  /// The minimiser of the training objective, to rounding.
  Eigen::VectorXd optimum() const {
    return minimise(objective(), Eigen::VectorXd::Zero(parameters())).theta;
  }
  /// Parameters that solve nothing: normal with the given spread.
  Eigen::VectorXd anywhere(std::uint64_t seed, double spread = 0.7) const {
    return spread * Random(seed, {1}).normal_matrix(parameters(), 1);
  }
};

/// The last `queries` examples become queries.
inline Problem make_problem(const Dataset& data,
                            Eigen::Index queries,
                            const std::string& model,
                            double weight_decay) {
  std::vector<Eigen::Index> train, query;  // rows
  for (Eigen::Index i = 0; i < data.size(); ++i)
    (i < data.size() - queries ? train : query).push_back(i);
  return {Model(parse_model(model, data.task, data.features(), data.outputs())),
          take(data, train),
          take(data, query),
          weight_decay};
}

inline Problem ridge_problem(Eigen::Index examples = 24, double weight_decay = 0.05) {
  return make_problem(make_linear_regression(examples + 5, 4, 1.0, 11), 5, "linear", weight_decay);
}

/// Ridge regression with three outputs: linear maps of the inputs, and noise.
inline Problem multiple_ridge_problem() {
  Dataset data = make_linear_regression(24, 4, 1.0, 12);
  Random random(12, {2});
  const Eigen::MatrixXd map = random.normal_matrix(3, 4);  // (outputs x features)
  data.targets = map * data.inputs;
  data.targets += random.normal_matrix(3, data.size());
  return make_problem(data, 4, "linear", 0.05);
}

inline Problem logistic_problem(Eigen::Index examples = 60, double weight_decay = 0.02) {
  return make_problem(make_blobs(examples + 10, 3, 2, 0.8, 13), 10, "logistic", weight_decay);
}

inline Problem softmax_problem(Eigen::Index examples = 60, double weight_decay = 0.02) {
  return make_problem(make_blobs(examples + 12, 3, 3, 0.8, 14), 12, "softmax", weight_decay);
}

/// A tanh network for regression on noisy data, so that residuals stay and H differs from G.
inline Problem tanh_regression_problem() {
  return make_problem(make_linear_regression(40, 3, 1.0, 15), 6, "mlp:4,3", 0.01);
}

/// A tanh network for three overlapping classes.
inline Problem tanh_classification_problem() {
  return make_problem(make_blobs(48, 2, 3, 0.8, 16), 6, "mlp:4", 0.01);
}

/// Every kind, for laws that hold for all of them.
inline std::vector<Problem> every_problem() {
  std::vector<Problem> problems;
  problems.push_back(ridge_problem());
  problems.push_back(multiple_ridge_problem());
  problems.push_back(logistic_problem());
  problems.push_back(softmax_problem());
  problems.push_back(tanh_regression_problem());
  problems.push_back(tanh_classification_problem());
  return problems;
}

/// x~ = (x, 1), (features + 1 x N).
inline Eigen::MatrixXd extended(const Dataset& data) {
  Eigen::MatrixXd x(data.features() + 1, data.size());
  x.topRows(data.features()) = data.inputs;
  x.bottomRows(1).setOnes();
  return x;
}

/// Mean outputs by the textbook, column by column: y, its sigmoid or its softmax, (O x N).
inline Eigen::MatrixXd means(LossKind loss, const Eigen::MatrixXd& y) {
  if (loss == LossKind::half_squared_error) return y;
  const Eigen::MatrixXd e = y.unaryExpr([](double value) { return std::exp(value); });
  if (loss == LossKind::cross_entropy) return e * e.colwise().sum().cwiseInverse().asDiagonal();
  return e.unaryExpr([](double value) { return value / (1 + value); });
}

/// 0, 1, ..., n-1.
inline std::vector<Eigen::Index> all_examples(Eigen::Index n) {
  std::vector<Eigen::Index> all;
  for (Eigen::Index i = 0; i < n; ++i) all.push_back(i);
  return all;
}

}  // namespace leaveout
