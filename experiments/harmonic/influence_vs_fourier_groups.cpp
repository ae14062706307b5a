// SPDX-License-Identifier: MIT
// Groups that leave: exact effects beside predictions from where all weights are 1.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "datasets/random.h"
#include "experiments/harmonic/influence_vs_fourier_task.h"
#include "influence/harmonic/cube.h"
#include "influence/harmonic/group_prediction.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

FourierComparison empty_comparison(const std::string& quantity,
                                   Index n,
                                   Index queries,
                                   const std::vector<Group>& groups) {
  FourierComparison c;
  c.quantity = quantity;
  c.examples = n;
  c.size = groups.empty() ? 0 : static_cast<Index>(groups.front().size());
  c.items = groups;
  c.exact.resize(queries, static_cast<Index>(groups.size()));
  return c;
}

/// C(n, k), exact for what is enumerated.
Index choose(Index n, Index k) {
  Index c = 1;
  for (Index i = 1; i <= k; ++i) c = c * (n - k + i) / i;
  return c;
}

std::vector<Group> all_groups(Index n, Index size) {
  std::vector<Group> groups = {{}};
  for (Index k = 0; k < size; ++k) {
    std::vector<Group> grown;
    for (const Group& group : groups)
      for (Index i = group.empty() ? 0 : group.back() + 1; i < n; ++i) {
        grown.push_back(group);
        grown.back().push_back(i);
      }
    groups = std::move(grown);
  }
  return groups;
}

/// Outputs where training would end by the prediction, mean over minima (Q).
VectorXd outputs_after(const SubsetTask& task,
                       const WeightDerivatives& one,
                       const std::vector<NormalisedRemoval>& removals,
                       VectorXd (*step)(const NormalisedRemoval&)) {
  VectorXd sum = VectorXd::Zero(task.queries());
  for (std::size_t m = 0; m < removals.size(); ++m) {
    const VectorXd theta = one.minima[m].theta() + step(removals[m]);
    sum += output_values(task.output,
                         outputs(*task.model, task.query->inputs, theta),
                         task.query->targets,
                         task.query->task);
  }
  return sum / static_cast<double>(removals.size());
}

/// Predictions of group effects at w = 1, for a comparison that has its items.
void predict_removal(const WeightDerivatives& one, FourierComparison& c) {
  if (!one.known()) return;
  MatrixXd first(c.exact.rows(), c.exact.cols()), without_third = first, second = first;
  for (Index q = 0; q < first.rows(); ++q) {
    const VectorXd f_i = one.first.row(q).transpose();
    const PairTerms& terms = one.second[static_cast<std::size_t>(q)];
    const MatrixXd full = terms.full(), few = terms.without_third();
    for (Index g = 0; g < first.cols(); ++g) {
      const Group& group = c.items[static_cast<std::size_t>(g)];
      first(q, g) = group_influence(group, f_i);
      without_third(q, g) = group_influence(group, f_i, few);
      second(q, g) = group_influence(group, f_i, full);
    }
  }
  c.predictions = {{"first", first}, {"second_without_third", without_third}, {"second", second}};
}

/// Outputs after training with each column of weights (N x m), (Q x m).
MatrixXd train_outputs(const SubsetTask& task,
                       const TaskOptions& options,
                       const MatrixXd& weights,
                       const std::string& title) {
  const SubsetLogits logits =
      train_subsets(task.problem, weights, subset_pool(options, task.settings.name + " " + title));
  return subset_outputs(logits, task.output, *task.query).mean.transpose();
}

}  // namespace

std::vector<Group> draw_groups(Index n, Index size, Index most, std::uint64_t seed) {
  if (choose(n, size) <= most) return all_groups(n, size);
  Random random(seed, {0x67726f757073 /* "groups" */, static_cast<std::uint64_t>(size)});
  std::set<Group> drawn;
  while (static_cast<Index>(drawn.size()) < most) {
    Group group = random.permutation(n);
    group.resize(static_cast<std::size_t>(size));
    std::sort(group.begin(), group.end());
    drawn.insert(std::move(group));
  }
  return {drawn.begin(), drawn.end()};
}

FourierComparison compare_removal(const SubsetOutputs& f,
                                  const WeightDerivatives& one,
                                  const std::vector<Group>& groups) {
  const Index n = cube_dimension(f.mean.rows()), full = f.mean.rows() - 1;
  FourierComparison c = empty_comparison("removal", n, f.mean.cols(), groups);
  for (Index g = 0; g < c.exact.cols(); ++g) {
    Index without = full;
    for (const Index i : groups[static_cast<std::size_t>(g)]) without &= ~(Index{1} << i);
    c.exact.col(g) = (f.mean.row(full) - f.mean.row(without)).transpose();
  }
  predict_removal(one, c);
  return c;
}

FourierComparison train_removal(const SubsetTask& task,
                                const TaskOptions& options,
                                const WeightDerivatives& one,
                                const std::vector<Group>& groups) {
  const Index n = task.examples();
  FourierComparison c = empty_comparison("removal", n, task.queries(), groups);
  MatrixXd weights = MatrixXd::Ones(n, c.exact.cols() + 1);  // the last: nobody leaves
  for (Index g = 0; g < c.exact.cols(); ++g)
    weights.col(g)(groups[static_cast<std::size_t>(g)]).setZero();
  const MatrixXd f = train_outputs(task, options, weights, fmt::format("removals, N = {}", n));
  c.exact = (-f.leftCols(c.exact.cols())).colwise() + f.col(c.exact.cols());
  predict_removal(one, c);
  return c;
}

FourierComparison compare_renormalised(const SubsetTask& task,
                                       const TaskOptions& options,
                                       const SubsetOutputs& f,
                                       const WeightDerivatives& one,
                                       const std::vector<Group>& groups) {
  const Index n = task.examples();
  FourierComparison c = empty_comparison("renormalised", n, task.queries(), groups);
  MatrixXd weights(n, c.exact.cols());  // of the examples that stay: their sum is n
  weights.setConstant(static_cast<double>(n) / static_cast<double>(n - c.size));
  for (Index g = 0; g < weights.cols(); ++g)
    weights.col(g)(groups[static_cast<std::size_t>(g)]).setZero();
  const MatrixXd after =
      train_outputs(task, options, weights, fmt::format("renormalised, {} leave", c.size));
  c.exact = (-after).colwise() + f.mean.row(f.mean.rows() - 1).transpose();
  if (!one.known()) return c;
  c.predictions = {{"first", c.exact}, {"second_without_third", c.exact}, {"second", c.exact}};
  for (Index g = 0; g < weights.cols(); ++g) {
    std::vector<NormalisedRemoval> removals;
    for (const WeightedResponse& at : one.minima)
      removals.push_back(normalised_removal(at, groups[static_cast<std::size_t>(g)]));
    const auto set = [&](std::size_t method, VectorXd (*step)(const NormalisedRemoval&)) {
      c.predictions[method].values.col(g) = one.value - outputs_after(task, one, removals, step);
    };
    set(0, [](const NormalisedRemoval& r) -> VectorXd { return -r.theta1; });
    set(1, [](const NormalisedRemoval& r) { return r.step_without_third(); });
    set(2, [](const NormalisedRemoval& r) { return r.step(); });
  }
  return c;
}

}  // namespace leaveout
