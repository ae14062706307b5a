// SPDX-License-Identifier: MIT
#include "experiments/trajectory/trajectory_accuracy_task.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <stdexcept>

#include "influence/metrics/bootstrap.h"
#include "influence/metrics/closeness.h"
#include "influence/trajectory/counterfactual_runs.h"
#include "influence/trajectory/unrolled.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// Scores of all examples for one query, by name: the registry's, and two more forms of Diff-In.
struct Contender {
  std::string name;
  std::function<VectorXd(const Trajectory&, const QueryLosses&)> estimate;
};

VectorXd first_row(const Scores& scores) {
  return scores.values.row(0).transpose();
}

std::vector<Contender> contenders(const TrajectoryOptions& how) {
  std::vector<Contender> all;
  for (const TrajectoryEstimator kind : trajectory_estimators())
    all.push_back({trajectory_estimator_name(kind),
                   [kind, how](const Trajectory& path, const QueryLosses& query) {
                     return first_row(trajectory_estimate(kind, path, query, how));
                   }});
  const auto add = [&](const char* name, CheckpointChoice checkpoints) {
    DiffInOptions options;
    options.sum_over_steps = true;
    options.checkpoints = checkpoints;
    all.push_back({name, [options](const Trajectory& path, const QueryLosses& query) {
                     return first_row(diff_in_scores(path, query, options));
                   }});
  };
  add("diff_in_sum", how.sampled);
  add("diff_in_all_steps", {Sampling::all});
  return all;
}

AccuracyRow measure(const Contender& contender,
                    const Trajectory& path,
                    const QueryLosses& query,
                    const RemovalTruth& truth,
                    Index top) {
  AccuracyRow row{contender.name};
  try {
    row.values = contender.estimate(path, query);
  } catch (const std::invalid_argument& refusal) {
    row.refused = refusal.what();
    return row;
  }
  row.removal = closeness(row.values, truth.removal, top);
  row.derivative = closeness(row.values, truth.derivative, top);
  return row;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return quantile(values, 0.5);
}

ParameterRow parameter_row(const std::string& name, const MatrixXd& u, const MatrixXd& delta) {
  std::vector<double> cosines, errors;
  for (Index k = 0; k < u.cols(); ++k) {
    const double length = delta.col(k).norm(), product = u.col(k).norm() * length;
    if (length == 0) continue;  // never drawn
    cosines.push_back(product > 0 ? u.col(k).dot(delta.col(k)) / product : 0);
    errors.push_back((u.col(k) - delta.col(k)).norm() / length);
  }
  if (cosines.empty()) return {name};
  return {name, median(cosines), median(errors)};
}

/// The estimators that say where the parameters go, for the first examples.
std::vector<ParameterRow> parameter_rows(const RecordedTask& task,
                                         const TaskOptions& options,
                                         const AccuracyOptions& how,
                                         AccuracyCell& cell) {
  const Trajectory path = task.path();
  std::vector<Index> examples(static_cast<std::size_t>(std::min(how.parameters, path.examples())));
  std::iota(examples.begin(), examples.end(), Index{0});
  const CounterfactualOptions pool{
      {.threads = options.threads, .shard_folder = options.shard_folder}, options.provenance};
  const MatrixXd delta = counterfactual_runs(path, one_by_one(examples), pool).delta();
  const MatrixXd exact = removal_tangents(path, one_by_one(examples));
  const QueryLosses query(task.model(), *task.data.test, QueryLosses::As::mean);
  const VectorXd forward = exact.transpose() * query.gradients(path.theta_end()).col(0);
  const VectorXd backward = cell.truth.derivative.head(forward.size());
  cell.two_directions = (backward - forward).norm() / forward.norm();
  std::vector<ParameterRow> rows = {parameter_row("unrolled", exact, delta)};
  UnrollOptions flat;
  flat.propagate = false;
  rows.push_back(
      parameter_row("first_order", removal_tangents(path, one_by_one(examples), flat), delta));
  DiffInOptions paper;
  paper.checkpoints = how.estimators.sampled;
  const auto diff_in = [&](const char* name, const DiffInOptions& o) {
    rows.push_back(parameter_row(name, diff_in_parameters(path, examples, o), delta));
  };
  const Protocol& p = path.log->protocol;
  if (p.optimiser == OptimiserKind::adam || p.momentum != 0) return rows;
  diff_in("diff_in", paper);
  diff_in("diff_in_consistent", consistent_diff_in());
  return rows;
}

}  // namespace

Closeness closeness(const VectorXd& estimate, const VectorXd& truth, Index top) {
  Closeness c;
  c.raw_error = relative_error(estimate, truth);
  c.scale = best_scale(estimate, truth);
  c.scaled_error = scaled_error(estimate, truth);
  c.pearson = pearson(estimate, truth);
  c.spearman = spearman(estimate, truth);
  c.kendall = kendall(estimate, truth);
  c.signs = sign_agreement(estimate, truth, {.resamples = 0}).value;
  const Index k = std::clamp<Index>(truth.size() / 2, 1, top);
  c.top = top_k_overlap(estimate, truth, k, TopBy::magnitude);
  return c;
}

const AccuracyRow* AccuracyCell::find(const std::string& estimator) const {
  for (const AccuracyRow& row : rows)
    if (row.estimator == estimator && row.refused.empty()) return &row;
  return nullptr;
}

AccuracyCell measure_accuracy(const RecordedTask& task,
                              const TaskOptions& options,
                              AccuracyOptions how) {
  const Trajectory path = task.path();
  const QueryLosses query(task.model(), *task.data.test, QueryLosses::As::mean);
  AccuracyCell cell{task.data.settings.base.epochs, task.data.settings.seed};
  cell.model = describe(task.model().spec());
  cell.truth = removal_truth(task, options);
  cell.linearisation = relative_error(cell.truth.derivative, cell.truth.removal).value_or(0);
  how.estimators.sampled.seed = cell.seed;
  how.estimators.sampled.count = std::min(how.estimators.sampled.count, path.steps());
  for (const Contender& contender : contenders(how.estimators))
    cell.rows.push_back(measure(contender, path, query, cell.truth, how.top));
  cell.parameters = parameter_rows(task, options, how, cell);
  if (how.budget) cell.budget = error_budget(path, query, standard_budget(path, cell.seed));
  return cell;
}

}  // namespace leaveout
