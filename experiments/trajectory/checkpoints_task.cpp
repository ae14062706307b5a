// SPDX-License-Identifier: MIT
#include "experiments/trajectory/checkpoints_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "datasets/text.h"
#include "influence/metrics/closeness.h"
#include "influence/trajectory/tracin.h"

namespace leaveout {

using Eigen::VectorXd;

namespace {

constexpr double kLeastError = 1e-7;  // smaller ones are rounding, another one on each processor

bool drawn(const CheckpointsCase& c) {
  return c.sampling == "random" || (c.proxy != "own" && c.proxy != "all");
}

/// The estimate of one draw, (N): sums over steps, T/m each.
VectorXd estimate(const Trajectory& path,
                  const QueryLosses& query,
                  const CheckpointsCase& c,
                  std::uint64_t draw) {
  const CheckpointChoice choice{parse_sampling(c.sampling), c.count, draw};
  if (c.estimator == kTracIn) {
    const Checkpoints chosen = choose_checkpoints(path.steps(), choice);
    return tracin_checkpoints(path, query, chosen).values.row(0).transpose();
  }
  DiffInOptions options;
  options.checkpoints = choice;
  options.sum_over_steps = true;
  if (c.epsilon > 0) options.products = {HessianProducts::forward_difference, c.epsilon};
  if (c.proxy == "all") options.proxy = ProxyBatch::full;
  if (c.proxy != "all" && c.proxy != "own") {
    options.proxy = ProxyBatch::random;
    options.proxy_size = static_cast<Index>(*parse_number(c.proxy));
    options.proxy_seed = draw;
  }
  return diff_in_scores(path, query, options).values.row(0).transpose();
}

/// Empty where it is beyond all bounds.
VectorXd bounded(VectorXd x) {
  if (!within_bounds(x)) x.resize(0);
  return x;
}

std::string refusal(const CheckpointsCase& c) {
  std::string who = fmt::format("{}, {} {} checkpoints", c.estimator, c.count, c.sampling);
  if (c.proxy != "own") who += ", proxy " + c.proxy;
  if (c.epsilon > 0) who += fmt::format(", epsilon {:g}", c.epsilon);
  return fmt::format("{}: {}", who, kBeyondBoundsWords);
}

struct Target {
  std::string name;
  VectorXd values;  // (N)
};

/// Adds each number of one draw to the list of its kind.
struct Collected {
  std::vector<DrawnMetric> kinds;
  std::vector<std::vector<double>> values;

  void add(const std::string& truth, const std::string& metric, std::optional<double> value) {
    std::size_t k = 0;
    while (k < kinds.size() && (kinds[k].truth != truth || kinds[k].metric != metric)) ++k;
    if (k == kinds.size()) {
      kinds.push_back({truth, metric, {}, {}});
      values.emplace_back();
    }
    if (value) values[k].push_back(*value);
  }

  std::vector<DrawnMetric> over_draws() {
    for (std::size_t k = 0; k < kinds.size(); ++k) {
      const auto n = static_cast<Index>(values[k].size());
      const MeanError m = mean_error(Eigen::Map<VectorXd>(values[k].data(), n));
      kinds[k].mean = m.mean;
      if (m.standard_error) kinds[k].deviation = *m.standard_error * std::sqrt(double(n));
    }
    return kinds;
  }
};

/// Undefined without a truth.
void compare(const VectorXd& x, const Target& truth, Index top, Collected& found) {
  if (truth.values.size() == 0 || !within_bounds(x)) {
    for (const char* metric : {"spearman", "scaled_error", "top_overlap", "best_scale"})
      found.add(truth.name, metric, {});
    return;
  }
  found.add(truth.name, "spearman", spearman(x, truth.values));
  found.add(truth.name, "scaled_error", scaled_error(x, truth.values));
  found.add(truth.name,
            "top_overlap",
            top_k_overlap(x, truth.values, std::min(top, x.size()), TopBy::magnitude));
  found.add(truth.name, "best_scale", best_scale(x, truth.values));
}

}  // namespace

std::vector<CheckpointsCase> checkpoint_cases(const CheckpointsOptions& how,
                                              Index steps,
                                              Index examples) {
  std::vector<CheckpointsCase> cases;
  for (const char* estimator : {kDiffIn, kTracIn}) {
    for (const char* sampling : {"random", "even", "early", "late"})
      for (const Index m : how.counts)
        if (m < steps) cases.push_back({"checkpoints", estimator, sampling, m});
    cases.push_back({"checkpoints", estimator, "all", steps});
  }
  const Index m = std::min(how.judged, steps);
  for (const Index size : how.proxies)
    if (size < examples) cases.push_back({"proxy", kDiffIn, "even", m, fmt::format("{}", size)});
  for (const char* proxy : {"all", "own"}) cases.push_back({"proxy", kDiffIn, "even", m, proxy});
  for (const double e : how.epsilons) cases.push_back({"epsilon", kDiffIn, "even", m, "own", e});
  return cases;
}

CheckpointsSeed measure_checkpoints(const RecordedTask& task,
                                    const TaskOptions& options,
                                    const CheckpointsOptions& how) {
  const Trajectory path = task.path();
  const QueryLosses query(task.model(), *task.data.test, QueryLosses::As::mean);
  const RemovalTruth truth = removal_truth(task, options);
  CheckpointsSeed result{task.data.settings.seed,
                         path.examples(),
                         path.parameters(),
                         path.steps(),
                         truth.curvature_time};
  const auto whole = [&](const char* estimator) {
    return estimate(path, query, {"", estimator, "all", path.steps()}, 0);
  };
  const VectorXd limits[] = {bounded(whole(kDiffIn)), bounded(whole(kTracIn))};
  const CheckpointsCase at_few{"", kDiffIn, "even", std::min(how.judged, path.steps())};
  const VectorXd exact = bounded(estimate(path, query, at_few, 0));
  if (truth.derivative.size() == 0)
    result.refused.insert(std::string("derivative: ") + kBeyondBoundsWords);
  for (const CheckpointsCase& c : checkpoint_cases(how, path.steps(), path.examples())) {
    Collected found;
    for (Index draw = 0; draw < (drawn(c) ? how.draws : 1); ++draw) {
      const VectorXd x = estimate(path, query, c, static_cast<std::uint64_t>(draw));
      if (!within_bounds(x)) result.refused.insert(refusal(c));
      compare(x, {"removal", truth.removal}, how.top, found);
      compare(x, {"derivative", truth.derivative}, how.top, found);
      if (c.study != "epsilon") {
        compare(x, {"all_steps", limits[c.estimator == kTracIn]}, how.top, found);
        continue;
      }
      const bool finite = within_bounds(x) && exact.size() > 0;
      const std::optional<double> error =
          finite ? relative_error(x, exact) : std::optional<double>();
      found.add("exact_products",
                "relative_error",
                error ? std::optional(std::max(*error, kLeastError)) : error);
      found.add("exact_products", "spearman", finite ? spearman(x, exact) : error);
    }
    result.cells.push_back({c, found.over_draws()});
  }
  return result;
}

}  // namespace leaveout
