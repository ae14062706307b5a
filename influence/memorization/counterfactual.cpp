// SPDX-License-Identifier: MIT
#include "influence/memorization/counterfactual.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "autodiff/memory.h"
#include "influence/harmonic/mask_pool.h"
#include "influence/harmonic/mean_differences.h"
#include "influence/harmonic/subset_outputs.h"
#include "influence/memorization/seeded_training.h"
#include "models/retraining_pool.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

void require(bool ok, const std::string& what) {
  if (!ok) throw std::invalid_argument("[memorization] " + what);
}

/// Helping raises an output, and lowers a loss.
double direction(QueryOutput kind) {
  return kind == QueryOutput::loss ? -1 : 1;
}

/// The training examples, and the queries behind them.
Dataset joined(const Dataset& train, const Dataset& query) {
  Dataset all = train;
  all.inputs.resize(train.features(), train.size() + query.size());
  all.targets.resize(train.outputs(), all.inputs.cols());
  all.inputs << train.inputs, query.inputs;
  all.targets << train.targets, query.targets;
  return all;
}

VectorXd values(const SubsetProblem& problem,
                const Dataset& of,
                const Eigen::Ref<const VectorXd>& theta,
                QueryOutput kind) {
  const MatrixXd logits = outputs(*problem.model, of.inputs, theta);
  return output_values(kind, logits, of.targets, of.task);
}

/// One column of values a seed: (Q x S).
MatrixXd values_of_seeds(const SubsetProblem& problem,
                         const Dataset& of,
                         const MatrixXd& thetas,
                         QueryOutput kind) {
  MatrixXd all(of.size(), thetas.cols());
  for (Index s = 0; s < thetas.cols(); ++s) all.col(s) = values(problem, of, thetas.col(s), kind);
  return all;
}

RetrainingTask leave_out_task(const SubsetProblem& problem, Index left_out, Index repeat) {
  const bool convex = is_convex(problem.model->spec());
  const std::string what =
      left_out < 0 ? "all examples" : fmt::format("without example {}", left_out);
  return {seeded_key(problem, repeat, (convex ? "exact, " : "trained, ") + what), [=, &problem] {
            VectorXd weights = full_weights(problem);
            if (left_out >= 0) weights(left_out) = 0;
            if (!convex) return train_seeded(problem, weights, repeat);
            Objective q = training_objective(*problem.model, *problem.train, problem.weight_decay);
            q.weights = weights;
            return minimise(q, VectorXd::Zero(q.parameter_count()), problem.newton);
          }};
}

}  // namespace

SubsetTrainings train_random_subsets(const SubsetProblem& problem,
                                     Index subsets,
                                     const PoolOptions& options,
                                     double share) {
  const Index n = problem.examples();
  const auto size = static_cast<Index>(std::lround(share * static_cast<double>(n)));
  SubsetTrainings all;
  // A stream of its own, so that subsets and initialisations are unrelated.
  Random stream(problem.seed, {0x6d61736b /* "mask" */});
  all.masks = fixed_size_masks(n, size, subsets, stream.bits());
  const Dataset asked = joined(*problem.train, *problem.query);
  SubsetProblem both = problem;
  both.query = &asked;
  const SubsetLogits logits = train_subsets(both, all.masks, options);
  all.unconverged = logits.unconverged;
  const auto take_outputs = [&](QueryOutput kind, MatrixXd& train, MatrixXd& query) {
    if (!allows(asked.task, kind)) return;
    const MatrixXd values = subset_outputs(logits, kind, asked).mean;  // (M x N + Q)
    train = values.leftCols(n);
    query = values.rightCols(problem.query->size());
  };
  take_outputs(QueryOutput::correct, all.train_correct, all.query_correct);
  take_outputs(QueryOutput::loss, all.train_loss, all.query_loss);
  return all;
}

Memorization subset_memorization(const MatrixXd& masks, const MatrixXd& outputs, QueryOutput kind) {
  check_pool(masks, outputs);
  const Index n = masks.rows();
  require(outputs.cols() == n,
          fmt::format("outputs, expected {} columns, one for each training example, got {}",
                      n,
                      outputs.cols()));
  const double m = static_cast<double>(masks.cols());
  Memorization memory{VectorXd(n), VectorXd(n), VectorXd(n)};
  for (Index i = 0; i < n; ++i) {
    const MatrixXd in = masks.row(i), y = outputs.col(i);  // (1 x M), (M x 1)
    const double with = in.sum();
    require(with >= 2 && m - with >= 2,
            fmt::format("example {} is in {} of {} subsets, expected at least two with it and two "
                        "without; train more subsets",
                        i,
                        with,
                        m));
    const InfluenceEstimates one = difference_of_means(in, y);
    memory.values(i) = direction(kind) * one.values(0, 0);
    memory.standard_errors(i) = one.standard_errors(0, 0);
    memory.out(i) = (y.sum() - (in * y)(0, 0)) / (m - with);
  }
  return memory;
}

Counterfactual subset_influence(const MatrixXd& masks, const MatrixXd& outputs, QueryOutput kind) {
  const InfluenceEstimates all = difference_of_means(masks, outputs);  // (N x Q)
  return {direction(kind) * all.values.transpose(), all.standard_errors.transpose()};
}

LeaveOneOutTrainings train_leaving_one_out(const SubsetProblem& problem,
                                           const std::vector<Index>& left_out,
                                           const PoolOptions& options) {
  const Index n = problem.examples(), seeds = problem.repeats();
  const Index p = problem.model->parameter_count();
  for (const Index i : left_out)
    require(i >= 0 && i < n, fmt::format("left-out example, expected 0 to {}, got {}", n - 1, i));
  require_memory(
      "memorization",
      2 * sizeof(double) * static_cast<std::size_t>(p * seeds) * (left_out.size() + 1),
      0,
      fmt::format(
          "{} trainings of {} parameters", seeds * static_cast<Index>(left_out.size() + 1), p),
      "leave out fewer examples or take fewer seeds");
  std::vector<Index> groups = {-1};  // none, then each example
  groups.insert(groups.end(), left_out.begin(), left_out.end());
  std::vector<RetrainingTask> tasks;
  for (const Index i : groups)
    for (Index s = 0; s < seeds; ++s) tasks.push_back(leave_out_task(problem, i, s));
  LeaveOneOutTrainings all{left_out, MatrixXd(p, seeds), {}, 0};
  all.without.assign(left_out.size(), MatrixXd(p, seeds));
  Index task = 0;
  for (const Run& run : retrain(tasks, options)) {
    const Index group = task / seeds;
    MatrixXd& to = group == 0 ? all.with : all.without[static_cast<std::size_t>(group - 1)];
    to.col(task++ % seeds) = run.theta;
    if (is_convex(problem.model->spec()) && !run.converged) ++all.unconverged;
  }
  return all;
}

Memorization leave_one_out_memorization(const SubsetProblem& problem,
                                        const LeaveOneOutTrainings& trainings,
                                        QueryOutput kind) {
  const auto count = static_cast<Index>(trainings.left_out.size());
  const Index seeds = trainings.with.cols();
  MatrixXd lost(count, seeds);
  Memorization memory;
  memory.out.resize(count);
  for (Index j = 0; j < count; ++j) {
    const auto at = static_cast<std::size_t>(j);
    const Dataset one = take(*problem.train, {trainings.left_out[at]});
    const MatrixXd with = values_of_seeds(problem, one, trainings.with, kind);  // (1 x S)
    const MatrixXd without = values_of_seeds(problem, one, trainings.without[at], kind);
    lost.row(j) = direction(kind) * (with - without);
    memory.out(j) = without.mean();
  }
  RepeatMeans means = repeat_means(lost);
  memory.values = std::move(means.mean);
  memory.standard_errors = std::move(means.error);
  return memory;
}

Counterfactual leave_one_out_influence(const SubsetProblem& problem,
                                       const LeaveOneOutTrainings& trainings,
                                       QueryOutput kind) {
  const Dataset& query = *problem.query;
  const auto count = static_cast<Index>(trainings.left_out.size());
  const Index seeds = trainings.with.cols();
  const MatrixXd with = values_of_seeds(problem, query, trainings.with, kind);  // (Q x S)
  Counterfactual all;
  all.values.resize(query.size(), count);
  if (seeds > 1) all.standard_errors.resize(query.size(), count);
  for (Index j = 0; j < count; ++j) {
    const MatrixXd& thetas = trainings.without[static_cast<std::size_t>(j)];
    const MatrixXd lost = direction(kind) * (with - values_of_seeds(problem, query, thetas, kind));
    const RepeatMeans means = repeat_means(lost);
    all.values.col(j) = means.mean;
    if (seeds > 1) all.standard_errors.col(j) = means.error;
  }
  return all;
}

}  // namespace leaveout
