// SPDX-License-Identifier: MIT
#include "experiments/trajectory/trajectory_accuracy_report.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "experiments/support/table.h"
#include "experiments/trajectory/seed_table.h"
#include "experiments/trajectory/trajectory_accuracy_estimates.h"
#include "influence/metrics/student.h"

namespace leaveout {

using Eigen::VectorXd;
using Json = nlohmann::ordered_json;

namespace {

Cell seed_cell(const AccuracyPoint& p) {
  return static_cast<std::int64_t>(p.seed);
}

/// Empty where an interval ends beyond all numbers, as of a mean of logarithms.
Cell finite_cell(double value) {
  return std::isfinite(value) ? Cell(value) : Cell("");
}

std::set<std::uint64_t> seeds_of(const AccuracyResult& r) {
  std::set<std::uint64_t> seeds;
  for (const AccuracyPoint& p : r.points) seeds.insert(p.seed);
  return seeds;
}

Json task_json(const AccuracyResult& r) {
  Json j;
  std::set<std::string> refused;
  for (const AccuracyPoint& p : r.points) refused.insert(p.refused.begin(), p.refused.end());
  j["model"] = r.settings.model;
  j["parameters"] = r.points.front().value(kTraining, "", "", "", "parameters").value_or(0);
  j["removed"] = r.points.front().removed.size();
  j["batch_size"] = r.settings.base.batch_size;
  j["weight_decay"] = r.settings.weight_decay;
  j["seeds"] = seeds_of(r).size();
  for (const Regime& g : regimes(r))
    j["regimes"].push_back(
        {{"rate", g.rate}, {"epochs", g.epochs}, {"steps", g.steps}, {"x", g.x}});
  j["refused"] = refused;
  return j;
}

Json conventions() {
  return {
      {"scores",
       "change of a query's loss when an example is left out of every step that drew it, its place "
       "in the batch kept; positive: removing it raises the loss"},
      {"removal", "truth: trained again without the example, same start, batches and rates"},
      {"derivative", "truth: derivative in the example's weight, exact through all steps"},
      {"warm_start",
       "truth: half as many epochs more from the end, without the example, minus the same with "
       "all"},
      {"x", kWhatIsX},
      {"query", "mean: the mean test loss; single: mean over single test examples of the metric"},
      {"relative_error", "|estimate - truth| / |truth| over the removed examples"},
      {"best_scale, scaled_error", "the alpha for which alpha * estimate is nearest, error after"}};
}

Json more_conventions() {
  return {
      {"sign_agreement, top_overlap",
       "share with the truth's sign; share of the 30 largest in magnitude (at most half of the "
       "removed) among those of the estimate"},
      {"estimator_error",
       "|estimate - derivative| / |removal|; the rest is the linearisation, which is the unrolled "
       "estimator's relative_error against removal"},
      {"parameters", "of theta at the end: cosine and relative error, means over the removed"},
      {"budget", "one approximation at a time against the exact derivative, error_budget.h"},
      {"growth.csv",
       "slopes of log |estimate - truth| on log steps, and of log relative error on log x where x "
       "is below 0.2, in each seed; misfit: what a power law of the steps leaves of the logarithm "
       "over what an exponential law leaves, root mean squares"},
      {"diff_in_paper",
       "1/m, 5 random checkpoints (those of tracin_checkpoints), forward differences of 1e-3, a "
       "random "
       "proxy batch of the training's batch size (at most 128), the same for all examples"},
      {"diff_in_sum", "the same with T/m"},
      {"seeds", "each has its own split, initialisation, batches, checkpoints and proxy batches"},
      {"intervals", kAccuracyIntervals}};
}

}  // namespace

RunsLayout trajectory_accuracy_layout() {
  return {.columns = {"task",
                      "seed",
                      "rate",
                      "epochs",
                      "part",
                      "estimator",
                      "truth",
                      "query",
                      "metric",
                      "value"},
          .keys = {"task", "rate", "epochs", "part", "estimator", "truth", "query", "metric"}};
}

void write_rows(const AccuracyResult& r, Results& results) {
  for (const AccuracyPoint& p : r.points)
    for (const AccuracyRow& row : p.rows)
      results.row({r.settings.name,
                   seed_cell(p),
                   p.rate,
                   p.epochs,
                   row.part,
                   row.estimator,
                   row.truth,
                   row.query,
                   row.metric,
                   row.value});
}

void write_scores(const std::vector<AccuracyResult>& done, const Results& results) {
  std::vector<std::string> names = {kRemoval, kDerivative, kWarmStart};
  for (const std::string& name : accuracy_estimators())
    if (name != kUnrolled) names.push_back(name);  // it is the derivative
  std::vector<std::string> columns = {"task", "seed", "rate", "epochs", "x", "example"};
  columns.insert(columns.end(), names.begin(), names.end());
  std::vector<std::vector<Cell>> rows;
  for (const AccuracyResult& r : done)
    for (const AccuracyPoint& p : r.points) {
      std::map<std::string, const ScoreColumn*> by_name;
      for (const ScoreColumn& c : p.scores) by_name[c.name] = &c;
      for (std::size_t k = 0; k < p.removed.size(); ++k) {
        std::vector<Cell> row = {r.settings.name,
                                 seed_cell(p),
                                 p.rate,
                                 p.epochs,
                                 p.value(kTraining, "", "", "", "x"),
                                 p.removed[k]};
        for (const std::string& name : names)
          row.push_back(by_name.contains(name) ? Cell(by_name[name]->values[k]) : Cell(""));
        rows.push_back(std::move(row));
      }
    }
  results.csv("scores.csv", columns, rows);
}

void write_growth(const std::vector<AccuracyResult>& done, const Results& results) {
  std::vector<std::vector<Cell>> rows;
  const auto add = [&](const AccuracyResult& r,
                       const std::string& estimator,
                       const char* truth,
                       const char* grid,
                       const char* what,
                       const Estimate& e) {
    if (e.value && std::isfinite(*e.value))
      rows.push_back({r.settings.name,
                      estimator,
                      truth,
                      grid,
                      what,
                      *e.value,
                      e.resamples > 0 ? finite_cell(e.low) : Cell(""),
                      e.resamples > 0 ? finite_cell(e.high) : Cell(""),
                      e.n});
  };
  for (const AccuracyResult& r : done)
    for (const std::string& name : accuracy_estimators()) {
      for (const char* truth : {kRemoval, kDerivative}) {
        const Growth g = growth_in_steps(r, name, truth);
        add(r, name, truth, "steps", "slope", g.slope);
        add(r, name, truth, "steps", "misfit", g.misfit);
      }
      add(r, name, kDerivative, "small x", "slope", growth_in_x(r, name).slope);
    }
  results.csv("growth.csv",
              {"task", "estimator", "truth", "grid", "what", "value", "low", "high", "seeds"},
              rows);
}

void describe(const std::vector<AccuracyResult>& done, Results& results) {
  Json& run = results.run();
  run["paper"] = kWhosePaper;
  run["estimators"] = kWhoseEstimators;
  run["definitions"] = kAccuracyChoices;
  run["conventions"] = conventions();
  run["conventions"].update(more_conventions());
  for (const AccuracyResult& r : done) run["tasks"][r.settings.name] = task_json(r);
}

std::string accuracy_table(const AccuracyResult& r) {
  std::vector<std::string> columns = {"estimator"};
  const std::vector<Regime> grid = along_rates(r);
  for (const Regime& g : grid) columns.push_back(fmt::format("x = {:.2g}", g.x));
  columns.push_back("steps^");
  Table table(columns);
  table.title(
      fmt::format("\n{}: error |estimate - truth| / |truth| and (Spearman, best scalar) against "
                  "exact removals, "
                  "{} seeds",
                  r.settings.name,
                  seeds_of(r).size()));
  for (const std::string& name : accuracy_estimators()) {
    std::vector<std::string> row = {name};
    for (const Regime& g : grid) {
      const Estimate error =
          geometric_interval(over_seeds(r, g, mean_score(name, kRemoval, "relative_error")));
      const Estimate rank = mean_interval(over_seeds(r, g, mean_score(name, kRemoval, "spearman")));
      const Estimate scale =
          mean_interval(over_seeds(r, g, mean_score(name, kRemoval, "best_scale")));
      row.push_back(error.value
                        ? fmt::format("{:.2g} ({}, {})",
                                      *error.value,
                                      rank.value ? fmt::format("{:.2f}", *rank.value) : "-",
                                      scale.value ? fmt::format("{:.2g}", *scale.value) : "-")
                        : "-");
    }
    const Growth g = growth_in_steps(r, name, kRemoval);
    row.push_back(g.slope.value ? fmt::format("{:.1f}", *g.slope.value) : "-");
    table.row(row);
  }
  table.footnote("mean test loss; x = sum of rate * lambda_max, along the rates; geometric means");
  table.footnote("an estimate of zero has error 1; -: refused, beyond all bounds, or no change");
  table.footnote("steps^: the power of the number of steps with which |estimate - truth| grows");
  return table.text();
}

}  // namespace leaveout
