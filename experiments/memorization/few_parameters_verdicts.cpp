// SPDX-License-Identifier: MIT
// The verdicts and the figure.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiments/memorization/few_parameters_report.h"
#include "experiments/support/panel_figure.h"

namespace leaveout {

namespace {

Verdict enough(const FewResult& r) {
  const std::string& subset = r.subsets.front();
  const Estimate e = over_seeds(r, kOwnSettings, 0, subset, few_metric("spearman"));
  return {r.settings.name,
          subset,
          fmt::format("paper (abstract): under some assumptions far fewer parameters do; here "
                      "Spearman above {:g} (bound ours)",
                      kEnoughSpearman),
          to_string(e),
          seeds_of(r) < 2 ? "not testable: one seed has no interval"
                          : above(interval(e), kEnoughSpearman)};
}

/// The abstract says "under some assumptions" and not which: the trends say on what it depends.
Verdict trend_verdict(const FewResult& r, const FewGrid& grid) {
  const std::string& subset = r.subsets.front();
  const Estimate e = spearman_trend(r, grid.name, subset);
  std::string verdict = "open: the interval holds both";
  if (!e.value)
    verdict = "not testable: the agreement does not change";
  else if (seeds_of(r) < 3)
    verdict = "not testable: fewer than 3 seeds";
  else if (e.low > 0 || e.high < 0)
    verdict = e.low > 0 ? "disagrees: it rises" : "disagrees: it falls";
  else if (e.low > -kStrongCorrelation && e.high < kStrongCorrelation)
    verdict = "agrees";
  return {r.settings.name,
          subset,
          fmt::format("ours: agreement has no trend in {}", grid.axis),
          to_string(e),
          verdict};
}

Verdict identity(const FewResult& r) {
  const double error = largest(r, &FewRow::identity_error).value_or(HUGE_VAL);
  return {r.settings.name,
          "all subsets",
          "theory: restricted + correction = full influence (Schur complement)",
          fmt::format("largest relative error {}",
                      error <= kIdentityTolerance ? "<= 1e-9" : fmt::format("{:.1e}", error)),
          error <= kIdentityTolerance ? "agrees" : "disagrees"};
}

Verdict self_influence(const FewResult& r) {
  const double excess = largest(r, &FewRow::self_excess).value_or(HUGE_VAL);
  const Index indefinite = std::count_if(
      r.points.begin(), r.points.end(), [](const FewPoint& p) { return p.cell.negative > 0; });
  std::string verdict = excess <= kIdentityTolerance ? "agrees" : "disagrees";
  if (indefinite > 0)
    verdict = fmt::format("not testable: H is not positive definite in {} of {} trainings",
                          indefinite,
                          r.points.size());
  return {r.settings.name,
          "all subsets",
          "theory: self-influence on a subset never exceeds the full one",
          excess <= kIdentityTolerance ? "none exceeds it"
                                       : fmt::format("exceeds it by {:.2g} of the largest", excess),
          verdict};
}

void add_point(Series& s, double x, const Estimate& e) {
  if (!e.value) return;
  const bool bar = e.resamples > 0;
  s.x.push_back(x);
  s.y.push_back(*e.value);
  s.low.push_back(bar ? e.low : NAN);
  s.high.push_back(bar ? e.high : NAN);
}

Panel subset_panel(const std::vector<FewResult>& done, const char* name, const char* label) {
  Panel p;
  p.title = "at each task's own settings";
  p.x = {.scale = Scale::categories};
  p.y = {.label = label, .include = {0, 1}};
  const std::vector<std::string> names = all_subsets_of(done.front());
  const bool every = std::string(name) == "spearman";  // the approximations have no other
  for (const std::string& subset : names)
    if (every || (subset != kKronecker && subset != kGradDot))
      p.x.categories.push_back(subset == kKronecker ? "Kronecker"
                               : subset == kGradDot ? "Grad-Dot"
                                                    : subset);
  for (const FewResult& r : done) {
    Series s{.name = r.settings.name, .style = Style::points};
    for (std::size_t k = 0; k < p.x.categories.size(); ++k)
      add_point(
          s, static_cast<double>(k), over_seeds(r, kOwnSettings, 0, names[k], few_metric(name)));
    p.series.push_back(std::move(s));
  }
  return p;
}

Panel grid_panel(const std::vector<FewResult>& done, const FewGrid& grid) {
  Panel p;
  p.title = fmt::format("{}, by {}", done.front().subsets.front(), grid.axis);
  p.x = {.label = grid.axis, .scale = grid.scale};
  p.y = {.label = "Spearman with full influence", .include = {0.5, 1}};
  p.references = {horizontal_line(kEnoughSpearman)};
  for (const FewResult& r : done) {
    Series s{.name = r.settings.name};
    for (const double value : grid_of(r, grid.name))
      add_point(
          s, value, over_seeds(r, grid.name, value, r.subsets.front(), few_metric("spearman")));
    if (!s.x.empty()) p.series.push_back(std::move(s));
  }
  return p;
}

}  // namespace

std::vector<Verdict> judge(const std::vector<FewResult>& done) {
  std::vector<Verdict> verdicts;
  for (const FewResult& r : done) {
    verdicts.push_back(enough(r));
    for (const FewGrid& grid : kFewGrids)
      if (grid_of(r, grid.name).size() > 1) verdicts.push_back(trend_verdict(r, grid));
    verdicts.push_back(identity(r));
    verdicts.push_back(self_influence(r));
  }
  return verdicts;
}

void draw(const std::vector<FewResult>& done, const std::filesystem::path& folder) {
  PanelFigure figure{.name = "few-parameters"};
  figure.panels.push_back(subset_panel(done, "spearman", "Spearman with full influence"));
  figure.panels.push_back(subset_panel(done, "correction_share", "share of the correction"));
  for (const FewGrid& grid : kFewGrids)
    if (std::any_of(done.begin(), done.end(), [&](const FewResult& r) {
          return !grid_of(r, grid.name).empty();
        }))
      figure.panels.push_back(grid_panel(done, grid));
  figure.columns = 2;
  figure.footnotes = {
      "Error bars: 95 %, Student's t over seeds. Dashed: the bound of the verdict (ours).",
      kWhoseDefinitionsNote};
  write_panel_figure(folder, figure);
}

}  // namespace leaveout
