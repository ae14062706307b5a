// SPDX-License-Identifier: MIT
#include "experiments/trajectory/removal_truth.h"

#include <chrono>
#include <numeric>

#include "influence/trajectory/counterfactual_runs.h"
#include "influence/trajectory/unrolled.h"

namespace leaveout {

using Eigen::VectorXd;

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

VectorXd changes_of_others(const Trajectory& path, const CounterfactualRuns& runs) {
  const VectorXd before = losses(path.model(), path.train(), runs.base);
  VectorXd changes(path.examples());
  for (Index i = 0; i < path.examples(); ++i) {
    VectorXd change = losses(path.model(), path.train(), runs.theta.col(i)) - before;
    change(i) = 0;
    changes(i) = path.objective->weights.dot(change);
  }
  return changes;
}

}  // namespace

void require_removal(const RecordedTask& task, const Eigen::MatrixXd& removal) {
  if (!within_bounds(removal))
    throw diverged(task.data.settings, "without an example a loss is beyond all bounds");
}

RemovalTruth removal_truth(const RecordedTask& task, const TaskOptions& options) {
  const Trajectory path = task.path();
  const QueryLosses query(task.model(), *task.data.test, QueryLosses::As::mean);
  std::vector<Index> all(static_cast<std::size_t>(path.examples()));
  std::iota(all.begin(), all.end(), Index{0});
  CounterfactualOptions how{{.threads = options.threads, .shard_folder = options.shard_folder},
                            options.provenance};
  if (options.progress)
    how.pool.progress = options.progress(task.data.settings.name + ", trainings without one");
  RemovalTruth truth;
  auto start = std::chrono::steady_clock::now();
  const CounterfactualRuns runs = naming_divergence(
      task.data.settings, [&] { return counterfactual_runs(path, one_by_one(all), how); });
  truth.removal = counterfactual_scores(path, runs, query).values.row(0).transpose();
  require_removal(task, truth.removal);
  truth.removal_seconds = seconds_since(start);
  truth.others = changes_of_others(path, runs);
  start = std::chrono::steady_clock::now();
  truth.derivative = unrolled_scores(path, query).values.row(0).transpose();
  truth.derivative_seconds = seconds_since(start);
  if (!within_bounds(truth.derivative)) truth.derivative.resize(0);
  truth.curvature_time = training_length(task).x;
  return truth;
}

}  // namespace leaveout
