// SPDX-License-Identifier: MIT
#include "experiments/memorization/few_parameters_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "experiments/support/table.h"
#include "influence/estimators/influence_function.h"
#include "influence/metrics/student.h"
#include "influence/metrics/trend.h"

namespace leaveout {

using Eigen::VectorXd;
using Json = nlohmann::ordered_json;

namespace {

struct NamedMetric {
  const char* name;
  FewMetric of;
};

const std::vector<NamedMetric>& metrics() {
  static const std::vector<NamedMetric> all = {
      {"spearman", [](const FewRow& r) { return r.spearman; }},
      {"pearson", [](const FewRow& r) { return r.pearson; }},
      {"equal_signs", [](const FewRow& r) { return std::optional(r.equal_signs); }},
      {"certain_signs", [](const FewRow& r) { return r.certain_signs; }},
      {"correction_share", [](const FewRow& r) { return r.correction_share; }},
      {"parameters", [](const FewRow& r) { return std::optional(r.parameters); }}};
  return all;
}

std::string title_of(const std::string& subset) {
  if (subset == kKronecker) return "last layer, Kronecker";
  if (subset == kGradDot) return "last layer, Grad-Dot";
  return subset;
}

Json task_json(const FewResult& r) {
  Json j;
  const FewPoint& own = r.points.front();
  j["model"] = own.model;
  j["parameters"] = own.cell.parameters;
  j["weight_decay"] = r.settings.weight_decay;
  j["epochs"] = r.settings.base.epochs;
  j["seeds"] = seeds_of(r);
  j["largest_identity_error"] = largest(r, &FewRow::identity_error).value_or(0);
  double norm = 0;
  for (const FewPoint& p : r.points) norm = std::max(norm, p.cell.gradient_norm);
  j["largest_gradient_norm"] = norm;
  return j;
}

}  // namespace

FewMetric few_metric(const std::string& name) {
  return std::find_if(metrics().begin(),
                      metrics().end(),
                      [&](const NamedMetric& m) { return name == m.name; })
      ->of;
}

std::vector<std::string> all_subsets_of(const FewResult& r) {
  std::vector<std::string> names = r.subsets;
  names.insert(names.end(), {kKronecker, kGradDot});
  return names;
}

std::optional<double> largest(const FewResult& r, std::optional<double> FewRow::*number) {
  std::optional<double> found;
  for (const FewPoint& p : r.points)
    for (const FewRow& row : p.cell.rows)
      if (row.*number) found = std::max(found.value_or(-HUGE_VAL), *(row.*number));
  return found;
}

Index seeds_of(const FewResult& r) {
  std::set<std::uint64_t> seeds;
  for (const FewPoint& p : r.points) seeds.insert(p.seed);
  return static_cast<Index>(seeds.size());
}

Estimate over_seeds(const FewResult& r,
                    const std::string& sweep,
                    double value,
                    const std::string& subset,
                    FewMetric of) {
  std::vector<double> values;
  for (const FewPoint& p : r.points)
    if (p.sweep == sweep && p.value == value)
      for (const FewRow& row : p.cell.rows)
        if (row.subset == subset)
          if (const auto number = of(row)) values.push_back(*number);
  Estimate e =
      mean_interval(Eigen::Map<VectorXd>(values.data(), static_cast<Index>(values.size())));
  e.low = std::max(e.low, -1.0);  // all of them are correlations or shares
  e.high = std::min(e.high, 1.0);
  return e;
}

std::vector<double> grid_of(const FewResult& r, const std::string& sweep) {
  std::set<double> values;
  for (const FewPoint& p : r.points)
    if (p.sweep == sweep) values.insert(p.value);
  return {values.begin(), values.end()};
}

Estimate spearman_trend(const FewResult& r, const std::string& sweep, const std::string& subset) {
  const std::vector<double> grid = grid_of(r, sweep);
  const VectorXd x = Eigen::Map<const VectorXd>(grid.data(), static_cast<Index>(grid.size()));
  std::map<std::uint64_t, std::vector<double>> by_seed;  // points come in the grid's order
  for (const FewPoint& p : r.points)
    if (p.sweep == sweep)
      for (const FewRow& row : p.cell.rows)
        if (row.subset == subset && row.spearman) by_seed[p.seed].push_back(*row.spearman);
  std::vector<Curve> curves;
  for (const auto& [seed, values] : by_seed)
    if (values.size() == grid.size())
      curves.push_back({seed, Eigen::Map<const VectorXd>(values.data(), x.size())});
  return trend(x, curves, {.resamples = 2000, .seed = 1});
}

RunsLayout few_parameters_layout() {
  return {.columns = {"task", "seed", "sweep", "grid", "subset", "metric", "value"},
          .keys = {"task", "sweep", "grid", "subset", "metric"}};
}

void write_rows(const FewResult& r, Results& results) {
  for (const FewPoint& p : r.points) {
    const auto row = [&](const std::string& subset, const char* name, const Cell& value) {
      results.row({r.settings.name,
                   static_cast<std::int64_t>(p.seed),
                   p.sweep,
                   p.sweep == kOwnSettings ? Cell("") : Cell(p.value),
                   subset,
                   name,
                   value});
    };
    for (const FewRow& subset : p.cell.rows)
      for (const NamedMetric& m : metrics())
        if (const auto value = m.of(subset)) row(subset.subset, m.name, *value);
    row("", "parameters", p.cell.parameters);
    row("", "train_loss", p.cell.train_loss);
    row("", "test_loss", p.cell.test_loss);
  }
}

void describe(const std::vector<FewResult>& done, Results& results) {
  Json& run = results.run();
  run["definitions"] = kWhoseDefinitions;
  run["conventions"] = {
      {"influence",
       "of a training example on a test query's loss, query' H^-1 train / N; positive: the example "
       "helps. H: the curvature chosen, with weight decay and damping"},
      {"restricted", "the same with H's block and the gradients' entries of the subset"},
      {"sweep, grid",
       "the one setting that differs from the task's own (none: no one), and its value; along "
       "depth "
       "and width the model is an mlp of `units` units, or of one hidden layer"},
      {"spearman, pearson",
       "of restricted and full influence over the training examples, mean over test queries"},
      {"equal_signs", "share of all pairs (query, example) with the full influence's sign"},
      {"certain_signs", "share of pairs with |correction| < |restricted|"},
      {"correction_share", "sum |correction| / (sum |restricted| + sum |correction|)"},
      {"parameters", "share of all that are in the subset; without a subset: their number"},
      {"kronecker, grad_dot",
       "of the last layer, with K (x) Q (means over examples) and I in place of H's block"},
      {"seeds", "each has its own data (or split), initialisation and batches"},
      {"intervals", kFewIntervals}};
  for (const FewResult& r : done) run["tasks"][r.settings.name] = task_json(r);
}

std::string subset_table(const FewResult& r) {
  Table table({"influence on",
               "of the parameters",
               "Spearman",
               "Pearson",
               "equal signs",
               "certain signs",
               "correction's share"});
  const FewPoint& own = r.points.front();
  table.title(fmt::format("\n{}: influence on few parameters against all {}, {}, {} seeds",
                          r.settings.name,
                          own.cell.parameters,
                          own.model,
                          seeds_of(r)));
  for (const std::string& subset : all_subsets_of(r)) {
    const auto cell = [&](const char* name) {
      const Estimate e = over_seeds(r, kOwnSettings, 0, subset, few_metric(name));
      return e.value ? to_string(e) : std::string("-");
    };
    const Estimate part = over_seeds(r, kOwnSettings, 0, subset, few_metric("parameters"));
    table.row({title_of(subset),
               fmt::format("{:.1f} %", 100 * part.value.value_or(0)),
               cell("spearman"),
               cell("pearson"),
               cell("equal_signs"),
               cell("certain_signs"),
               cell("correction_share")});
  }
  table.footnote("correlations over the training examples, mean over test queries, then seeds");
  table.footnote("certain signs: |correction| < |restricted|, so that the sign cannot differ");
  return table.text();
}

std::string grid_table(const FewResult& r) {
  const std::string& subset = r.subsets.front();
  Table table({"setting", "value", "Spearman", "equal signs", "correction's share", "test loss"});
  table.title(fmt::format("\n{}: {} along four settings", r.settings.name, title_of(subset)));
  bool any = false;
  for (const FewGrid& grid : kFewGrids)
    for (const double value : grid_of(r, grid.name)) {
      any = true;
      double loss = 0, count = 0;
      for (const FewPoint& p : r.points)
        if (p.sweep == grid.name && p.value == value) {
          loss += p.cell.test_loss;
          ++count;
        }
      const auto cell = [&](const char* name) {
        return to_string(over_seeds(r, grid.name, value, subset, few_metric(name)));
      };
      table.row({grid.axis,
                 fmt::format("{:g}", value),
                 cell("spearman"),
                 cell("equal_signs"),
                 cell("correction_share"),
                 fmt::format("{:.3f}", loss / count)});
    }
  return any ? table.text() : "";
}

}  // namespace leaveout
