// SPDX-License-Identifier: MIT
#include "tests/support/problems.h"

#include <cmath>

namespace leaveout {

Objective Problem::objective() const {
  return training_objective(model, train, weight_decay);
}

Eigen::VectorXd Problem::optimum() const {
  return minimise(objective(), Eigen::VectorXd::Zero(parameters())).theta;
}

Eigen::VectorXd Problem::anywhere(std::uint64_t seed, double spread) const {
  return spread * Random(seed, {1}).normal_matrix(parameters(), 1);
}

Problem make_problem(const Dataset& data,
                     Eigen::Index queries,
                     const std::string& model,
                     double weight_decay) {
  std::vector<Eigen::Index> train, query;  // rows
  for (Eigen::Index i = 0; i < data.size(); ++i)
    (i < data.size() - queries ? train : query).push_back(i);
  return {Model(parse_model(model, data)), take(data, train), take(data, query), weight_decay};
}

Problem ridge_problem(Eigen::Index examples, double weight_decay) {
  return make_problem(make_linear_regression(examples + 5, 4, 1.0, 11), 5, "linear", weight_decay);
}

Problem multiple_ridge_problem() {
  Dataset data = make_linear_regression(24, 4, 1.0, 12);
  Random random(12, {2});
  const Eigen::MatrixXd map = random.normal_matrix(3, 4);  // (outputs x features)
  data.targets = map * data.inputs;
  data.targets += random.normal_matrix(3, data.size());
  return make_problem(data, 4, "linear", 0.05);
}

Problem logistic_problem(Eigen::Index examples, double weight_decay) {
  return make_problem(make_blobs(examples + 10, 3, 2, 0.8, 13), 10, "logistic", weight_decay);
}

Problem softmax_problem(Eigen::Index examples, double weight_decay) {
  return make_problem(make_blobs(examples + 12, 3, 3, 0.8, 14), 12, "softmax", weight_decay);
}

Problem tanh_regression_problem() {
  return make_problem(make_linear_regression(40, 3, 1.0, 15), 6, "mlp:4,3", 0.01);
}

Problem tanh_classification_problem() {
  return make_problem(make_blobs(48, 2, 3, 0.8, 16), 6, "mlp:4", 0.01);
}

Problem cnn_problem(const std::string& model, Eigen::Index side, Eigen::Index examples) {
  Dataset data = make_blobs(examples + 4, 2 * side * side, 2, 0.8, 17);
  data.image = {.channels = 2, .height = side, .width = side};
  return make_problem(data, 4, model, 0.01);
}

std::vector<Problem> every_problem() {
  std::vector<Problem> problems;
  problems.push_back(ridge_problem());
  problems.push_back(multiple_ridge_problem());
  problems.push_back(logistic_problem());
  problems.push_back(softmax_problem());
  problems.push_back(tanh_regression_problem());
  problems.push_back(tanh_classification_problem());
  return problems;
}

Eigen::MatrixXd extended(const Dataset& data) {
  Eigen::MatrixXd x(data.features() + 1, data.size());
  x.topRows(data.features()) = data.inputs;
  x.bottomRows(1).setOnes();
  return x;
}

Eigen::MatrixXd means(LossKind loss, const Eigen::MatrixXd& y) {
  if (loss == LossKind::half_squared_error) return y;
  const Eigen::MatrixXd e = y.unaryExpr([](double value) { return std::exp(value); });
  if (loss == LossKind::cross_entropy) return e * e.colwise().sum().cwiseInverse().asDiagonal();
  return e.unaryExpr([](double value) { return value / (1 + value); });
}

std::vector<Eigen::Index> all_examples(Eigen::Index n) {
  std::vector<Eigen::Index> all;
  for (Eigen::Index i = 0; i < n; ++i) all.push_back(i);
  return all;
}

}  // namespace leaveout
