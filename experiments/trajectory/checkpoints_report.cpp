// SPDX-License-Identifier: MIT
#include "experiments/trajectory/checkpoints_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "experiments/support/table.h"
#include "experiments/trajectory/seed_table.h"
#include "influence/metrics/student.h"

namespace leaveout {

using Eigen::VectorXd;
using Json = nlohmann::ordered_json;

namespace {

const DrawnMetric* find(const CheckpointsSeed& seed,
                        const CheckpointsCase& what,
                        const std::string& truth,
                        const std::string& metric) {
  for (const CheckpointsCell& cell : seed.cells)
    if (cell.what == what)
      for (const DrawnMetric& m : cell.metrics)
        if (m.truth == truth && m.metric == metric) return &m;
  return nullptr;
}

Estimate interval_of(std::vector<double> values) {
  return mean_interval(Eigen::Map<VectorXd>(values.data(), static_cast<Index>(values.size())));
}

std::string epsilon_cell(double epsilon) {
  return epsilon > 0 ? fmt::format("{:g}", epsilon) : std::string("exact");
}

/// "0.93 [0.90, 0.95] ± 0.03": the last is the deviation over draws.
std::string with_draws(const CheckpointsResult& r,
                       const CheckpointsCase& c,
                       const char* truth,
                       const char* metric) {
  const std::string text = to_string(over_seeds(r, c, truth, metric));
  const auto deviation = over_draws(r, c, truth, metric);
  return deviation ? fmt::format("{} ± {:.2f}", text, *deviation) : text;
}

/// Mean over seeds and draws.
std::string scale_cell(const CheckpointsResult& r, const CheckpointsCase& c) {
  const Estimate scale = over_seeds(r, c, "removal", "best_scale");
  return scale.value ? fmt::format("{:.2g}", *scale.value) : "-";
}

Json task_json(const CheckpointsResult& r) {
  Json j;
  const CheckpointsSeed& first = r.seeds.front();
  j["model"] = r.model;
  j["parameters"] = first.parameters;
  j["examples"] = first.examples;
  j["steps"] = first.steps;
  j["draws"] = r.how.draws;
  j["top"] = r.how.top;
  j["top_overlap_by_chance"] =
      std::min(1.0, static_cast<double>(r.how.top) / static_cast<double>(first.examples));
  std::set<std::string> refused;
  for (const CheckpointsSeed& s : r.seeds) {
    j["curvature_time"].push_back(s.curvature_time);
    refused.insert(s.refused.begin(), s.refused.end());
  }
  j["refused"] = refused;
  return j;
}

}  // namespace

Estimate over_seeds(const CheckpointsResult& r,
                    const CheckpointsCase& what,
                    const std::string& truth,
                    const std::string& metric) {
  std::vector<double> values;
  for (const CheckpointsSeed& seed : r.seeds)
    if (const DrawnMetric* m = find(seed, what, truth, metric); m && m->mean)
      values.push_back(*m->mean);
  Estimate e = interval_of(std::move(values));
  if (metric == "spearman") e.low = std::max(e.low, -1.0);
  if (metric == "scaled_error" || metric == "top_overlap") e.low = std::max(e.low, 0.0);
  if (metric != "best_scale" && metric != "relative_error") e.high = std::min(e.high, 1.0);
  return e;
}

Estimate difference(const CheckpointsResult& r,
                    const CheckpointsCase& what,
                    const CheckpointsCase& against,
                    const std::string& truth,
                    const std::string& metric) {
  std::vector<double> values;
  for (const CheckpointsSeed& seed : r.seeds) {
    const DrawnMetric* a = find(seed, what, truth, metric);
    const DrawnMetric* b = find(seed, against, truth, metric);
    if (a && b && a->mean && b->mean) values.push_back(*a->mean - *b->mean);
  }
  Estimate e = interval_of(std::move(values));
  const double most = metric == "spearman" ? 2 : metric == "scaled_error" ? 1 : HUGE_VAL;
  e.low = std::max(e.low, -most);
  e.high = std::min(e.high, most);
  return e;
}

std::optional<double> over_draws(const CheckpointsResult& r,
                                 const CheckpointsCase& what,
                                 const std::string& truth,
                                 const std::string& metric) {
  double sum = 0;
  Index n = 0;
  for (const CheckpointsSeed& seed : r.seeds)
    if (const DrawnMetric* m = find(seed, what, truth, metric); m && m->deviation) {
      sum += *m->deviation;
      ++n;
    }
  return n > 0 ? std::optional(sum / static_cast<double>(n)) : std::nullopt;
}

Index judged_count(const CheckpointsResult& r) {
  return std::min(r.how.judged, r.seeds.front().steps);
}

CheckpointsCase count_case(const CheckpointsResult& r,
                           const std::string& estimator,
                           const std::string& sampling,
                           Index count) {
  const Index steps = r.seeds.front().steps;
  if (count >= steps) return {"checkpoints", estimator, "all", steps};
  return {"checkpoints", estimator, sampling, count};
}

RunsLayout checkpoints_layout() {
  const std::vector<std::string> what = {
      "study", "estimator", "sampling", "checkpoints", "proxy", "epsilon", "truth", "metric"};
  RunsLayout layout{{"task", "seed"}, {"task"}};
  layout.columns.insert(layout.columns.end(), what.begin(), what.end());
  layout.columns.push_back("value");
  layout.keys.insert(layout.keys.end(), what.begin(), what.end());
  return layout;
}

void write_rows(const CheckpointsResult& r, Results& results) {
  for (const CheckpointsSeed& seed : r.seeds) {
    const auto row = [&](const CheckpointsCase& c,
                         const std::string& truth,
                         const std::string& metric,
                         const Cell& value) {
      results.row({r.settings.name,
                   static_cast<std::int64_t>(seed.seed),
                   c.study,
                   c.estimator,
                   c.sampling,
                   c.count > 0 ? Cell(c.count) : Cell(""),
                   c.proxy,
                   c.epsilon > 0 ? Cell(c.epsilon) : Cell(""),
                   truth,
                   metric,
                   value});
    };
    row({"training", "", "", 0, ""}, "", "curvature_time", seed.curvature_time);
    for (const CheckpointsCell& cell : seed.cells)
      for (const DrawnMetric& m : cell.metrics) {
        row(cell.what, m.truth, m.metric, m.mean);
        if (m.deviation) row(cell.what, m.truth, m.metric + "_deviation", m.deviation);
      }
  }
}

void describe(const std::vector<CheckpointsResult>& done, Results& results) {
  Json& run = results.run();
  run["paper"] = kWhosePaper;
  run["estimators"] = kWhoseEstimators;
  run["bounds"] = kCheckpointsBounds;
  run["conventions"] = {
      {"values", "change of the mean test loss when an example is removed: positive, it helped"},
      {"diff_in",
       "Tan et al. 2025, Eq. (9): (T/m) sum t rate^2 / N <G_V, H_B g_z + H_z G_B>, G_V at theta_t, "
       "in the removal sign; their 1/m is T times smaller and best_scale T times larger"},
      {"tracin_cp", "Pruthi et al. 2020: (T/m) sum rate / N <G_V, g_z>"},
      {"truth = removal", "the same training without the example, its term dropped, 1/b kept"},
      {"truth = derivative", "the exact derivative through all steps in the example's weight"},
      {"truth = all_steps", "the same estimator with a checkpoint at every step, own batches"},
      {"truth = exact_products", "Diff-In at the same checkpoints with exact products"},
      {"scaled_error", "|truth - alpha estimate| / |truth| after the best alpha (best_scale)"},
      {"top_overlap", "share of the `top` largest magnitudes that estimate and truth have both"},
      {"relative_error", "|estimate - truth| / |truth|; below 1e-7 it is rounding and reads 1e-7"},
      {"sampling", "random: without replacement; even: round(T k / m); early, late: first, last m"},
      {"proxy", "the batch of G_B and H_B: the step's own, all data, or so many drawn at random"},
      {"epsilon", "of forward differences, Eq. (6); none: exact products"},
      {"..._deviation", "standard deviation over draws; the value beside it is their mean"},
      {"curvature_time", std::string("x: ") + kWhatIsX},
      {"seeds", "each has its own split, initialisation and batches"},
      {"intervals", kCheckpointsIntervals}};
  for (const CheckpointsResult& r : done) run["tasks"][r.settings.name] = task_json(r);
}

std::string counts_table(const CheckpointsResult& r) {
  Table table({"estimator",
               "checkpoints",
               "m",
               "Spearman, removal",
               "Spearman, derivative",
               "Spearman, all steps",
               "scaled error",
               "best scale",
               fmt::format("top {}", r.how.top)});
  const CheckpointsSeed& first = r.seeds.front();
  table.title(
      fmt::format("\n{}: by checkpoints; {}, {} parameters, {} examples, {} steps, x = "
                  "{:.2g}, {} seeds",
                  r.settings.name,
                  r.model,
                  first.parameters,
                  first.examples,
                  first.steps,
                  first.curvature_time,
                  r.seeds.size()));
  for (const CheckpointsCell& cell : first.cells) {
    const CheckpointsCase& c = cell.what;
    if (c.study != "checkpoints") continue;
    table.row({c.estimator,
               c.sampling,
               fmt::format("{}", c.count),
               with_draws(r, c, "removal", "spearman"),
               with_draws(r, c, "derivative", "spearman"),
               with_draws(r, c, "all_steps", "spearman"),
               with_draws(r, c, "removal", "scaled_error"),
               scale_cell(r, c),
               with_draws(r, c, "removal", "top_overlap")});
    if (c.sampling == "all") table.rule();
  }
  table.footnote("scaled error (after the best scalar), best scale and top: against removal");
  table.footnote(
      fmt::format("±: standard deviation over {} draws; intervals: over seeds", r.how.draws));
  return table.text();
}

std::string products_table(const CheckpointsResult& r) {
  Table table({"proxy batch",
               "products",
               "Spearman, removal",
               "scaled error",
               "best scale",
               "error of products"});
  table.title(fmt::format("\n{}: Diff-In at {} even checkpoints, by batch and products",
                          r.settings.name,
                          judged_count(r)));
  for (const CheckpointsCell& cell : r.seeds.front().cells) {
    const CheckpointsCase& c = cell.what;
    if (c.study == "checkpoints") continue;
    const Estimate error = over_seeds(r, c, "exact_products", "relative_error");
    table.row({c.proxy,
               epsilon_cell(c.epsilon),
               with_draws(r, c, "removal", "spearman"),
               with_draws(r, c, "removal", "scaled_error"),
               scale_cell(r, c),
               error.value ? fmt::format("{:.1e}", *error.value) : std::string("-")});
  }
  table.footnote("error of products: of the scores with differences, relative to exact ones");
  return table.text();
}

}  // namespace leaveout
