// SPDX-License-Identifier: MIT
// The figures of the experiment on datamodels.
#include <fmt/format.h>

#include <algorithm>

#include "experiments/harmonic/datamodels_report.h"
#include "experiments/support/panel_figure.h"
#include "influence/metrics/student.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr Index kMostPoints = 400;

/// Every so-manieth pair of a query and a held-out subset.
Panel prediction_panel(const DatamodelsResult& r) {
  const FittedDatamodel& fit = r.fits.models[r.fits.chosen];
  const MatrixXd predicted = fit.model.predict(r.pools.held_masks);  // (h x Q)
  const MatrixXd& actual = r.pools.held[0];
  Panel p;
  p.title = fmt::format("{}, N = {}", r.settings.name, r.pools.masks.rows());
  p.x = {.label = fmt::format("predicted {}", r.output)};
  p.y = {.label = "after training"};
  Series s{.name = "held-out training", .style = Style::points};
  const Index step = std::max<Index>(1, actual.size() / kMostPoints) | 1;  // odd: all queries
  for (Index i = 0; i < actual.size(); i += step) {
    s.x.push_back(predicted.reshaped()[i]);
    s.y.push_back(actual.reshaped()[i]);
  }
  p.series.push_back(std::move(s));
  p.references = {diagonal_line()};
  p.notes = {fmt::format("{}: R² = {:.2f}", fit.name, fit.mean_r2.value.value_or(0))};
  return p;
}

const std::vector<std::string>& lds_names() {
  static const std::vector<std::string> names = {"least squares",
                                                 "ridge",
                                                 "lasso",
                                                 "difference of means",
                                                 "influence, w = 1",
                                                 "influence, w = p"};
  return names;
}

Panel lds_panel(const DatamodelsResult& r) {
  Panel p;
  p.x.scale = Scale::categories;
  p.x.categories = {"least squares", "ridge", "lasso", "means", "infl. w=1", "infl. w=p"};
  p.y = {.label = "LDS", .include = {1}};
  Series s{.name = "LDS of attributions", .style = Style::points};
  for (const ScoredAttribution& a : r.fits.attributions) {
    const auto at = std::find(lds_names().begin(), lds_names().end(), a.name);
    if (at == lds_names().end() || !a.lds.spearman.value) continue;
    s.x.push_back(static_cast<double>(at - lds_names().begin()));
    s.y.push_back(*a.lds.spearman.value);
    s.low.push_back(a.lds.spearman.low);
    s.high.push_back(a.lds.spearman.high);
  }
  p.series.push_back(std::move(s));
  if (r.fits.ceiling) p.references = {horizontal_line(*r.fits.ceiling, "noise ceiling")};
  return p;
}

/// The paper's estimate has an axis of its own size: it is said in words.
Panel share_panel(const DatamodelsResult& r) {
  Panel p;
  p.x.scale = Scale::categories;
  p.y = {.label = "share not linear", .include = {0}};
  Series s{.name = "share without a fit", .style = Style::points};
  for (const ShareEstimate& e : r.fits.shares) {
    if (e.name.starts_with("paper")) {
      p.notes = {fmt::format("paper: {:.1f} ± {:.1f}", e.mean(), 1.96 * e.standard_error())};
      continue;
    }
    const Interval i = share_interval(e);
    p.x.categories.push_back(e.name.starts_with("least") ? "least squares" : e.name);
    s.x.push_back(static_cast<double>(s.x.size()));
    s.y.push_back(*i.value);
    s.low.push_back(i.low);
    s.high.push_back(i.high);
  }
  if (const auto& held = r.fits.held_share.value)
    p.series.push_back({.name = "1 - R² held out",
                        .x = {0, static_cast<double>(s.x.size()) - 1},
                        .y = {*held, *held},
                        .style = Style::dashed});
  p.series.push_back(std::move(s));
  return p;
}

Panel removal_panel(const DatamodelsResult& r) {
  Panel p;
  p.title = fmt::format("{}, N = {}", r.settings.name, r.pools.masks.rows());
  p.x = {.label = "examples removed", .scale = Scale::logarithmic};
  p.y = {.label = fmt::format("change of the {}", r.output)};
  for (const RemovalOrder& order : r.removals.orders) {
    Series actual{.name = "by " + order.name}, predicted{.name = order.name + ", predicted"};
    if (order.name == "random") actual.name = "random";
    predicted.style = Style::dashed;
    for (std::size_t c = 0; c < r.removals.sizes.size(); ++c) {
      const Estimate e = mean_interval(order.actual.col(static_cast<Index>(c)));
      actual.x.push_back(static_cast<double>(r.removals.sizes[c]));
      actual.y.push_back(*e.value);
      actual.low.push_back(e.low);
      actual.high.push_back(e.high);
      predicted.x.push_back(static_cast<double>(r.removals.sizes[c]));
      predicted.y.push_back(order.predicted.col(static_cast<Index>(c)).mean());
    }
    p.series.push_back(std::move(actual));
    if (order.name != "random") p.series.push_back(std::move(predicted));
  }
  return p;
}

/// Share of the right queries that removals of at most k examples flip.
Panel flip_panel(const DatamodelsResult& r) {
  Panel p;
  p.x = {.label = "examples removed", .scale = Scale::logarithmic};
  p.y = {.label = "share of queries flipped", .include = {0, 1}};
  const Flips& f = r.removals.flips.front();
  std::vector<std::pair<Index, bool>> sorted;
  for (const Index q : predicted_flips(r, f)) {
    const auto at = static_cast<std::size_t>(q);
    sorted.emplace_back(*f.size[at], f.flipped[at]);
  }
  std::sort(sorted.begin(), sorted.end());
  Series predicted{.name = "datamodel, predicted", .style = Style::dashed};
  Series verified{.name = "by datamodel"};
  const double half = static_cast<double>(r.pools.masks.rows()) / 2;
  p.x.include = {1, half};
  double before = 0, flipped = 0;
  const auto all = static_cast<double>(std::max<std::size_t>(r.removals.right.size(), 1));
  const auto add = [&](double size) {
    for (Series* s : {&predicted, &verified}) s->x.push_back(size);
    predicted.y.push_back(before / all);
    verified.y.push_back(flipped / all);
  };
  add(1);
  for (const auto& [size, confirmed] : sorted) {
    before += 1;
    flipped += confirmed ? 1 : 0;
    add(static_cast<double>(size));
  }
  add(std::max(half, predicted.x.back()));
  p.series = {verified, predicted};
  return p;
}

void draw_rows(const std::vector<DatamodelsResult>& done,
               const std::vector<std::function<Panel(const DatamodelsResult&)>>& rows,
               PanelFigure figure,
               const std::filesystem::path& folder) {
  figure.columns = static_cast<int>(std::min<std::size_t>(done.size(), 3));
  for (std::size_t first = 0; first < done.size(); first += 3)
    for (const auto& panel : rows)
      for (std::size_t i = first; i < std::min(first + 3, done.size()); ++i)
        figure.panels.push_back(panel(done[i]));
  write_panel_figure(folder, figure);
}

}  // namespace

void draw(const std::vector<DatamodelsResult>& done, const std::filesystem::path& folder) {
  draw_rows(done,
            {prediction_panel, lds_panel, share_panel},
            {.name = "datamodels",
             .footnotes = {"Bars: 95 %, LDS over held-out subsets. Share not linear: of the "
                           "variance of single trainings."}},
            folder);
  const bool flips = std::all_of(done.begin(), done.end(), [](const DatamodelsResult& r) {
    return !r.removals.flips.empty();
  });
  std::vector<std::function<Panel(const DatamodelsResult&)>> rows = {removal_panel};
  if (flips) rows.emplace_back(flip_panel);
  draw_rows(done,
            rows,
            {.name = "removal",
             .footnotes = {"Those who raise a query's output most are removed first. Bars: 95 %, "
                           "over queries."}},
            folder);
}

}  // namespace leaveout
