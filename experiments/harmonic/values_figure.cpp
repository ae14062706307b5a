// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "experiments/harmonic/values_report.h"
#include "experiments/support/panel_figure.h"

namespace leaveout {

using Eigen::VectorXd;

namespace {

/// Means over queries, the examples in the order `order`.
Series series_of(const ValuesResult& r, ValueKind kind, const std::vector<Index>& order) {
  const VectorXd mean = r.of(kind).colwise().mean().transpose();
  Series s;
  s.name = value_title(kind);
  for (std::size_t k = 0; k < order.size(); ++k) {
    s.x.push_back(static_cast<double>(k + 1));
    s.y.push_back(mean(order[k]));
  }
  return s;
}

/// Nine lines are two too many to be told apart; these follow add-one and leave-one-out.
bool is_beta(ValueKind kind) {
  return kind == ValueKind::beta_16_1 || kind == ValueKind::beta_1_16;
}

Panel panel(const ValuesResult& r) {
  const VectorXd shapley = r.of(ValueKind::shapley).colwise().mean().transpose();
  std::vector<Index> order(r.rows.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(
      order.begin(), order.end(), [&](Index a, Index b) { return shapley(a) > shapley(b); });
  Panel p;
  p.title = fmt::format("{}, p = {:g}", r.settings.name, r.p);
  p.x = {.label = "training example, by Shapley value"};
  p.y = {.label = fmt::format("value to the {}", output_name(r.output))};
  p.references = {horizontal_line(0)};
  for (const ValueKind kind : r.known())
    if (!is_beta(kind)) p.series.push_back(series_of(r, kind, order));
  return p;
}

}  // namespace

void draw(const std::vector<ValuesResult>& done, const std::filesystem::path& folder) {
  PanelFigure figure{.name = "by_example"};  // values.csv is of SubsetFiles
  for (const ValuesResult& r : done) figure.panels.push_back(panel(r));
  figure.footnotes = {"Values to the mean output of the queries;",
                      "positive: including the example raises it.",
                      "Beta-Shapley values are in values.csv."};
  write_panel_figure(folder, figure);
}

}  // namespace leaveout
