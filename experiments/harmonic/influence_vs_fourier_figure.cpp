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

Panel group_panel(const FourierResult& r) {
  Panel p;
  p.x = {.label = "examples that leave"};
  p.y = {.label = "relative error", .scale = Scale::logarithmic};
  for (const auto& [method, name] :
       {std::pair{"first", "first order"},
        std::pair{"second_without_third", "second, no third derivative"},
        std::pair{"second", "second order"}}) {
    Series s{.name = name};
    for (Index k = 1; k <= r.examples; ++k) {
      const FourierComparison* c = r.find("removal", 0, k);
      const Estimate e = c ? relative_error(*c, method) : Estimate{};
      if (!e.value) continue;
      s.x.push_back(static_cast<double>(k));
      s.y.push_back(*e.value);
      s.low.push_back(e.low);
      s.high.push_back(e.high);
    }
    p.series.push_back(std::move(s));
  }
  return p;
}

}  // namespace

void draw(const std::vector<FourierResult>& done, const std::filesystem::path& folder) {
  PanelFigure figure{.name = "influence-vs-fourier"};
  figure.columns = static_cast<int>(done.size());
  for (const FourierResult& r : done) figure.panels.push_back(weight_panel(r));
  for (const FourierResult& r : done) figure.panels.push_back(group_panel(r));
  figure.footnotes = {
      "Top: a point for each training example and query, the line is equality. Bottom: what random "
      "groups change when they leave all",
      "examples, predicted by derivatives at weights 1; bars: 95 %, over groups and queries."};
  write_panel_figure(folder, figure);
}

}  // namespace leaveout
