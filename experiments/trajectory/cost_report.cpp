// SPDX-License-Identifier: MIT
#include "experiments/trajectory/cost_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "experiments/support/table.h"
#include "experiments/trajectory/seed_table.h"
#include "influence/metrics/bootstrap.h"
#include "influence/metrics/student.h"

namespace leaveout {

using Eigen::VectorXd;
using Json = nlohmann::ordered_json;

namespace {

struct NamedMetric {
  const char* name;
  CostMetric of;
};

template <auto member>
std::optional<double> number(const CostRow& row) {
  return row.*member;
}

constexpr NamedMetric kMetrics[] = {{"spearman", number<&CostRow::spearman>},
                                    {"best_scale", number<&CostRow::scale>},
                                    {"scaled_error", number<&CostRow::error>},
                                    {"derivative_spearman", number<&CostRow::derivative_spearman>},
                                    {"derivative_scaled_error", number<&CostRow::derivative_error>},
                                    {"passes", number<&CostRow::passes>},
                                    {"gradients", number<&CostRow::gradients>},
                                    {"products", number<&CostRow::products>},
                                    {"dense", number<&CostRow::dense>},
                                    {"stored_bytes", number<&CostRow::stored_bytes>},
                                    {"working_bytes", number<&CostRow::working_bytes>}};

double mean_of(const CostResult& r, const std::string& estimator, CostMetric metric) {
  return over_seeds(r, estimator, metric).value.value_or(0);
}

/// A median over seeds: a busy machine makes a few of them long.
double median(std::vector<double> seconds) {
  if (seconds.empty()) return 0;
  std::sort(seconds.begin(), seconds.end());
  return quantile(seconds, 0.5);
}

double training_seconds(const CostResult& r) {
  std::vector<double> seconds;
  for (const CostSeed& s : r.seeds) seconds.push_back(s.training_seconds);
  return median(seconds);
}

double seconds_of(const CostResult& r, const std::string& estimator) {
  std::vector<double> seconds;
  for (const CostSeed& s : r.seeds)
    if (const CostRow* row = find_row(s, estimator)) seconds.push_back(row->seconds);
  return median(seconds);
}

std::string bytes_text(double bytes) {
  return bytes < 1e6 ? fmt::format("{:.0f} kB", bytes / 1e3)
                     : fmt::format("{:.1f} MB", bytes / 1e6);
}

std::string milliseconds(double seconds) {
  return seconds < 0.01 ? fmt::format("{:.2g}", 1e3 * seconds)
                        : fmt::format("{:.0f}", 1e3 * seconds);
}

std::string scale_cell(const Estimate& scale) {
  return scale.value ? fmt::format("{:.2g}", *scale.value) : "";
}

/// In any seed.
bool ran(const CostResult& r, const std::string& estimator) {
  return std::any_of(r.seeds.begin(), r.seeds.end(), [&](const CostSeed& s) {
    return find_row(s, estimator) != nullptr;
  });
}

Json task_json(const CostResult& r) {
  Json j;
  const CostSeed& first = r.seeds.front();
  j["model"] = r.model;
  j["parameters"] = first.parameters;
  j["examples"] = first.examples;
  j["steps"] = first.steps;
  j["checkpoints"] = r.checkpoints;
  j["training_passes"] = first.training_passes;
  for (const CostSeed& s : r.seeds) j["curvature_time"].push_back(s.curvature_time);
  for (const CostSeed& s : r.seeds)
    for (const CostRow& row : s.rows)
      if (!row.refused.empty()) j["refused"][row.estimator] = row.refused;
  j["seeds_timed_by_an_earlier_run"] = r.timed_before;
  j["seconds"]["training"] = training_seconds(r);
  for (const CostRow& row : first.rows)
    if (ran(r, row.estimator)) j["seconds"][row.estimator] = seconds_of(r, row.estimator);
  return j;
}

}  // namespace

Estimate over_seeds(const CostResult& r, const std::string& estimator, CostMetric metric) {
  std::vector<double> values;
  for (const CostSeed& seed : r.seeds)
    if (const CostRow* row = find_row(seed, estimator))
      if (const auto value = metric(*row)) values.push_back(*value);
  return mean_interval(Eigen::Map<VectorXd>(values.data(), static_cast<Index>(values.size())));
}

Estimate within(Estimate e, double low) {
  e.low = std::max(e.low, low);
  e.high = std::min(e.high, 1.0);
  return e;
}

RunsLayout cost_layout() {
  return {.columns = {"task", "seed", "estimator", "metric", "value"},
          .keys = {"task", "estimator", "metric"}};
}

void write_rows(const CostResult& r, Results& results) {
  for (const CostSeed& seed : r.seeds) {
    const auto row = [&](const std::string& estimator, const char* metric, const Cell& value) {
      results.row(
          {r.settings.name, static_cast<std::int64_t>(seed.seed), estimator, metric, value});
    };
    row("training", "passes", seed.training_passes);
    row("training", "curvature_time", seed.curvature_time);
    for (const CostRow& of : seed.rows)
      for (const NamedMetric& m : kMetrics)
        if (of.refused.empty())
          if (const auto value = m.of(of)) row(of.estimator, m.name, *value);
  }
}

void write_seconds(const std::vector<CostResult>& done, const Results& results) {
  std::vector<std::vector<Cell>> rows;
  for (const CostResult& r : done)
    for (const CostSeed& seed : r.seeds) {
      const auto number = static_cast<std::int64_t>(seed.seed);
      rows.push_back({r.settings.name, number, "training", seed.training_seconds});
      for (const CostRow& row : seed.rows)
        if (row.refused.empty())
          rows.push_back({r.settings.name, number, row.estimator, row.seconds});
    }
  results.csv("seconds.csv", {"task", "seed", "estimator", "seconds"}, rows);
}

void describe(const std::vector<CostResult>& done, Results& results) {
  Json& run = results.run();
  run["paper"] = kWhosePaper;
  run["estimators"] = kWhoseEstimators;
  run["bounds"] = kCostBounds;
  run["conventions"] = {
      {"values", "change of the mean test loss when an example is removed: positive, it helped"},
      {"spearman, scaled_error",
       "with trainings without each example (term dropped, 1/b kept); error after the best scale"},
      {"moso", "has no query: compared with the change of the others' training loss"},
      {"best_scale", "the number for which number * estimate is nearest to those trainings"},
      {"curvature_time", std::string("x: ") + kWhatIsX},
      {"derivative_...", "the same with the exact derivative through all steps"},
      {"passes",
       "gradient passes over the training data: gradients + 2 products + dense / (3 P), each over "
       "N; the queries' own gradients and the training itself are left out"},
      {"gradients", "of examples; slopes along d directions count (1 + 2 d) / 3"},
      {"products", "of an example's Hessian with one direction"},
      {"dense", "multiply-adds of algebra with P x P or P x N matrices"},
      {"stored_bytes",
       "of the parameters that must be found stored; anew computed where they are "
       "not (a log with spacing), which is not counted"},
      {"working_bytes", "of matrices of P x P or P x N that the estimator holds"},
      {"retraining", "trainings without each example; training: one training"},
      {"seconds",
       "seconds.csv: of one processor, the least of a few where short, other programs may run "
       "beside; retraining: wall time times threads, with the pool's own work. In run.json: "
       "medians "
       "over seeds. No other file has them"},
      {"refused", "why an estimator has no numbers"},
      {"checkpoints", "of tracin_checkpoints and Diff-In: random, drawn by the seed; T/m each"},
      {"seeds", "each has its own split, initialisation and batches"},
      {"intervals", kCostIntervals}};
  for (const CostResult& r : done) run["tasks"][r.settings.name] = task_json(r);
}

std::string cost_table(const CostResult& r) {
  Table table({"estimator",
               "Spearman",
               "best scale",
               "scaled error",
               "passes",
               "/ training",
               "products / N",
               "stored",
               "held",
               "ms",
               "/ training"});
  const CostSeed& first = r.seeds.front();
  table.title(
      fmt::format("\n{}: {}, {} parameters, {} examples, {} steps, m = {}, x = {:.2g}, {} "
                  "seeds",
                  r.settings.name,
                  r.model,
                  first.parameters,
                  first.examples,
                  first.steps,
                  r.checkpoints,
                  first.curvature_time,
                  r.seeds.size()));
  const double training = training_seconds(r);
  for (const CostRow& row : first.rows) {
    const std::string& name = row.estimator;
    if (!ran(r, name)) {
      table.row({name, "-", "-", "-", "-", "-", "-", "-", "-", "-", "-"});
      continue;
    }
    const auto mean = [&](CostMetric metric) { return mean_of(r, name, metric); };
    const double passes = mean(number<&CostRow::passes>);
    const double seconds = seconds_of(r, name);
    const bool truth = name == kRetraining;
    table.row({name,
               truth ? "" : to_string(within(over_seeds(r, name, number<&CostRow::spearman>), -1)),
               scale_cell(over_seeds(r, name, number<&CostRow::scale>)),
               truth ? "" : to_string(within(over_seeds(r, name, number<&CostRow::error>), 0)),
               fmt::format("{:.4g}", passes),
               fmt::format("{:.3g}", passes / first.training_passes),
               fmt::format("{:.3g}",
                           mean(number<&CostRow::products>) / static_cast<double>(first.examples)),
               bytes_text(mean(number<&CostRow::stored_bytes>)),
               bytes_text(mean(number<&CostRow::working_bytes>)),
               milliseconds(seconds),
               fmt::format("{:.3g}", seconds / training)});
  }
  table.footnote(
      "against trainings without each example (moso: their training loss); passes: of gradients "
      "over "
      "the data");
  table.footnote(fmt::format(
      "training: {:.4g} passes, {} ms; ms: medians over seeds; -: refuses this training",
      first.training_passes,
      milliseconds(training)));
  if (r.timed_before > 0)
    table.footnote(fmt::format(
        "resumed: the times of {} of {} seeds are an earlier sitting's, kept in OUT/shards",
        r.timed_before,
        r.seeds.size()));
  return table.text();
}

}  // namespace leaveout
