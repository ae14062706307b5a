// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "experiments/harmonic/spectrum_report.h"
#include "experiments/support/panel_figure.h"

namespace leaveout {

namespace {

/// Shares at or below it are not told apart.
constexpr double kFloor = 1e-6;

constexpr int kMostColumns = 4;

/// Names of the series.
std::string title(QueryOutput output) {
  return output == QueryOutput::logodds ? "log-odds" : output_name(output);
}

void point(Series& s, double x, const Estimate& e) {
  if (!e.value) return;
  s.x.push_back(x);
  s.y.push_back(*e.value);
  s.low.push_back(e.low);
  s.high.push_back(e.high);
}

/// Means over queries of one entry of `shares`, for each degree.
Series by_degree(const std::string& name,
                 const OutputSpectra& spectra,
                 Index degrees,
                 Eigen::VectorXd (QuerySpectrum::*shares)() const) {
  Series s;
  s.name = name;
  for (Index d = 1; d <= degrees; ++d)
    point(s, static_cast<double>(d), over_queries(spectra, [&](const QuerySpectrum& q) {
            const Eigen::VectorXd v = (q.*shares)();
            return v.size() > d ? std::optional(v(d)) : std::nullopt;
          }));
  return s;
}

Panel degree_panel(const SpectrumResult& r) {
  Panel p;
  p.title = r.settings.name;
  p.x = {.label = fmt::format("degree (p = {:g})", r.p)};
  p.y = {
      .label = "share of variance", .scale = Scale::logarithmic, .floor = kFloor, .include = {1}};
  for (const QueryOutput output : r.outputs())
    p.series.push_back(
        by_degree(title(output), r.at(output, r.p), r.examples, &QuerySpectrum::shares));
  if (r.repeats > 1) {
    Series noise =
        by_degree("noise alone", r.at(r.output, r.p), r.examples, &QuerySpectrum::noise_shares);
    noise.style = Style::dashed;
    noise.low.clear();
    noise.high.clear();
    p.series.push_back(std::move(noise));
  }
  return p;
}

Panel rate_panel(const SpectrumResult& r) {
  Panel p;
  p.x = {.label = "probability p of inclusion", .include = {0, 1}};
  p.y = {.label = "residual r", .include = {0}};
  for (const QueryOutput output : r.outputs()) {
    Series s;
    s.name = title(output);
    for (const double rate : r.rates) point(s, rate, over_queries(r.at(output, rate), residual_of));
    p.series.push_back(std::move(s));
  }
  return p;
}

}  // namespace

void draw(const std::vector<SpectrumResult>& done, const std::filesystem::path& folder) {
  PanelFigure figure{.name = "by_degree"};               // spectrum.csv is of SubsetFiles
  if (done.size() > 1 && done.size() <= kMostColumns) {  // a column for each task
    figure.columns = static_cast<int>(done.size());
    for (const SpectrumResult& r : done) figure.panels.push_back(degree_panel(r));
    for (const SpectrumResult& r : done) figure.panels.push_back(rate_panel(r));
  } else {  // its panels side by side
    figure.columns = done.size() == 1 ? 2 : kMostColumns;
    for (const SpectrumResult& r : done) {
      figure.panels.push_back(degree_panel(r));
      figure.panels.push_back(rate_panel(r));
      figure.panels.back().title = r.settings.name;
    }
  }
  figure.footnotes = {
      "Means over queries with 95 % intervals. Residual r: share of the variance that no linear "
      "datamodel explains."};
  if (std::any_of(done.begin(), done.end(), [](const SpectrumResult& r) { return r.repeats > 1; }))
    figure.footnotes.emplace_back(
        "Noise alone: what the scatter of trainings adds to the shares of the margin; the "
        "residuals are without noise.");
  write_panel_figure(folder, figure);
}

}  // namespace leaveout
