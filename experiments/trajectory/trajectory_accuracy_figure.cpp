// SPDX-License-Identifier: MIT
// The figures.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "experiments/support/panel_figure.h"
#include "experiments/trajectory/trajectory_accuracy_estimates.h"
#include "experiments/trajectory/trajectory_accuracy_report.h"
#include "influence/metrics/student.h"

namespace leaveout {

namespace {

constexpr std::size_t kColumns = 3;  // tasks that are drawn

struct Drawn {
  const char *estimator, *title;
  Style style = Style::line_points;
};
// The exact derivative over all others, in dashes: where it coincides with one both are seen.
constexpr Drawn kDrawn[] = {{"source_gauss_newton", "SOURCE"},
                            {"influence_function", "influence function"},
                            {"tracin_checkpoints", "TracIn-CP"},
                            {kPaper, "Diff-In (1/m)"},
                            {kPaperSum, "Diff-In (T/m)"},
                            {kConsistent, "consistent double sum"},
                            {kUnrolled, "exact derivative", Style::dashed}};

constexpr Drawn kBudgetDrawn[] = {
    {"order 0", "order 0 only (TracIn)"},
    {"order 1", "orders 0 and 1"},
    {"5 random checkpoints, expected membership", "5 random checkpoints *"},
    {"finite difference 0.001", "differences of 1e-3"},
    {"curvature of all data", "curvature of all data"},
    {"expected membership", "expected membership"},
    {"moving target", "moving target"},
    {"without last boundary, expected membership", "without last boundary *"}};

void add_point(Series& s, double x, const Estimate& e) {
  if (!e.value) return;
  const bool bar = e.resamples > 0;
  s.x.push_back(x);
  s.y.push_back(*e.value);
  s.low.push_back(bar ? e.low : NAN);
  s.high.push_back(bar ? e.high : NAN);
}

Panel error_panel(const AccuracyResult& r) {
  Panel p;
  p.title = r.settings.name;
  p.x = {.label = "x", .scale = Scale::logarithmic};
  p.y = {.label = "relative error", .scale = Scale::logarithmic};
  p.references = {horizontal_line(1)};
  for (const Drawn& d : kDrawn) {
    Series s{.name = d.title, .style = d.style};
    for (const Regime& g : along_rates(r))
      add_point(s,
                g.x,
                geometric_interval(
                    over_seeds(r, g, mean_score(d.estimator, kRemoval, "relative_error"))));
    if (!s.x.empty()) p.series.push_back(std::move(s));
  }
  return p;
}

Panel rank_panel(const AccuracyResult& r) {
  Panel p;
  p.title = r.settings.name;
  p.x = {.label = "x", .scale = Scale::logarithmic};
  p.y = {.label = "Spearman", .include = {0, 1}};
  for (const Drawn& d : kDrawn) {
    if (std::string(d.estimator) == kPaperSum) continue;  // ranks as 1/m does
    Series s{.name = d.title, .style = d.style};
    for (const Regime& g : along_rates(r)) {
      Estimate e = mean_interval(over_seeds(r, g, mean_score(d.estimator, kRemoval, "spearman")));
      e.low = std::max(e.low, -1.0);
      e.high = std::min(e.high, 1.0);
      add_point(s, g.x, e);
    }
    if (!s.x.empty()) p.series.push_back(std::move(s));
  }
  return p;
}

Panel growth_panel(const AccuracyResult& r) {
  Panel p;
  p.title = r.settings.name;
  p.x = {.label = "steps", .scale = Scale::logarithmic};
  p.y = {.label = "|estimate - truth|", .scale = Scale::logarithmic};
  for (const Drawn& d : kDrawn) {
    Series s{.name = d.title, .style = d.style};
    for (const Regime& g : along_lengths(r)) {
      const Eigen::VectorXd error =
          over_seeds(r, g, mean_score(d.estimator, kRemoval, "relative_error"));
      const Eigen::VectorXd norm = over_seeds(r, g, {kTraining, "", "", "", "removal_norm"});
      if (error.size() == norm.size())
        add_point(s, g.steps, geometric_interval(error.cwiseProduct(norm)));
    }
    if (!s.x.empty()) p.series.push_back(std::move(s));
  }
  return p;
}

/// A footnote that names the tasks that are not drawn; empty where all are.
std::string not_drawn(const std::vector<AccuracyResult>& done,
                      const std::vector<std::size_t>& drawn) {
  std::vector<std::string> names;
  for (std::size_t k = 0; k < done.size(); ++k)
    if (std::find(drawn.begin(), drawn.end(), k) == drawn.end())
      names.push_back(done[k].settings.name);
  if (names.empty()) return "";
  return fmt::format("Drawn: {} of {} tasks. In summary.csv: {} too.",
                     drawn.size(),
                     done.size(),
                     fmt::join(names, ", "));
}

Panel budget_panel(const AccuracyResult& r) {
  Panel p;
  p.title = r.settings.name;
  p.x = {.label = "x", .scale = Scale::logarithmic};
  p.y = {.label = "relative error", .scale = Scale::logarithmic, .floor = 1e-6};
  p.references = {horizontal_line(1)};
  for (const Drawn& d : kBudgetDrawn) {
    Series s{.name = d.title, .style = d.style};
    for (const Regime& g : along_rates(r))
      add_point(s,
                g.x,
                geometric_interval(over_seeds(
                    r, g, {kBudget, d.estimator, kDerivative, kMean, "relative_error"})));
    if (!s.x.empty()) p.series.push_back(std::move(s));
  }
  return p;
}

}  // namespace

std::vector<std::size_t> drawn_tasks(const std::vector<AccuracyResult>& done) {
  std::vector<std::size_t> drawn;
  for (std::size_t k = 0; k < std::min(kColumns, done.size()); ++k) drawn.push_back(k);
  const auto has_kinks = [&](std::size_t k) {
    return done[k].settings.activation == Activation::relu;
  };
  if (std::any_of(drawn.begin(), drawn.end(), has_kinks)) return drawn;
  for (std::size_t k = kColumns; k < done.size(); ++k) {
    if (!has_kinks(k)) continue;
    // In the place of the same network without kinks, or of the last.
    auto place = std::find_if(drawn.begin(), drawn.end(), [&](std::size_t other) {
      return done[other].settings.model == done[k].settings.model;
    });
    *(place == drawn.end() ? drawn.end() - 1 : place) = k;
    return drawn;
  }
  return drawn;
}

void draw_accuracy(const std::vector<AccuracyResult>& done, const std::filesystem::path& folder) {
  const std::vector<std::size_t> drawn = drawn_tasks(done);
  const auto count = static_cast<int>(drawn.size());
  PanelFigure figure{.name = "trajectory-accuracy", .columns = count};
  PanelFigure budget{.name = "budget", .columns = count};  // the folder has the experiment's name
  for (const auto& panel : {error_panel, rank_panel, growth_panel})
    for (const std::size_t k : drawn)
      if (panel != growth_panel || along_lengths(done[k]).size() > 1)
        figure.panels.push_back(panel(done[k]));
  for (const std::size_t k : drawn) budget.panels.push_back(budget_panel(done[k]));
  figure.footnotes = {
      "Change of the mean test loss against exact removals. x: sum of rate * lambda_max.",
      "Error bars: 95 %, Student's t over seeds; errors: geometric means."};
  budget.footnotes = {
      "One approximation at a time, against the exact derivative; bars: 95 %, over seeds.",
      "*: and with expected membership, every example in every step with its share 1/N."};
  const std::string missing = not_drawn(done, drawn);
  if (!missing.empty())
    for (PanelFigure* f : {&figure, &budget}) f->footnotes.push_back(missing);
  write_panel_figure(folder, figure);
  write_panel_figure(folder, budget);
}

}  // namespace leaveout
