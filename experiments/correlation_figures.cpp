// SPDX-License-Identifier: MIT
// Figures of the correlation experiment: one dot per removed example, and one per correlation.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "experiments/correlation_report.h"
#include "experiments/support/decomposition_figure.h"
#include "experiments/support/panel_figure.h"

namespace leaveout {

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// The first protocol of each task: the paper's, where all five truths are defined.
std::vector<ScatterPanel> scatter_panels(const std::vector<CorrelationResult>& done) {
  std::vector<ScatterPanel> panels;
  for (const CorrelationResult& r : done) {
    const CorrelationPart& part = r.parts.front();
    const ScoredEstimate& e = part.estimates.front();
    for (const Truth& t : part.truths) {
      const Agreement& a = part.cell(t.kind, e.name).mean_loss;
      panels.push_back({r.settings.name,
                        truth_title(t.kind),
                        e.scores.colwise().mean().transpose(),
                        t.change.colwise().mean().transpose(),
                        a.pearson.value,
                        a.spearman.value});
    }
  }
  return panels;
}

/// Spearman of one estimate with each truth, the truth's place on the axis being its number.
Series dots(const CorrelationPart& part, const std::string& estimate) {
  Series series{.name = estimate, .style = Style::points};
  for (std::size_t i = 0; i < part.truths.size(); ++i) {
    const Estimate& e = part.cell(part.truths[i].kind, estimate).mean_loss.spearman;
    const bool interval = e.value && e.resamples > 0;
    series.x.push_back(static_cast<double>(i));
    series.y.push_back(e.value.value_or(kNone));
    series.low.push_back(interval ? e.low : kNone);
    series.high.push_back(interval ? e.high : kNone);
  }
  return series;
}

PanelFigure dot_plot(const std::vector<CorrelationResult>& done) {
  PanelFigure figure{.name = "correlation"};
  bool pairs = true;
  for (const CorrelationResult& r : done) {
    pairs = pairs && r.parts.size() == 2;
    for (const CorrelationPart& part : r.parts) {
      Panel panel{.title = fmt::format("{} ({})", r.settings.name, protocol_name(part.protocol))};
      panel.x.scale = Scale::categories;
      for (const Truth& t : part.truths) panel.x.categories.push_back(truth_title(t.kind));
      panel.y.label = "Spearman with the truth";
      panel.y.include = {-1, 1};  // one scale for all panels
      panel.references = {horizontal_line(0)};
      for (const ScoredEstimate& e : part.estimates) panel.series.push_back(dots(part, e.name));
      figure.panels.push_back(std::move(panel));
    }
  }
  if (pairs) figure.columns = 2;  // a task's protocols side by side
  figure.footnotes = {"intervals: 95 % bootstrap over removed examples; of the mean query loss"};
  return figure;
}

}  // namespace

void draw(const std::vector<CorrelationResult>& done, const std::filesystem::path& folder) {
  write_scatter_figure(folder, scatter_panels(done));
  write_panel_figure(folder, dot_plot(done));
}

}  // namespace leaveout
