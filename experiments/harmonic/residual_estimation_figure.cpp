// SPDX-License-Identifier: MIT
// The figure of the comparison of residual estimators.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiments/harmonic/residual_estimation_report.h"
#include "experiments/support/panel_figure.h"

namespace leaveout {

using Kind = ResidualMethod::Kind;

namespace {

constexpr const char* kFree = "unconstrained";
constexpr const char* kPredicted = "predicted";

Series error_curve(const ResidualErrors& e, const char* method, const char* name) {
  Series s{.name = name};
  const std::size_t m = e.method(method);
  for (const Index n : e.budgets)
    if (const ErrorCell* cell = e.find(m, n)) {
      s.x.push_back(static_cast<double>(n));
      s.y.push_back(residual_rmse(e, *cell));
    }
  return s;
}

/// The predicted bias below which the error with rho = 0.45 does not fall.
Series bias_floor(const ResidualErrors& e) {
  Series s{.name = kPredicted, .style = Style::dashed};
  const ErrorCell* last = e.find(e.method("paper, rho = 0.45"), e.budgets.back());
  if (last == nullptr) return s;
  s.x = {static_cast<double>(e.budgets.front()), static_cast<double>(e.budgets.back())};
  s.y.assign(2, std::abs(last->predicted_bias.mean()));
  return s;
}

Panel error_panel(const ResidualResult& r) {
  const ResidualErrors& e = r.errors;
  Panel p;
  p.title = fmt::format("{}, {}", r.settings.name, r.output);
  p.x = {.label = "trainings", .scale = Scale::logarithmic};
  p.y = {.label = "error (RMS) / Var f", .scale = Scale::logarithmic};
  p.series.push_back(error_curve(e, "unconstrained, rho = 0.45", kFree));
  for (const char* name :
       {"paper, rho = 0.1", "paper, rho = 0.45", "symmetric", "Chebyshev 4", "U-statistic"})
    p.series.push_back(error_curve(e, name, name));
  p.series.push_back(bias_floor(e));
  p.series.push_back(error_curve(e, "least squares", "least squares"));
  p.notes = {fmt::format("residual {:.3f}", e.share.mean())};
  return p;
}

/// Of the plans 0, rho, 2 rho at the most trainings: measured by a function of a cell, predicted by
/// another.
struct Foretold {
  const char* label;
  std::function<MeanError(const ErrorCell&)> measured;
  std::function<double(const ErrorCell&)> predicted;
};

Panel prediction_panel(const ResidualResult& r, const Foretold& what, Scale scale) {
  const ResidualErrors& e = r.errors;
  Panel p;
  p.x = {.label = "rho"};
  p.y = {.label = what.label, .scale = scale};
  Series predicted{.name = kPredicted, .style = Style::dashed};
  Series free{.name = kFree, .style = Style::points};
  for (std::size_t m = 0; m < e.methods.size(); ++m) {
    const ResidualMethod& method = e.methods[m];
    const ErrorCell* cell = e.find(m, e.budgets.back());
    if (cell == nullptr || method.kind != Kind::unconstrained) continue;
    const MeanError value = what.measured(*cell);
    const double margin = 1.96 * value.standard_error.value_or(0);
    free.x.push_back(method.level);
    free.y.push_back(*value.mean);
    free.low.push_back(*value.mean - margin);
    free.high.push_back(*value.mean + margin);
    predicted.x.push_back(method.level);
    predicted.y.push_back(what.predicted(*cell));
  }
  p.series = {predicted, free};
  return p;
}

Panel bias_panel(const ResidualResult& r) {
  return prediction_panel(r,
                          {"bias of B₁ / Var f",
                           [&](const ErrorCell& c) { return degree1_bias(r.errors, c); },
                           [](const ErrorCell& c) { return c.predicted_bias.mean(); }},
                          Scale::linear);
}

Panel noise_panel(const ResidualResult& r) {
  return prediction_panel(r,
                          {"noise of B₁ / Var f",
                           [&](const ErrorCell& c) { return MeanError{.mean = spread(c.degree1)}; },
                           [](const ErrorCell& c) { return predicted_spread(c); }},
                          Scale::logarithmic);
}

}  // namespace

void draw(const std::vector<ResidualResult>& done, const std::filesystem::path& folder) {
  PanelFigure figure{.name = "residual-estimation"};
  figure.columns = static_cast<int>(std::min<std::size_t>(done.size(), 3));
  // A row of panels for each kind, for every three tasks.
  for (std::size_t first = 0; first < done.size(); first += 3)
    for (const auto& panel : {error_panel, bias_panel, noise_panel})
      for (std::size_t i = first; i < std::min(first + 3, done.size()); ++i)
        figure.panels.push_back(panel(done[i]));
  figure.footnotes = {
      "Top: unconstrained with rho = 0.45; dashed, the predicted bias of rho = 0.45.",
      "Below: levels 0, rho, 2 rho without constraint at the most trainings; bars: 95 %."};
  write_panel_figure(folder, figure);
}

}  // namespace leaveout
