// SPDX-License-Identifier: MIT
// The verdicts and the figure.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "experiments/support/panel_figure.h"
#include "experiments/trajectory/cost_report.h"
#include "influence/metrics/student.h"

namespace leaveout {

namespace {

using SeedNumber = std::function<std::optional<double>(const CostSeed& seed)>;

Estimate seed_interval(const CostResult& r, const SeedNumber& of) {
  std::vector<double> values;
  for (const CostSeed& seed : r.seeds)
    if (const auto value = of(seed)) values.push_back(*value);
  return mean_interval(
      Eigen::Map<Eigen::VectorXd>(values.data(), static_cast<Index>(values.size())));
}

/// Counts need no second seed: without an interval the number itself is judged.
Verdict count_verdict(const CostResult& r,
                      const std::string& part,
                      const std::string& claim,
                      double bound,
                      const SeedNumber& of) {
  const Estimate e = seed_interval(r, of);
  return {r.settings.name,
          part,
          claim,
          to_string(e),
          e.value ? below(interval(e), bound) : "not testable: it refuses this training"};
}

std::optional<double> passes_of(const CostSeed& seed, const char* estimator) {
  const CostRow* row = find_row(seed, estimator);
  return row ? std::optional(row->passes) : std::nullopt;
}

/// Passes of Diff-In over TracIn's; with `training`, which both need, in both.
SeedNumber over_tracin(bool training) {
  return [training](const CostSeed& seed) -> std::optional<double> {
    const auto diff_in = passes_of(seed, "diff_in_differences");
    const auto tracin = passes_of(seed, "tracin_checkpoints");
    if (!diff_in || !tracin) return std::nullopt;
    const double both = training ? seed.training_passes : 0;
    return (*diff_in + both) / (*tracin + both);
  };
}

/// True where a row's error is that of the query.
bool of_query(const CostRow& row) {
  return row.error && has_query(parse_trajectory_estimator(row.estimator));
}

/// The least error of what costs no more than Diff-In, minus Diff-In's.
std::optional<double> cheaper_error(const CostSeed& seed) {
  const CostRow* own = find_row(seed, "diff_in_differences");
  if (!own || !own->error) return std::nullopt;
  std::optional<double> least;
  for (const CostRow& row : seed.rows)
    if (of_query(row) && row.passes <= own->passes && row.estimator.rfind("diff_in", 0) != 0)
      least = std::min(least.value_or(HUGE_VAL), *row.error);
  return least ? std::optional(*least - *own->error) : std::nullopt;
}

Verdict accuracy_verdict(const CostResult& r) {
  Estimate e = seed_interval(r, cheaper_error);
  e.low = std::max(e.low, -1.0);  // errors after the best scalar are between 0 and 1
  e.high = std::min(e.high, 1.0);
  std::string verdict = "not testable: none costs as little";
  if (e.value)
    verdict = r.seeds.size() < 2 ? "not testable: one seed has no interval" : above(interval(e), 0);
  return {r.settings.name,
          "Diff-In",
          "paper (abstract): lower error than existing estimators; here the least error after the "
          "best scalar of those that cost no more, minus Diff-In's, above 0",
          to_string(e),
          verdict};
}

void add_verdicts(const CostResult& r, std::vector<Verdict>& verdicts) {
  const auto add =
      [&](const char* part, const std::string& claim, double bound, const SeedNumber& of) {
        verdicts.push_back(count_verdict(r, part, claim, bound, of));
      };
  const std::string little = fmt::format(
      "paper (timing): only a little more time than TracIn; here gradient passes at the same m, "
      "ratio at most {:g} (bound ours)",
      kLittleOver);
  add("Diff-In, differences", little, kLittleOver, over_tracin(false));
  add("Diff-In, differences", little + ", the training in both", kLittleOver, over_tracin(true));
  verdicts.push_back(accuracy_verdict(r));
  add("unrolled",
      fmt::format("ours: one query's derivative through all steps takes at most {:g} trainings, "
                  "counted",
                  kDerivativeTarget),
      kDerivativeTarget,
      [](const CostSeed& seed) -> std::optional<double> {
        const auto passes = passes_of(seed, "unrolled");
        return passes ? std::optional(*passes / seed.training_passes) : std::nullopt;
      });
  if (r.checkpoints != kDiffInTargetCheckpoints) return;
  for (const auto& [part, name] : {std::pair{"Diff-In, differences", "diff_in_differences"},
                                   std::pair{"Diff-In, exact products", "diff_in"}})
    add(part,
        fmt::format("ours: all scores at m = {} take at most {:g} gradient passes, counted",
                    kDiffInTargetCheckpoints,
                    kDiffInTarget),
        kDiffInTarget,
        [name = name](const CostSeed& seed) { return passes_of(seed, name); });
}

/// Estimators that are drawn alike; sgd_influence and hydra are `unrolled` by another name.
struct Family {
  const char* name;
  std::vector<const char*> members;
};

const std::vector<Family>& families() {
  static const std::vector<Family> all = {
      {"unrolled", {"unrolled", "accumulated_sgd_influence"}},
      {"Diff-In", {"diff_in", "diff_in_differences"}},
      {"Diff-In, double sum", {"diff_in_consistent"}},
      {"TracIn-CP, Grad-Dot, Grad-Cos", {"tracin_checkpoints", "grad_dot", "grad_cos"}},
      {"first order, all steps",
       {"first_order", "hydra_fast", "tracin_ideal", "tracin_first_order"}},
      {"SOURCE", {"source_hessian", "source_gauss_newton", "source_ek_fac"}},
      {"data value embedding", {"data_value_embedding"}},
      {"influence function", {"influence_function"}}};
  return all;
}

Series series_of(const CostResult& r, const Family& family) {
  Series s{.name = family.name, .style = Style::points};
  for (const char* member : family.members) {
    const Estimate e =
        within(over_seeds(r, member, [](const CostRow& row) { return row.spearman; }), -1);
    const Estimate passes =
        over_seeds(r, member, [](const CostRow& row) { return std::optional(row.passes); });
    if (!e.value) continue;
    const bool bar = e.resamples > 0;
    s.x.push_back(*passes.value);
    s.y.push_back(*e.value);
    s.low.push_back(bar ? e.low : NAN);
    s.high.push_back(bar ? e.high : NAN);
  }
  return s;
}

Panel panel_of(const CostResult& r) {
  Panel p;
  p.title = fmt::format("{}, x = {:.2g}", r.settings.name, r.seeds.front().curvature_time);
  const double training = r.seeds.front().training_passes;
  const double retraining = training * static_cast<double>(r.seeds.front().examples);
  p.x = {.label = "gradient passes", .scale = Scale::logarithmic, .include = {1, retraining}};
  p.y = {.label = "Spearman with removal", .include = {0, 1}};
  p.references = {vertical_line(training), vertical_line(retraining)};
  for (const Family& family : families()) {
    Series s = series_of(r, family);
    if (!s.x.empty()) p.series.push_back(std::move(s));
  }
  return p;
}

}  // namespace

std::vector<Verdict> judge(const std::vector<CostResult>& done) {
  std::vector<Verdict> verdicts;
  for (const CostResult& r : done) add_verdicts(r, verdicts);
  return verdicts;
}

void draw(const std::vector<CostResult>& done, const std::filesystem::path& folder) {
  PanelFigure figure{.name = "cost"};
  for (const CostResult& r : done) figure.panels.push_back(panel_of(r));
  figure.footnotes = {
      "Passes over the training data, counted. Lines: one training; trainings without each "
      "example.",
      "x: sum of rates times the largest eigenvalue, first seed. Error bars: 95 %, Student's t "
      "over "
      "seeds."};
  write_panel_figure(folder, figure);
}

}  // namespace leaveout
