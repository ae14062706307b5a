// SPDX-License-Identifier: MIT
// The online rule as the experiment sets it, and watched while it works.
#include <cmath>
#include <limits>

#include "experiments/memorization/selective_removal_task.h"

namespace leaveout {

using Eigen::VectorXd;

WatchedRemoval::WatchedRemoval(const GroupedTask& task, const RemovalOptions& options)
    : options_(options),
      removal_(*task.model, *task.train, *task.validation, task.problem.weight_decay, options) {
  checks_.trainings = 1;
}

void WatchedRemoval::after_epoch(Index epochs_done, const VectorXd& theta, VectorXd& weights) {
  epochs_ += kept_;
  removal_.after_epoch(epochs_done, theta, weights);
  const auto n = static_cast<double>(weights.size());
  const double full = 1.0 / n, cap = options_.max_dropped * n;
  double dropped = 0;
  for (Index i = 0; i < weights.size(); ++i) {
    const bool out = rule().dropped()[static_cast<std::size_t>(i)] != 0;
    dropped += out ? 1 : 0;
    checks_.wrong_weights += weights(i) == (out ? 0.0 : full) ? 0 : 1;
  }
  checks_.periods += epochs_done % options_.period == 0 ? 1 : 0;
  checks_.factorisations = removal_.factorisations();
  checks_.over_cap += dropped > cap + 1e-6 ? 1 : 0;
  // Only where everybody is a candidate must the cap be met.
  checks_.missed_cap = std::isinf(options_.redundant) && dropped < cap - 1e-6 ? 1 : 0;
  kept_ = static_cast<double>((weights.array() != 0).count()) / n;
}

Index removed_count(double fraction, Index examples) {
  return static_cast<Index>(std::llround(fraction * static_cast<double>(examples)));
}

std::vector<double> read_fractions(const Settings& settings) {
  return read_shares(settings, "fractions", "selective-removal");
}

RemovalOptions online_options(const Settings& settings, Index dropped, Index examples) {
  RemovalOptions o = threshold_options(settings);
  o.harmful = 0;
  // After the harmful the least helpful, whatever the network makes of them: lowest averages first.
  o.redundant = std::numeric_limits<double>::infinity();
  o.confidence = 0;
  o.max_dropped = static_cast<double>(dropped) / static_cast<double>(examples);
  return o;
}

RemovalOptions threshold_options(const Settings& settings) {
  RemovalOptions o;
  o.period = settings.whole("period");
  o.warm_up = settings.whole("warm_up");
  o.memory = settings.number("memory");
  o.harmful = settings.number("harmful");
  o.max_dropped = settings.number("max_dropped");
  o.damping = settings.number("damping");
  return o;
}

}  // namespace leaveout
