// SPDX-License-Identifier: MIT
#include "experiments/trajectory/trajectory_accuracy_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "experiments/support/table.h"
#include "influence/metrics/student.h"

namespace leaveout {

using Eigen::VectorXd;
using Json = nlohmann::ordered_json;

namespace {

struct NamedCloseness {
  const char* name;
  std::optional<double> Closeness::*of;
};

constexpr NamedCloseness kMetrics[] = {{"raw_error", &Closeness::raw_error},
                                       {"best_scale", &Closeness::scale},
                                       {"scaled_error", &Closeness::scaled_error},
                                       {"pearson", &Closeness::pearson},
                                       {"spearman", &Closeness::spearman},
                                       {"kendall", &Closeness::kendall},
                                       {"equal_signs", &Closeness::signs},
                                       {"top_overlap", &Closeness::top}};

Json task_json(const AccuracyResult& r) {
  Json j;
  j["model"] = r.cells.front().model;
  for (const Index epochs : lengths_of(r))
    j["curvature_time"][fmt::to_string(epochs)] = mean_curvature_time(r, epochs);
  for (const AccuracyRow& row : r.cells.front().rows)
    if (!row.refused.empty()) j["refused"][row.estimator] = row.refused;
  return j;
}

/// The shortest, a middle and the longest training.
std::vector<Index> shown(const AccuracyResult& r) {
  const std::vector<Index> all = lengths_of(r);
  std::set<Index> few = {all.front(), all[all.size() / 2], all.back()};
  return {few.begin(), few.end()};
}

std::string number(const Estimate& e) {
  return e.value ? fmt::format("{:.3g}", *e.value) : "-";
}

}  // namespace

CellNumber against_removal(const std::string& estimator, std::optional<double> Closeness::*metric) {
  return [estimator, metric](const AccuracyCell& cell) -> std::optional<double> {
    const AccuracyRow* row = cell.find(estimator);
    return row ? row->removal.*metric : std::nullopt;
  };
}

Estimate over_seeds(const AccuracyResult& r, Index epochs, const CellNumber& of) {
  std::vector<double> values;
  for (const AccuracyCell& cell : r.cells)
    if (cell.epochs == epochs)
      if (const auto value = of(cell)) values.push_back(*value);
  return mean_interval(Eigen::Map<VectorXd>(values.data(), static_cast<Index>(values.size())));
}

std::vector<Index> lengths_of(const AccuracyResult& r) {
  std::set<Index> all;
  for (const AccuracyCell& cell : r.cells) all.insert(cell.epochs);
  return {all.begin(), all.end()};
}

double mean_curvature_time(const AccuracyResult& r, Index epochs) {
  return over_seeds(
             r, epochs, [](const AccuracyCell& c) { return std::optional(c.truth.curvature_time); })
      .value.value_or(0);
}

std::optional<double> growth_exponent(const AccuracyResult& r,
                                      std::uint64_t seed,
                                      const std::string& estimator) {
  std::vector<double> x, y;
  for (const AccuracyCell& cell : r.cells) {
    const AccuracyRow* row = cell.seed == seed ? cell.find(estimator) : nullptr;
    if (!row || !row->derivative.raw_error || !(*row->derivative.raw_error > 0)) continue;
    x.push_back(std::log(cell.truth.curvature_time));
    y.push_back(std::log(*row->derivative.raw_error));
  }
  if (x.size() < 3) return std::nullopt;
  return slope(Eigen::Map<VectorXd>(x.data(), static_cast<Index>(x.size())),
               Eigen::Map<VectorXd>(y.data(), static_cast<Index>(y.size())));
}

RunsLayout trajectory_accuracy_layout() {
  return {.columns = {"task", "seed", "epochs", "estimator", "metric", "value"},
          .keys = {"task", "epochs", "estimator", "metric"}};
}

void write_rows(const AccuracyResult& r, Results& results) {
  for (const AccuracyCell& cell : r.cells) {
    const auto row =
        [&](const std::string& estimator, const std::string& metric, const Cell& value) {
          results.row({r.settings.name,
                       static_cast<std::int64_t>(cell.seed),
                       cell.epochs,
                       estimator,
                       metric,
                       value});
        };
    row("", "curvature_time", cell.truth.curvature_time);
    row("derivative", "raw_error", cell.linearisation);
    for (const AccuracyRow& of : cell.rows) {
      if (!of.refused.empty()) continue;
      for (const NamedCloseness& m : kMetrics) {
        if (const auto value = of.removal.*m.of) row(of.estimator, m.name, *value);
        if (const auto value = of.derivative.*m.of)
          row(of.estimator, std::string("derivative_") + m.name, *value);
      }
    }
    for (const ParameterRow& of : cell.parameters) {
      row(of.estimator, "parameter_cosine", of.cosine);
      row(of.estimator, "parameter_raw_error", of.raw_error);
    }
    for (const BudgetLine& line : cell.budget) {
      row("budget: " + line.name, "raw_error", line.relative_error);
      row("budget: " + line.name, "best_scale", line.scale);
      if (line.spearman) row("budget: " + line.name, "spearman", *line.spearman);
    }
  }
}

void write_scores(const std::vector<AccuracyResult>& done, const Results& results) {
  std::vector<std::string> columns = {"task", "seed", "epochs", "example", "removal", "derivative"};
  for (const AccuracyRow& row : done.front().cells.front().rows) columns.push_back(row.estimator);
  std::vector<std::vector<Cell>> rows;
  for (const AccuracyResult& r : done)
    for (const AccuracyCell& cell : r.cells)
      for (Index i = 0; i < cell.truth.removal.size(); ++i) {
        std::vector<Cell> row = {r.settings.name,
                                 static_cast<std::int64_t>(cell.seed),
                                 cell.epochs,
                                 i,
                                 cell.truth.removal(i),
                                 cell.truth.derivative(i)};
        for (const AccuracyRow& of : cell.rows)
          row.push_back(of.refused.empty() ? Cell(of.values(i)) : Cell(""));
        rows.push_back(std::move(row));
      }
  results.csv("scores.csv", columns, rows);
}

void describe(const std::vector<AccuracyResult>& done, Results& results) {
  Json& run = results.run();
  run["ours"] = kAccuracyOurs;
  run["conventions"] = {
      {"values", "change of the mean test loss when an example is removed: positive, it helped"},
      {"removal", "trainings without each example: same start and batches, its term dropped"},
      {"derivative", "exact, through all steps; metrics named derivative_ are against it"},
      {"curvature_time", "x: sum over steps of rate * lambda_max, of the Hessian of all data"},
      {"raw_error", "|estimate - truth| / |truth|; of `derivative`: against removal"},
      {"best_scale, scaled_error", "truth = scale * estimate by least squares; the error after it"},
      {"top_overlap", "of the `top` largest in magnitude; at most half of the examples"},
      {"parameter_cosine, parameter_raw_error",
       "of the changes of all parameters, medians over the first `parameter_examples`"},
      {"diff_in", "the paper's 1/m, five random checkpoints, exact products"},
      {"diff_in_differences", "the same with differences of gradients"},
      {"diff_in_sum", "T/m for 1/m: the sum over steps"},
      {"diff_in_all_steps", "all steps, summed"},
      {"diff_in_consistent", "the double sum that Diff-In comes from, nothing dropped"},
      {"budget", "one approximation alone, all else exact, against the derivative"},
      {"scores.csv", "the change of the mean test loss for each example, by each estimator"},
      {"seeds", "each has its own split, initialisation and batches"},
      {"intervals", kAccuracyIntervals}};
  for (const AccuracyResult& r : done) run["tasks"][r.settings.name] = task_json(r);
}

std::string accuracy_table(const AccuracyResult& r) {
  const std::vector<Index> lengths = shown(r);
  std::vector<std::string> columns = {"estimator"};
  for (const Index epochs : lengths) {
    const std::string x = fmt::format("x={:.2g}", mean_curvature_time(r, epochs));
    for (const char* metric : {" Spearman", " raw error", " scaled"}) columns.push_back(x + metric);
  }
  Table table(columns);
  table.title(fmt::format("\n{}: {}, {} to {} epochs, {} trainings",
                          r.settings.name,
                          r.cells.front().model,
                          lengths.front(),
                          lengths.back(),
                          r.cells.size()));
  for (const AccuracyRow& row : r.cells.front().rows) {
    std::vector<std::string> cells = {row.estimator};
    for (const Index epochs : lengths)
      for (const auto metric :
           {&Closeness::spearman, &Closeness::raw_error, &Closeness::scaled_error})
        cells.push_back(number(over_seeds(r, epochs, against_removal(row.estimator, metric))));
    table.row(cells);
  }
  table.footnote("against trainings without each example; scaled: error after the best scalar");
  table.footnote("-: refuses this training. More metrics and lengths: summary.csv");
  return table.text();
}

}  // namespace leaveout
