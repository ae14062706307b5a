// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "experiments/harmonic/influence_vs_fourier_report.h"
#include "experiments/support/panel_figure.h"

namespace leaveout {

namespace {

/// More of them hide each other.
constexpr Index kMostQueries = 8;

Panel weight_panel(const FourierResult& r) {
  Panel p;
  p.title = fmt::format("{}, p = {:g}", r.settings.name, r.p);
  p.x = {.label = "influence F_i"};
  p.y = {.label = "datamodel weight a_i"};
  p.references = {diagonal_line()};
  const FourierComparison& c = *r.find("weight", r.p);
  for (const auto& [method, name] : {std::pair{"w1", "weights 1"}, std::pair{"wp", "weights p"}}) {
    Series s{.name = fmt::format("influence at {}", name), .style = Style::points};
    if (const Eigen::MatrixXd* m = c.find(method))
      for (Index q = 0; q < std::min(r.queries, kMostQueries); ++q)
        for (Index i = 0; i < r.examples; ++i) {
          s.x.push_back((*m)(q, i));
          s.y.push_back(c.exact(q, i));
        }
    p.series.push_back(std::move(s));
  }
  return p;
}

constexpr std::pair<const char*, const char*> kOrders[] = {
    {"first", "first order"},
    {"second_without_third", "second, no third derivative"},
    {"second", "second order"}};

/// Errors of removals, a point for each comparison at its `x`.
Panel error_panel(const std::vector<std::pair<double, const FourierComparison*>>& at,
                  const PanelAxis& x) {
  Panel p;
  p.x = x;
  p.y = {.label = "relative error", .scale = Scale::logarithmic};
  for (const auto& [method, name] : kOrders) {
    Series s{.name = name};
    for (const auto& [where, c] : at) {
      const Estimate e = relative_error(*c, method);
      if (!e.value) continue;
      s.x.push_back(where);
      s.y.push_back(*e.value);
      s.low.push_back(e.low);
      s.high.push_back(e.high);
    }
    p.series.push_back(std::move(s));
  }
  return p;
}

Panel group_panel(const FourierResult& r) {
  std::vector<std::pair<double, const FourierComparison*>> at;
  for (Index k = 1; k <= r.examples; ++k)
    if (const FourierComparison* c = r.find("removal", 0, k))
      at.emplace_back(static_cast<double>(k), c);
  return error_panel(at, {.label = fmt::format("examples of {} that leave", r.examples)});
}

Panel size_panel(const FourierResult& r) {
  std::vector<std::pair<double, const FourierComparison*>> at;
  for (const std::vector<Index>& sizes : {r.sizes, r.larger})
    for (const Index n : sizes) at.emplace_back(static_cast<double>(n), r.find("removal", 0, 1, n));
  return error_panel(at, {.label = "N, one of which leaves", .scale = Scale::logarithmic});
}

}  // namespace

void draw(const std::vector<FourierResult>& done, const std::filesystem::path& folder) {
  PanelFigure figure{.name = "influence-vs-fourier"};
  // A column for each task; of one task a row.
  figure.columns = done.size() == 1 ? 3 : static_cast<int>(done.size());
  for (const FourierResult& r : done) figure.panels.push_back(weight_panel(r));
  for (const FourierResult& r : done) figure.panels.push_back(group_panel(r));
  for (const FourierResult& r : done) figure.panels.push_back(size_panel(r));
  figure.footnotes = {
      "Weights: a point for each training example and query; the line is equality. Errors: what "
      "removals "
      "change, predicted by",
      "derivatives where all weights are 1. Bars: 95 %, over groups and queries."};
  write_panel_figure(folder, figure);
}

}  // namespace leaveout
