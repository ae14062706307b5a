// SPDX-License-Identifier: MIT
#include "influence/trajectory/tracin.h"

#include <fmt/format.h>

#include "influence/memorization/early_scores.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// The parameters of so many points of the training must be stored.
void add_states(Cost& cost, const Trajectory& path, Index states) {
  cost.bytes += 8.0 * static_cast<double>(path.parameters() * states);
}

MatrixXd weighted(const Trajectory& path, const MatrixXd& slopes) {  // (N x Q) to (Q x N)
  return slopes.transpose() * path.objective->weights.asDiagonal();
}

/// x / y, and 0 where y is 0.
VectorXd inverse_or_zero(const VectorXd& y) {
  return (y.array() > 0).select(y.cwiseInverse(), 0);
}

}  // namespace

Scores tracin_ideal(const Trajectory& path, const QueryLosses& queries, Cost* cost) {
  const VectorXd& weights = path.objective->weights;
  MatrixXd values = MatrixXd::Zero(queries.count(), path.examples());
  VectorXd before;
  Replay(*path.objective, *path.log).forward([&](const LoggedStep& step) {
    if (step.number == 0) before = queries.values(step.before.theta);
    const VectorXd after = queries.values(step.after.theta);
    double total = 0;
    for (const Index i : step.batch) total += weights(i);
    if (total > 0)  // else penalties alone moved theta, and it is nobody's
      for (const Index i : step.batch) values.col(i) += weights(i) / total * (before - after);
    before = after;
  });
  if (cost) add_states(*cost, path, path.steps() + 1);
  return trajectory_scores(path, values, "tracin, ideal");
}

Scores tracin_first_order(const Trajectory& path, const QueryLosses& queries, Cost* cost) {
  MatrixXd values = MatrixXd::Zero(queries.count(), path.examples());
  Replay(*path.objective, *path.log).forward([&](const LoggedStep& step) {
    const VectorXd& theta = step.before.theta;
    const auto b = static_cast<Index>(step.batch.size());
    const Dataset batch = take(path.train(), {step.batch.begin(), step.batch.end()});
    const MatrixXd slopes = loss_slopes(path.model(), batch, theta, queries.gradients(theta));
    for (Index j = 0; j < b; ++j) {
      const Index i = step.batch[static_cast<std::size_t>(j)];
      values.col(i) += path.share(i, b) * step.rate * slopes.row(j).transpose();
    }
    if (cost) cost->add_slopes(b, queries.count());
  });
  if (cost) add_states(*cost, path, path.steps());
  return trajectory_scores(path, values, "tracin, first order");
}

Scores tracin_checkpoints(const Trajectory& path,
                          const QueryLosses& queries,
                          const Checkpoints& checkpoints,
                          Cost* cost) {
  MatrixXd values = MatrixXd::Zero(queries.count(), path.examples());
  visit_checkpoints(path, checkpoints, [&](const Checkpoint& c) {
    const MatrixXd slopes =
        loss_slopes(path.model(), path.train(), c.theta, queries.gradients(c.theta));
    values += checkpoints.stands_for * c.rate * weighted(path, slopes);
    if (cost) cost->add_slopes(path.examples(), queries.count());
  });
  if (cost) add_states(*cost, path, static_cast<Index>(checkpoints.steps.size()));
  return trajectory_scores(
      path, values, fmt::format("tracin, {} checkpoints", checkpoints.steps.size()));
}

VectorXd tracin_self_influence(const Trajectory& path, const Checkpoints& checkpoints, Cost* cost) {
  VectorXd self = VectorXd::Zero(path.examples());
  visit_checkpoints(path, checkpoints, [&](const Checkpoint& c) {
    const VectorXd norms = grand(path.model(), path.train(), c.theta);
    self +=
        checkpoints.stands_for * c.rate * norms.cwiseAbs2().cwiseProduct(path.objective->weights);
    if (cost) cost->differentiated += static_cast<double>(path.examples());
  });
  if (cost) add_states(*cost, path, static_cast<Index>(checkpoints.steps.size()));
  return self;
}

Scores grad_dot(const Trajectory& path, const QueryLosses& queries) {
  const VectorXd& theta = path.theta_end();
  const MatrixXd slopes = loss_slopes(path.model(), path.train(), theta, queries.gradients(theta));
  return trajectory_scores(path, weighted(path, slopes), "grad-dot");
}

Scores grad_cos(const Trajectory& path, const QueryLosses& queries) {
  const VectorXd& theta = path.theta_end();
  const MatrixXd v = queries.gradients(theta);
  const VectorXd of_queries = inverse_or_zero(v.colwise().norm().transpose());
  const VectorXd of_train = inverse_or_zero(grand(path.model(), path.train(), theta));
  const MatrixXd slopes = loss_slopes(path.model(), path.train(), theta, v);
  const MatrixXd cosines = of_train.asDiagonal() * slopes * of_queries.asDiagonal();
  return trajectory_scores(path, weighted(path, cosines), "grad-cos");
}

}  // namespace leaveout
