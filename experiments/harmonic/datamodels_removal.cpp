// SPDX-License-Identifier: MIT
#include "experiments/harmonic/datamodels_removal.h"

#include <algorithm>
#include <numeric>

#include "datasets/random.h"
#include "influence/metrics/brittleness.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr std::uint64_t kRemoval = 3;  // of the seeds: beside the fit's and the held-out ones'

/// Removals that wait for their training: an output of one query after it, and where it goes.
struct Retraining {
  std::vector<Index> removed;
  Index query = 0;  // of Q
  std::function<void(double output)> take;
};

double sum_of(const VectorXd& w, const std::vector<Index>& rows) {
  double sum = 0;
  for (const Index i : rows) sum += w[i];
  return sum;
}

/// A random order of the examples for query q.
std::vector<Index> random_order(const SubsetTask& task, Index query, Index count) {
  Random random(task.settings.seed,
                {0x72656d6f7665 /* "remove" */, static_cast<std::uint64_t>(query)});
  std::vector<Index> order = random.permutation(task.examples());
  order.resize(static_cast<std::size_t>(count));
  return order;
}

void train_all(const SubsetTask& task,
               const SubsetPools& pools,
               const std::vector<Retraining>& list,
               const TaskOptions& options) {
  if (list.empty()) return;
  MatrixXd masks = MatrixXd::Ones(task.examples(), static_cast<Index>(list.size()));
  for (std::size_t k = 0; k < list.size(); ++k)
    for (const Index i : list[k].removed) masks(i, static_cast<Index>(k)) = 0;
  const SubsetLogits logits = train_subsets(problem_for(task, kRemoval, task.problem.seeds),
                                            masks,
                                            subset_pool(options, task.settings.name + " removals"));
  const MatrixXd y = subset_outputs(logits, task.output, *task.query).mean;
  for (std::size_t k = 0; k < list.size(); ++k)
    list[k].take(y(static_cast<Index>(k), pools.queries[static_cast<std::size_t>(list[k].query)]));
}

/// Scores of the examples by whom removals are chosen, (Q x N).
std::vector<std::pair<std::string, MatrixXd>> scores_of(const DatamodelFits& fits) {
  std::vector<std::pair<std::string, MatrixXd>> all = {
      {"datamodel", fits.models[fits.chosen].model.weights.transpose()}};
  if (fits.influence.full.size() > 0) all.emplace_back("influence", fits.influence.full);
  return all;
}

void plan_curves(const SubsetTask& task,
                 const SubsetPools& pools,
                 const DatamodelFits& fits,
                 Removals& removals,
                 std::vector<Retraining>& list) {
  auto scores = scores_of(fits);
  scores.emplace_back("random", scores.front().second);
  const Index queries = pools.all.size();
  const auto count = static_cast<Index>(removals.sizes.size());
  for (const auto& entry : scores)
    removals.orders.push_back({entry.first, MatrixXd(queries, count), MatrixXd(queries, count)});
  for (std::size_t o = 0; o < scores.size(); ++o)
    for (Index q = 0; q < queries; ++q)
      for (Index c = 0; c < count; ++c) {
        const Index k = removals.sizes[static_cast<std::size_t>(c)];
        const VectorXd w = scores[o].second.row(q).transpose();
        const std::vector<Index> removed =
            scores[o].first == "random" ? random_order(task, q, k) : largest(w, k);
        RemovalOrder& order = removals.orders[o];
        order.predicted(q, c) = -sum_of(w, removed);
        list.push_back({removed, q, [&order, q, c, before = pools.all[q]](double after) {
                          order.actual(q, c) = after - before;
                        }});
      }
}

void plan_flips(const SubsetTask& task,
                const SubsetPools& pools,
                const DatamodelFits& fits,
                Removals& removals,
                std::vector<Retraining>& list) {
  for (Index q = 0; q < pools.all.size(); ++q)
    if (pools.all[q] > 0) removals.right.push_back(q);
  const auto scores = scores_of(fits);
  removals.flips.resize(scores.size());
  for (std::size_t o = 0; o < scores.size(); ++o) {
    Flips& f = removals.flips[o];
    const auto queries = static_cast<std::size_t>(pools.all.size());
    f.name = scores[o].first;
    f.size.resize(queries);
    f.flipped.assign(queries, false);
    f.random_flipped.assign(queries, false);
    for (const Index q : removals.right) {
      const auto removed = flipping_removal(pools.all[q], scores[o].second.row(q).transpose());
      if (!removed || removed->empty()) continue;
      const auto at = static_cast<std::size_t>(q);
      f.size[at] = static_cast<Index>(removed->size());
      list.push_back({*removed, q, [&f, at](double after) { f.flipped[at] = after < 0; }});
      list.push_back({random_order(task, q, *f.size[at]), q, [&f, at](double after) {
                        f.random_flipped[at] = after < 0;
                      }});
    }
  }
}

}  // namespace

std::vector<Index> possible_sizes(const std::vector<Index>& sizes, Index examples) {
  std::vector<Index> possible;
  for (const Index k : sizes)
    if (2 * k <= examples) possible.push_back(k);
  return possible;
}

std::vector<Index> largest(const VectorXd& w, Index k) {
  std::vector<Index> order(static_cast<std::size_t>(w.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return w[a] > w[b]; });
  order.resize(static_cast<std::size_t>(k));
  return order;
}

Removals measure_removals(const SubsetTask& task,
                          const SubsetPools& pools,
                          const DatamodelFits& fits,
                          const std::vector<Index>& sizes,
                          const TaskOptions& options) {
  Removals removals;
  removals.sizes = possible_sizes(sizes, task.examples());
  std::vector<Retraining> list;
  plan_curves(task, pools, fits, removals, list);
  if (task.output == QueryOutput::margin) plan_flips(task, pools, fits, removals, list);
  train_all(task, pools, list, options);
  return removals;
}

}  // namespace leaveout
