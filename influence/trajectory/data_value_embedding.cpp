// SPDX-License-Identifier: MIT
#include "influence/trajectory/data_value_embedding.h"

#include <fmt/format.h>

#include <algorithm>

#include "influence/trajectory/requirements.h"

namespace leaveout {

using Eigen::MatrixXd;

namespace {

Index largest_batch(const TrainingLog& log) {
  return std::min(log.protocol.batch_size, log.examples);
}

}  // namespace

double data_value_bytes(const Trajectory& path) {
  const auto p = static_cast<double>(path.parameters());
  const auto columns = static_cast<double>(path.examples() + 2 * largest_batch(*path.log));
  return 8 * p * (p + columns);
}

MatrixXd data_value_embeddings(const Trajectory& path, double memory) {
  require_plain_sgd(path, "data value embedding", "its propagator is that of theta alone");
  const Index p = path.parameters();
  require_memory("data value embedding",
                 fmt::format("{0} x {0} propagator and {1} embeddings", p, path.examples()),
                 data_value_bytes(path),
                 memory);
  const double penalty = path.objective->weight_decay + path.objective->damping;
  MatrixXd propagator = MatrixXd::Identity(p, p);  // K: from after this step to the end
  MatrixXd embeddings = MatrixXd::Zero(p, path.examples());
  MatrixXd moved;  // (P x b)
  Replay(*path.objective, *path.log).backward([&](const LoggedStep& step) {
    const auto b = static_cast<Index>(step.batch.size());
    const MatrixXd g = batch_loss_gradients(path, step.before.theta, step.batch);  // (P x b)
    moved.noalias() = propagator * g;
    for (Index j = 0; j < b; ++j) {
      const Index i = step.batch[static_cast<std::size_t>(j)];
      moved.col(j) *= step.rate * path.share(i, b);
      embeddings.col(i) += moved.col(j);
    }
    propagator *= 1 - step.rate * penalty;
    propagator.noalias() -= moved * g.transpose();
  });
  return embeddings;
}

Scores data_value_scores(const Trajectory& path, const QueryLosses& queries, double memory) {
  const MatrixXd embeddings = data_value_embeddings(path, memory);
  const MatrixXd gradients = queries.gradients(path.theta_end());  // (P x Q)
  MatrixXd values = gradients.transpose() * embeddings;
  return trajectory_scores(path, std::move(values), "data_value_embedding");
}

}  // namespace leaveout
