// SPDX-License-Identifier: MIT
#include "experiments/harmonic/group_influence_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "datasets/random.h"
#include "influence/harmonic/cube.h"
#include "influence/harmonic/group_effects.h"
#include "influence/harmonic/values.h"
#include "models/architecture.h"

namespace leaveout {

using Eigen::VectorXd;

namespace {

constexpr double kRounding = 1e-9;  // of the largest |f|: influences below it are none

std::uint64_t mask_of(const std::vector<Index>& order, Index size) {
  std::uint64_t mask = 0;
  for (Index k = 0; k < size; ++k) mask |= std::uint64_t{1} << order[static_cast<std::size_t>(k)];
  return mask;
}

/// The coefficients of degree two alone.
VectorXd pairs_only(const VectorXd& spectrum) {
  VectorXd pairs = VectorXd::Zero(spectrum.size());
  for (Index s = 0; s < spectrum.size(); ++s)
    if (subset_size(s) == 2) pairs(s) = spectrum(s);
  return pairs;
}

/// One query's output: its table, leave-one-out values, and spectra at one rate.
struct Function {
  VectorXd table, loo, spectrum, pairs, weights;
  double p, scale;
  Function(const VectorXd& f, double rate)
      : table(f),
        loo(leave_one_out_values(f)),
        spectrum(f),
        weights(datamodel_weights(f, rate)),
        p(rate),
        scale(f.cwiseAbs().maxCoeff()) {
    to_spectrum(spectrum, rate);
    pairs = pairs_only(spectrum);
  }

  GroupEffects effects(const std::vector<Index>& order, Index size) const {
    const std::uint64_t mask = mask_of(order, size);
    const auto all = static_cast<std::uint64_t>(table.size() - 1);
    GroupEffects e;
    e.p = p;
    e.size = size;
    e.effect = group_effect(spectrum, p, mask);
    e.sum = sum_of_weights(spectrum, p, mask);
    e.defect = additivity_defect(spectrum, p, mask);
    e.degree_two = additivity_defect(pairs, p, mask);
    e.addition_pairs = addition_effect(pairs, p, mask);
    e.addition = addition_effect(spectrum, p, mask);
    e.deletion = deletion_effect(spectrum, p, mask);
    e.bound = additivity_bound(spectrum, p, mask);
    e.removal = table(static_cast<Index>(all)) - table(static_cast<Index>(all & ~mask));
    for (Index k = 0; k < size; ++k) {
      const Index i = order[static_cast<std::size_t>(k)];
      e.sum_of_sizes += std::abs(weights(i));
      e.removals += loo(i);
    }
    e.scale = scale;
    return e;
  }
};

Index largest_size(const SubsetTask& task,
                   GroupKind kind,
                   const std::vector<Index>& order,
                   const GroupOptions& options) {
  if (kind == GroupKind::duplicates) return options.duplicates + 1;
  const Index others = task.examples() - options.duplicates;
  return std::min(std::max<Index>(2, std::min(task.examples() / 2, others)),
                  static_cast<Index>(order.size()));
}

std::vector<QueryOutput> outputs_of(const SubsetTask& task) {
  const QueryOutput other = allows(task.train->task, QueryOutput::probability)
                                ? QueryOutput::probability
                                : QueryOutput::loss;
  std::vector<QueryOutput> outputs = {task.output};
  if (other != task.output) outputs.push_back(other);
  // With two classes the margin is the log-odds.
  if (task.output == QueryOutput::margin && task.train->targets.rows() > 1)
    outputs.push_back(QueryOutput::logodds);
  return outputs;
}

void measure(const SubsetTask& task,
             const Function& f,
             const GroupOptions& options,
             const GroupEffects& labels,
             GroupResult& r) {
  for (const GroupKind kind : kGroupKinds) {
    const auto orders = group_orders(task, kind, options);
    for (std::size_t g = 0; g < orders.size(); ++g)
      for (Index size = 2; size <= largest_size(task, kind, orders[g], options); ++size) {
        GroupEffects e = f.effects(orders[g], size);
        e.output = labels.output;
        e.query = labels.query;
        e.kind = kind;
        e.number = static_cast<Index>(g);
        r.groups.push_back(e);
      }
  }
}

}  // namespace

std::string group_kind_name(GroupKind kind) {
  constexpr std::array<const char*, 3> kNames = {"duplicates", "similar", "random"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::optional<double> GroupEffects::relative() const {
  if (!(sum_of_sizes > kRounding * scale)) return {};
  return std::abs(defect) / sum_of_sizes;
}

std::optional<double> GroupEffects::relative_removal() const {
  if (!(std::abs(removals) > kRounding * scale)) return {};
  return std::abs(removal - removals) / std::abs(removals);
}

void duplicate_first(SubsetTask& task, Index duplicates) {
  const Index n = task.examples();
  if (duplicates > n - 2)
    throw std::invalid_argument(
        fmt::format("[group-influence] duplicates, expected at most {} for {} training examples, "
                    "got {}",
                    n - 2,
                    n,
                    duplicates));
  for (Index k = n - duplicates; k < n; ++k) {
    task.train->inputs.col(k) = task.train->inputs.col(0);
    task.train->targets.col(k) = task.train->targets.col(0);
    task.rows[static_cast<std::size_t>(k)] = task.rows.front();
  }
}

std::vector<std::vector<Index>> group_orders(const SubsetTask& task,
                                             GroupKind kind,
                                             const GroupOptions& options) {
  const Index n = task.examples();
  std::vector<std::vector<Index>> orders;
  if (kind == GroupKind::duplicates) {
    if (options.duplicates == 0) return orders;
    orders.push_back({0});
    for (Index k = n - options.duplicates; k < n; ++k) orders.back().push_back(k);
    return orders;
  }
  // Copies are a kind of their own: the others are made of what is left, and one of the copies.
  const Index others = n - options.duplicates;
  for (Index g = 0; g < std::min(options.groups, others); ++g) {
    std::vector<Index> order(static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), Index{0});
    if (kind == GroupKind::random) {
      order =
          Random(task.settings.seed, {0x67726f757073 /* "groups" */, static_cast<std::uint64_t>(g)})
              .permutation(n);
    } else {
      // No example of another class, even where its own has too few: the group ends there.
      if (task.train->task != Task::regression)
        std::erase_if(order, [&](Index i) {
          return task.train->targets.col(i) != task.train->targets.col(g);
        });
      const auto distance = [&](Index i) {
        return (task.train->inputs.col(i) - task.train->inputs.col(g)).norm();
      };
      std::stable_sort(
          order.begin(), order.end(), [&](Index a, Index b) { return distance(a) < distance(b); });
    }
    std::erase_if(order, [&](Index i) { return i >= others; });
    orders.push_back(std::move(order));
  }
  return orders;
}

GroupResult measure_groups(const SubsetTask& task,
                           const SubsetLogits& logits,
                           const GroupOptions& options) {
  GroupResult r;
  r.settings = task.settings;
  r.model = describe(task.model->spec());
  r.p = task.p;
  r.examples = task.examples();
  r.queries = task.queries();
  r.repeats = logits.repeats;
  r.unconverged = logits.unconverged;
  r.outputs = outputs_of(task);
  for (const QueryOutput output : r.outputs) {
    const SubsetOutputs f = subset_outputs(logits, output, *task.query);
    GroupEffects labels;
    labels.output = output;
    for (const double p : options.rates)
      for (labels.query = 0; labels.query < r.queries; ++labels.query)
        measure(task, Function(f.mean.col(labels.query), p), options, labels, r);
  }
  return r;
}

}  // namespace leaveout
