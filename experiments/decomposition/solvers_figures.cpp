// SPDX-License-Identifier: MIT
// Figures of the solvers experiment: a panel per task and damping.
#include <fmt/format.h>

#include <cmath>

#include "experiments/decomposition/solvers_report.h"
#include "experiments/support/panel_figure.h"
#include "influence/metrics/correlation.h"

namespace leaveout {

using Eigen::MatrixXd;

namespace {

constexpr double kFloor = 1e-12;  // of errors: below it is rounding

/// Means over the rows of `values` (R x points) with one standard error, at x.
Series mean_series(const std::string& name,
                   const std::vector<double>& x,
                   const MatrixXd& values,
                   Style style) {
  Series s;
  s.name = name;
  s.style = style;
  for (Index i = 0; i < values.cols(); ++i) {
    if (!values.col(i).allFinite()) continue;
    const MeanError m = mean_error(values.col(i));
    s.x.push_back(x[static_cast<std::size_t>(i)]);
    s.y.push_back(*m.mean);
    if (style == Style::dashed) continue;
    s.low.push_back(*m.mean - m.standard_error.value_or(0));
    s.high.push_back(*m.mean + m.standard_error.value_or(0));
  }
  return s;
}

Series dashed(const std::string& name, const std::vector<double>& x) {
  Series s;
  s.name = name;
  s.style = Style::dashed;
  s.x = x;
  return s;
}

/// A panel with logarithmic axes of its own.
Panel panel(const SolversResult& r,
            const SolverStudy& study,
            const std::string& x,
            const std::string& y) {
  Panel p;
  p.title = fmt::format("{}, damping {:g}", r.settings.name, study.damping);
  p.x = {.label = x, .scale = Scale::logarithmic};
  p.y = {.label = y, .scale = Scale::logarithmic, .floor = kFloor};
  return p;
}

Panel error_panel(const SolversResult& r, const SolverStudy& study) {
  Panel p = panel(r, study, "full products", "relative error");
  const SolverCurve& lissa = study.lissa;
  p.series.push_back(
      mean_series("CG", study.cg.products, study.cg.relative_error, Style::line_points));
  p.series.push_back(
      mean_series("LiSSA, full batch", lissa.products, lissa.relative_error, Style::points));
  p.series.push_back(
      mean_series("LiSSA, closed form", lissa.products, study.closed_form, Style::dashed));
  for (const SolverCurve& c : study.stochastic)
    p.series.push_back(mean_series(fmt::format("LiSSA, batches of {}", c.batch),
                                   c.products,
                                   c.relative_error,
                                   Style::line_points));
  return p;
}

Panel bound_panel(const SolversResult& r, const SolverStudy& study) {
  Panel p = panel(r, study, "products", "error in the A-norm");
  p.series.push_back(
      mean_series("CG", study.cg.products, study.cg.a_norm_error, Style::line_points));
  Series bound = dashed("Chebyshev bound", study.cg.products);
  for (const Index t : study.cg.steps)
    bound.y.push_back(chebyshev_bound(study.largest / study.smallest, t));
  p.series.push_back(std::move(bound));
  p.notes = {fmt::format("condition {:.3g}", study.largest / study.smallest)};
  return p;
}

Panel divergence_panel(const SolversResult& r, const SolverStudy& study) {
  const Divergence& d = study.divergence;
  Panel p = panel(r, study, "products", "relative error");
  p.x.scale = Scale::linear;
  p.series.push_back(mean_series(
      "LiSSA, scale too small", d.measured.products, d.measured.relative_error, Style::points));
  p.series.push_back(mean_series("closed form", d.measured.products, d.closed_form, Style::dashed));
  p.notes = {fmt::format("predicted growth {:.4f}", d.rate),
             fmt::format("measured {:.4f}", d.growth.mean())};
  return p;
}

Panel truncation_panel(const SolversResult& r, const SolverStudy& study) {
  const SolverCurve& lissa = study.lissa;
  Panel p = panel(r, study, "products T", "extra damping");
  p.series.push_back(mean_series(
      "measured extra damping", lissa.products, study.truncation.extra_damping, Style::points));
  Series rule = dashed("scale / T", lissa.products);
  for (const double t : lissa.products) rule.y.push_back(lissa.scale / t);
  p.series.push_back(std::move(rule));
  p.references = {vertical_line(lissa.scale / study.smallest, "scale / smallest eigenvalue")};
  return p;
}

}  // namespace

void draw(const std::vector<SolversResult>& done, const std::filesystem::path& folder) {
  const std::string bars = "Means and standard errors over removed examples.";
  PanelFigure error{.name = "error"}, bound{.name = "cg_bound"}, divergence{.name = "divergence"},
      truncation{.name = "truncation"};
  for (const SolversResult& r : done)
    for (const SolverStudy& study : r.studies) {
      error.panels.push_back(error_panel(r, study));
      bound.panels.push_back(bound_panel(r, study));
      truncation.panels.push_back(truncation_panel(r, study));
      if (&study == &r.studies.front()) divergence.panels.push_back(divergence_panel(r, study));
    }
  error.footnotes = {bars + " A batch of B examples counts B/N of a product."};
  bound.footnotes = {bars};
  divergence.footnotes = {bars};
  truncation.footnotes = {bars + " In directions of low curvature."};
  for (const PanelFigure* figure : {&error, &bound, &divergence, &truncation})
    write_panel_figure(folder, *figure);
}

}  // namespace leaveout
