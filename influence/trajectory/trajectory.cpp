// SPDX-License-Identifier: MIT
#include "influence/trajectory/trajectory.h"

#include <fmt/format.h>

#include <stdexcept>

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

QueryLosses::QueryLosses(const Model& model, const Dataset& query, As as)
    : model_(&model), query_(&query), as_(as) {
  if (query.size() < 1)
    throw std::invalid_argument("[trajectory] queries, expected at least one, got none");
}

VectorXd QueryLosses::values(const VectorXd& theta) const {
  const VectorXd each = losses(*model_, *query_, theta);
  if (as_ == As::each) return each;
  return VectorXd::Constant(1, each.mean());
}

MatrixXd QueryLosses::gradients(const VectorXd& theta) const {
  if (as_ == As::each) return loss_gradients(*model_, *query_, theta);
  VectorXd g;
  Evaluator(training_objective(*model_, *query_, 0)).gradient(theta, g);
  return g;
}

Scores trajectory_scores(const Trajectory& path, MatrixXd values, std::string method) {
  Scores scores;
  scores.values = std::move(values);
  for (Index i = 0; i < path.examples(); ++i) scores.train.push_back({i});
  scores.normalisation = Normalisation::removal;
  scores.train_size = path.examples();
  scores.measurement = "loss";
  scores.method = std::move(method);
  return scores;
}

MatrixXd batch_loss_gradients(const Trajectory& path,
                              const VectorXd& theta,
                              std::span<const Index> batch) {
  const Dataset part = take(path.train(), {batch.begin(), batch.end()});
  return loss_gradients(path.model(), part, theta);
}

}  // namespace leaveout
