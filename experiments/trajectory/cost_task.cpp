// SPDX-License-Identifier: MIT
#include "experiments/trajectory/cost_task.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <stdexcept>

#include "influence/metrics/closeness.h"
#include "influence/trajectory/estimator_cost.h"

namespace leaveout {

using Eigen::VectorXd;

namespace {

/// Seconds that `work` takes: the least of a few, where it is short.
template <class Work>
double timed(const Work& work) {
  double least = HUGE_VAL, total = 0;
  for (int repeat = 0; repeat < 10 && total < 0.03; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    least = std::min(least, seconds.count());
    total += seconds.count();
  }
  return least;
}

CostRow counted_row(const std::string& name, const Trajectory& path, const EstimatorCost& cost) {
  CostRow row{name};
  row.passes = cost.passes(path);
  row.gradients = cost.counted.differentiated;
  row.products = cost.counted.products;
  row.dense = cost.dense;
  row.stored_bytes = cost.counted.bytes;
  row.working_bytes = cost.working_bytes;
  return row;
}

void against_derivative(const VectorXd& x, const RemovalTruth& truth, CostRow& row) {
  if (truth.derivative.size() == 0) return;
  row.derivative_spearman = spearman(x, truth.derivative);
  row.derivative_error = scaled_error(x, truth.derivative);
}

CostRow measure(TrajectoryEstimator kind,
                const Trajectory& path,
                const QueryLosses& query,
                const TrajectoryOptions& how,
                const RemovalTruth& truth) {
  const std::string name = trajectory_estimator_name(kind);
  VectorXd x;
  double seconds = 0;
  try {
    seconds =
        timed([&] { x = trajectory_estimate(kind, path, query, how).values.row(0).transpose(); });
  } catch (const std::invalid_argument& refusal) {
    return {name, refusal.what()};
  }
  if (!within_bounds(x)) return {name, kBeyondBoundsWords};
  CostRow row = counted_row(name, path, estimator_cost(kind, path, query.count(), how));
  row.seconds = seconds;
  const VectorXd& removal = has_query(kind) ? truth.removal : truth.others;
  row.spearman = spearman(x, removal);
  row.scale = best_scale(x, removal);
  row.error = scaled_error(x, removal);
  if (has_query(kind)) against_derivative(x, truth, row);
  return row;
}

CostRow retraining_row(const Trajectory& path, const RemovalTruth& truth, int threads) {
  CostRow row = counted_row(kRetraining, path, {retraining_cost(path, path.examples())});
  row.seconds = truth.removal_seconds * threads;
  against_derivative(truth.removal, truth, row);
  return row;
}

}  // namespace

const CostRow* find_row(const CostSeed& seed, const std::string& estimator) {
  for (const CostRow& row : seed.rows)
    if (row.estimator == estimator && row.refused.empty()) return &row;
  return nullptr;
}

CostSeed measure_cost(const RecordedTask& task, const TaskOptions& options, TrajectoryOptions how) {
  const Trajectory path = task.path();
  const QueryLosses query(task.model(), *task.data.test, QueryLosses::As::mean);
  how.sampled.seed = task.data.settings.seed;
  choose_checkpoints(path.steps(), how.sampled);  // complains of more checkpoints than steps
  TaskOptions afresh = options;
  afresh.shard_folder.clear();  // trainings that are read back would take no time
  const RemovalTruth truth = removal_truth(task, afresh);
  CostSeed result{task.data.settings.seed,
                  path.examples(),
                  path.parameters(),
                  path.steps(),
                  truth.curvature_time};
  result.training_passes = training_cost(path).passes(path.examples());
  result.training_seconds = timed([&] { task.train_with(task.objective.weights); });
  for (const TrajectoryEstimator kind : trajectory_estimators())
    result.rows.push_back(measure(kind, path, query, how, truth));
  result.rows.push_back(retraining_row(path, truth, options.threads));
  return result;
}

}  // namespace leaveout
