// SPDX-License-Identifier: MIT
#include "influence/trajectory/unrolled.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr Index kDirections = 8;  // columns of a product that share a sweep

/// Which columns a batch's places concern: pairs (place in the batch, column).
std::vector<std::pair<Index, Index>> places(std::span<const Index> batch,
                                            const std::vector<std::vector<Index>>& columns_of) {
  std::vector<std::pair<Index, Index>> found;
  for (std::size_t j = 0; j < batch.size(); ++j)
    for (const Index column : columns_of[static_cast<std::size_t>(batch[j])])
      found.emplace_back(static_cast<Index>(j), column);
  return found;
}

std::vector<std::vector<Index>> columns_of_examples(const Trajectory& path,
                                                    const std::vector<Group>& removed) {
  std::vector<std::vector<Index>> columns(static_cast<std::size_t>(path.examples()));
  for (std::size_t k = 0; k < removed.size(); ++k)
    for (const Index i : removed[k]) {
      if (i < 0 || i >= path.examples())
        throw std::invalid_argument(fmt::format(
            "[unrolled] removed example, expected 0 to {}, got {}", path.examples() - 1, i));
      columns[static_cast<std::size_t>(i)].push_back(static_cast<Index>(k));
    }
  return columns;
}

/// Subtracts c_i (g_i + H_i u_k) from dg.col(k) for the batch's removed examples i, of column k;
/// H_i u_k only where `own`, of the losses alone and without penalties, is there.
void take_removed(const Trajectory& path,
                  const LoggedStep& step,
                  const std::vector<std::pair<Index, Index>>& found,
                  Evaluator* own,
                  Curvature curvature,
                  const MatrixXd& u,
                  MatrixXd& dg) {
  if (found.empty()) return;
  std::vector<Index> examples;
  examples.reserve(found.size());
  for (const auto& [place, column] : found)
    examples.push_back(step.batch[static_cast<std::size_t>(place)]);
  MatrixXd change = batch_loss_gradients(path, step.before.theta, examples);  // (P x found)
  MatrixXd bent;
  for (std::size_t j = 0; j < found.size(); ++j) {
    const Index i = examples[j], k = found[j].second;
    auto g = change.col(static_cast<Index>(j));
    if (own) {
      own->batch_curvature_product(
          step.before.theta, std::span(&examples[j], 1), u.col(k), bent, curvature);
      g += bent.col(0);
    }
    dg.col(k) -= path.share(i, static_cast<Index>(step.batch.size())) * g;
  }
}

/// What weight decay and damping bring to every curvature, times the identity.
double penalty_curvature(const Trajectory& path) {
  return path.objective->weight_decay + path.objective->damping;
}

}  // namespace

StepDerivative step_derivative(const Trajectory& path,
                               const LoggedStep& step,
                               Evaluator& evaluate,
                               VectorXd& g) {
  // Only Adam's derivative depends on the gradient.
  if (path.log->protocol.optimiser == OptimiserKind::adam)
    step_gradient(evaluate, step.before.theta, step.batch, g);
  return {path.log->protocol, step.rate, g, step.after};
}

MatrixXd removal_tangents(const Trajectory& path,
                          const std::vector<Group>& removed,
                          const UnrollOptions& options,
                          const std::function<void(Index, const MatrixXd&)>& after) {
  const auto columns_of = columns_of_examples(path, removed);
  const auto columns = static_cast<Index>(removed.size());
  Replay replay(*path.objective, *path.log);
  Evaluator evaluate(*path.objective, 0, std::min(columns, kDirections));
  Evaluator losses(training_objective(path.model(), path.train(), 0));
  Evaluator* own = options.without_own_curvature ? &losses : nullptr;
  StateColumns tangent = zero_columns(path.log->protocol, path.parameters(), columns);
  MatrixXd dg = tangent.theta;
  VectorXd g(path.parameters());
  replay.forward([&](const LoggedStep& step) {
    if (!options.propagate)
      dg.setZero();
    else if (!options.loss_curvature)
      dg = penalty_curvature(path) * tangent.theta;
    else
      evaluate.batch_curvature_product(
          step.before.theta, step.batch, tangent.theta, dg, options.curvature);
    take_removed(
        path, step, places(step.batch, columns_of), own, options.curvature, tangent.theta, dg);
    step_derivative(path, step, evaluate, g).push(dg, tangent);
    if (after) after(step.number + 1, tangent.theta);
  });
  return tangent.theta;
}

MatrixXd unrolled_values(const Trajectory& path,
                         const MatrixXd& query_gradients,
                         const UnrollOptions& options) {
  const Index queries = query_gradients.cols();
  if (query_gradients.rows() != path.parameters())
    throw std::invalid_argument(fmt::format("[unrolled] query gradients, expected {} rows, got {}",
                                            path.parameters(),
                                            query_gradients.rows()));
  if (options.without_own_curvature)
    throw std::invalid_argument(
        "[unrolled] without_own_curvature, expected with removal_tangents only: backward, all "
        "examples share the curvature of the batch");
  Replay replay(*path.objective, *path.log);
  Evaluator evaluate(*path.objective, 0, std::min(queries, kDirections));
  StateColumns adjoint = zero_columns(path.log->protocol, path.parameters(), queries);
  adjoint.theta = query_gradients;
  MatrixXd values = MatrixXd::Zero(queries, path.examples());
  MatrixXd product, slopes;
  VectorXd g(path.parameters());
  replay.backward([&](const LoggedStep& step) {
    const MatrixXd g_bar = step_derivative(path, step, evaluate, g).pull(adjoint);
    // The mini-batch's product has the slopes of its examples' losses along g_bar with it.
    evaluate.batch_curvature_product(
        step.before.theta, step.batch, g_bar, product, options.curvature, &slopes);
    if (!options.loss_curvature) product = penalty_curvature(path) * g_bar;
    if (options.propagate) adjoint.theta += product;
    const auto b = static_cast<Index>(step.batch.size());
    for (Index j = 0; j < b; ++j) {
      const Index i = step.batch[static_cast<std::size_t>(j)];
      values.col(i) -= path.share(i, b) * slopes.row(j).transpose();
    }
  });
  return values;
}

Scores unrolled_scores(const Trajectory& path,
                       const QueryLosses& queries,
                       const UnrollOptions& options) {
  std::string method = options.propagate ? "unrolled" : "unrolled without curvature";
  if (options.propagate && !options.loss_curvature)
    method += ", weight decay's curvature only";
  else if (options.propagate && options.curvature == Curvature::gauss_newton)
    method += ", gauss_newton";
  return trajectory_scores(
      path, unrolled_values(path, queries.gradients(path.theta_end()), options), method);
}

}  // namespace leaveout
