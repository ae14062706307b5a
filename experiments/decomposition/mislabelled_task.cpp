// SPDX-License-Identifier: MIT
#include "experiments/decomposition/mislabelled_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "autodiff/memory.h"
#include "datasets/random.h"
#include "influence/estimators/influence_function.h"
#include "models/architecture.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// So many parameter vectors are held at once: N of them would be gigabytes for the larger tasks.
constexpr Index kChunk = 256;

/// The examples first, first + 1, ..., at most kChunk of them.
std::vector<Index> chunk(Index first, Index examples) {
  std::vector<Index> rows(static_cast<std::size_t>(std::min(kChunk, examples - first)));
  std::iota(rows.begin(), rows.end(), first);
  return rows;
}

const EstimatorOptions& estimator(const TaskSettings& s) {
  return s.protocols.front() == ProtocolKind::exact ? s.exact_estimator : s.paper_estimator;
}

/// The paper protocol's base run does not ask for dense matrices, but its estimate may.
void require_dense_memory(const TrainedTask& task, const EstimatorOptions& how) {
  const bool direct = how.solver == SolverKind::cholesky || how.solver == SolverKind::ldlt ||
                      how.solver == SolverKind::eigen;
  if (!direct) return;
  const auto p = static_cast<std::size_t>(task.model->parameter_count());
  require_memory("mislabelled",
                 4 * p * p * sizeof(double),
                 0,
                 fmt::format("{} with {} parameters", solver_name(how.solver), p),
                 "use a smaller model, or cg as the solver");
}

/// A stream of its own: it has nothing to do with which labels are wrong.
VectorXd random_scores(Index examples, std::uint64_t seed) {
  Random random(seed, {0x6f72646572 /* "order" */});
  VectorXd scores(examples);
  for (Index k = 0; k < examples; ++k) scores(k) = random.uniform();
  return scores;
}

VectorXd gradient_norms(const TrainedTask& task) {
  const Index n = task.train->size();
  VectorXd norms(n);
  for (Index first = 0; first < n; first += kChunk) {
    const std::vector<Index> rows = chunk(first, n);
    const MatrixXd g = loss_gradients(*task.model, take(*task.train, rows), task.loo->theta_s());
    norms.segment(first, g.cols()) = g.colwise().norm().transpose();
  }
  return norms;
}

}  // namespace

VectorXd pbrf_self_influence(const TrainedTask& task,
                             const TaskOptions& options,
                             Index& unconverged) {
  const Index n = task.train->size();
  const ProtocolKind protocol = task.settings.protocols.front();
  const std::string title = fmt::format("{} seed {}", task.settings.name, task.settings.seed);
  DecompositionOptions how = response_options(task, protocol, options, title);
  const auto bar = how.pool.progress;  // of all chunks together
  VectorXd change = -losses(*task.model, *task.train, task.loo->theta_s());  // (N)
  for (Index first = 0; first < n; first += kChunk) {
    if (bar) how.pool.progress = [&](Index done, Index) { bar(first + done, n); };
    std::vector<RetrainingTask> tasks;
    for (const Index k : chunk(first, n))
      tasks.push_back(response_task(*task.loo, Response::pbrf, {k}, protocol, how));
    const std::vector<Run> runs = retrain(tasks, how.pool);
    for (std::size_t j = 0; j < runs.size(); ++j) {
      const Index k = first + static_cast<Index>(j);
      change(k) += losses(*task.model, take(*task.train, {k}), runs[j].theta)(0);
      if (protocol == ProtocolKind::exact && !runs[j].converged) ++unconverged;
    }
  }
  return change;
}

VectorXd influence_self_scores(const TrainedTask& task, Inspection& account) {
  const EstimatorOptions& how = estimator(task.settings);
  require_dense_memory(task, how);
  const InfluenceFunction estimate(*task.loo, how);
  account.estimator = how.text();
  const Index n = task.train->size();
  VectorXd scores(n);
  for (Index first = 0; first < n; first += kChunk) {
    const std::vector<Index> rows = chunk(first, n);
    const Solution steps = estimate.steps(rows);  // columns (G + ..)^-1 g_k / N
    const MatrixXd g = loss_gradients(*task.model, take(*task.train, rows), task.loo->theta_s());
    scores.segment(first, g.cols()) = g.cwiseProduct(steps.x).colwise().sum().transpose();
    account.worst_residual = std::max(account.worst_residual, steps.residual.maxCoeff());
    account.solved = account.solved && steps.converged;
  }
  return scores;
}

double accuracy(const Model& model, const Dataset& data, const VectorXd& theta) {
  const MatrixXd y = outputs(model, data.inputs, theta);  // (O x N)
  Index right = 0;
  for (Index i = 0; i < data.size(); ++i) {
    Index chosen = 0;
    if (y.rows() > 1)
      y.col(i).maxCoeff(&chosen);
    else
      chosen = y(0, i) > 0 ? 1 : 0;
    right += chosen == data.label(i) ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(data.size());
}

Inspection inspect(const TrainedTask& task, const TaskOptions& options) {
  const Index n = task.train->size();
  const VectorXd& theta_s = task.loo->theta_s();
  Inspection found;
  found.seed = task.settings.seed;
  found.model = describe(task.model->spec());
  found.parameters = task.model->parameter_count();
  found.corrupted.assign(static_cast<std::size_t>(n), false);
  for (const Index k : task.corrupted) found.corrupted[static_cast<std::size_t>(k)] = true;
  found.train_accuracy = accuracy(*task.model, *task.train, theta_s);
  found.true_accuracy = accuracy(*task.model, *task.query, theta_s);
  found.scores.resize(n, static_cast<Index>(kOrders.size()));
  found.scores.col(1) = influence_self_scores(task, found);  // fails early where it must
  found.scores.col(0) = pbrf_self_influence(task, options, found.unconverged);
  found.scores.col(2) = losses(*task.model, *task.train, theta_s);
  found.scores.col(3) = gradient_norms(task);
  found.scores.col(4) = random_scores(n, found.seed);
  return found;
}

}  // namespace leaveout
