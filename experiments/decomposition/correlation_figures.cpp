// SPDX-License-Identifier: MIT
// Figures of the correlation experiment: one dot per removed example, and one per correlation.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "experiments/decomposition/correlation_report.h"
#include "experiments/support/panel_figure.h"

namespace leaveout {

using Eigen::VectorXd;

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

struct Range {
  double low, high;
  explicit Range(const VectorXd& v) : low(v.minCoeff()), high(v.maxCoeff()) {}
  double span() const { return high - low; }
};

/// One axis for both where neither cloud is squeezed by that; the line of equality where both
/// ranges hold some of it and it has a slope to be seen.
void set_axes(const VectorXd& predicted, const VectorXd& actual, Panel& panel) {
  const Range x(predicted), y(actual);
  const double low = std::min(x.low, y.low), high = std::max(x.high, y.high);
  const double narrow = std::min(x.span(), y.span()), wide = std::max(x.span(), y.span());
  if (high - low < 2.5 * narrow) panel.x.include = panel.y.include = {low, high};
  const bool meet = std::max(x.low, y.low) < std::min(x.high, y.high);
  if (meet && wide < 10 * narrow) panel.references = {diagonal_line()};
}

Panel scatter_panel(const CorrelationPart& part, const Truth& truth) {
  const ScoredEstimate& e = part.estimates.front();
  const VectorXd predicted = e.scores.colwise().mean().transpose();   // (removed)
  const VectorXd actual = truth.change.colwise().mean().transpose();  // (removed)
  const auto list = [](const VectorXd& v) { return std::vector<double>(v.begin(), v.end()); };
  Panel panel{.title = truth_title(truth.kind)};
  panel.x.label = "predicted change";
  panel.series = {{.x = list(predicted), .y = list(actual), .style = Style::points}};
  const std::optional<double> rho = part.cell(truth.kind, e.name).mean_loss.spearman.value;
  panel.notes = {rho ? fmt::format("{:.2f}", *rho) : "undefined"};
  set_axes(predicted, actual, panel);
  return panel;
}

/// A row for each task, under its first protocol: the paper's, where all five truths are defined.
PanelFigure scatter(const std::vector<CorrelationResult>& done) {
  PanelFigure figure{.name = "scatter"};
  std::size_t columns = 0;
  std::string protocols;
  for (const CorrelationResult& r : done) columns = std::max(columns, r.parts[0].truths.size());
  for (const CorrelationResult& r : done) {
    const CorrelationPart& part = r.parts.front();
    for (std::size_t i = 0; i < columns; ++i) {
      figure.panels.push_back(i < part.truths.size() ? scatter_panel(part, part.truths[i])
                                                     : Panel{.title = "not under exact"});
      if (i == 0) figure.panels.back().y.label = r.settings.name;
    }
    const std::string name = protocol_name(part.protocol);
    if (protocols.find(name) == std::string::npos)
      protocols += (protocols.empty() ? "" : " or, of some tasks, ") + name;
  }
  figure.columns = static_cast<int>(columns);
  figure.footnotes = {
      "across: change of the mean query loss that the influence estimate predicts; up: what it "
      "was; "
      "numbers: Spearman",
      fmt::format("a point for each removed example; protocol: {}; dashed: both equal, where both "
                  "ranges hold it and are not 10 times apart",
                  protocols)};
  return figure;
}

/// An estimate as a legend names it.
std::string estimate_title(const std::string& name) {
  if (name == "hessian") return "exact Hessian";
  return name == "gradient_dot" ? "gradient dot product" : "influence estimate";
}

/// Spearman of one estimate with each truth, the truth's place on the axis being its number.
Series dots(const CorrelationPart& part, const std::string& estimate) {
  Series series{.name = estimate_title(estimate), .style = Style::points};
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
  write_panel_figure(folder, scatter(done));
  write_panel_figure(folder, dot_plot(done));
}

}  // namespace leaveout
