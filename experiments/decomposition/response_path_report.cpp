// SPDX-License-Identifier: MIT
#include "experiments/decomposition/response_path_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiments/support/panel_figure.h"
#include "experiments/support/table.h"
#include "influence/metrics/correlation.h"

namespace leaveout {

namespace {

using Eigen::VectorXd;

constexpr std::array<Response, 3> kFollowed = {
    Response::warm_start, Response::proximal, Response::pbrf};

struct Metric {
  const char* name;
  const VectorXd PathMeasurement::*values;
};
constexpr std::array<Metric, 10> kMetrics = {
    {{"query_loss_change", &PathMeasurement::query_loss},
     {"query_loss_line", &PathMeasurement::query_loss_line},
     {"query_loss_parabola", &PathMeasurement::query_loss_parabola},
     {"displacement", &PathMeasurement::displacement},
     {"displacement_line", &PathMeasurement::displacement_line},
     {"displacement_parabola", &PathMeasurement::displacement_parabola},
     {"output_gap", &PathMeasurement::output_gap},
     {"output_gap_leading", &PathMeasurement::output_gap_leading},
     {"parameter_gap", &PathMeasurement::parameter_gap},
     {"parameter_gap_leading", &PathMeasurement::parameter_gap_leading}}};

/// Index of the grid point eps = 1/N, or -1 where the curve ended before.
Index at_removal(const MeasuredPath& p, Index examples) {
  for (Index i = 0; i < p.measured.epsilon.size(); ++i)
    if (std::abs(p.measured.epsilon(i) * static_cast<double>(examples) - 1) < 1e-9) return i;
  return -1;
}

/// What the curves of one response are at eps = 1/N, an entry for each example that got there.
struct AtRemoval {
  VectorXd change, line, parabola;  // of the query loss
  VectorXd gap, leading;            // linearisation error in outputs, and its leading term
  Index lost = 0;                   // curves that ended before
};

AtRemoval at_removal(const PathBundle& bundle, Response response) {
  std::vector<std::pair<const PathMeasurement*, Index>> found;
  AtRemoval a;
  for (const MeasuredPath& p : bundle.paths) {
    if (p.path.response != response) continue;
    const Index i = at_removal(p, bundle.examples);
    if (i < 0)
      ++a.lost;
    else
      found.emplace_back(&p.measured, i);
  }
  const auto take = [&](VectorXd PathMeasurement::*values) {
    VectorXd v(static_cast<Index>(found.size()));
    for (std::size_t j = 0; j < found.size(); ++j)
      v(static_cast<Index>(j)) = (found[j].first->*values)(found[j].second);
    return v;
  };
  a.change = take(&PathMeasurement::query_loss);
  a.line = take(&PathMeasurement::query_loss_line);
  a.parabola = take(&PathMeasurement::query_loss_parabola);
  a.gap = take(&PathMeasurement::parameter_gap);
  a.leading = take(&PathMeasurement::parameter_gap_leading);
  return a;
}

std::string mean_text(const VectorXd& values) {
  const MeanError m = mean_error(values);
  if (!m.mean) return "undefined";
  return m.standard_error ? fmt::format("{:.1e} ± {:.0e}", *m.mean, *m.standard_error)
                          : fmt::format("{:.1e}", *m.mean);
}

/// 1 where the parabola is nearer to the curve than the line is.
VectorXd parabola_wins(const AtRemoval& a) {
  const auto line = (a.change - a.line).array().abs();
  const auto parabola = (a.change - a.parabola).array().abs();
  return (parabola < line).cast<double>();
}

/// Mean of a 0/1 vector with Wilson's 95 % interval.
Interval share(const VectorXd& wins) {
  if (wins.size() == 0) return {};
  constexpr double kZ = 1.959963984540054;
  const double n = static_cast<double>(wins.size()), p = wins.mean(), zz = kZ * kZ / n;
  const double centre = (p + zz / 2) / (1 + zz);
  const double half = kZ * std::sqrt(p * (1 - p) / n + zz / (4 * n)) / (1 + zz);
  return {p, centre - half, centre + half};
}

/// The example whose linearisation error is largest, of those whose curve got to 1/N.
const MeasuredPath* most_curved(const PathBundle& bundle, Response response) {
  const MeasuredPath* best = nullptr;
  double largest = -1;
  for (const MeasuredPath& p : bundle.paths) {
    const Index i = at_removal(p, bundle.examples);
    if (p.path.response != response || i < 0) continue;
    if (p.measured.parameter_gap(i) > largest) {
      largest = p.measured.parameter_gap(i);
      best = &p;
    }
  }
  return best;
}

std::vector<double> numbers(const VectorXd& v, double factor = 1) {
  std::vector<double> list;
  for (const double x : v) list.push_back(factor * x);
  return list;
}

std::string response_title(Response response) {
  return response == Response::pbrf         ? "PBRF"
         : response == Response::warm_start ? "warm start"
                                            : "proximal";
}

/// A curve beside its Taylor series at eps = 0.
struct CurveKind {
  const char* label;
  VectorXd PathMeasurement::*exact;
  VectorXd PathMeasurement::*line;
  VectorXd PathMeasurement::*parabola;
};
constexpr CurveKind kQueryLoss = {"change of query loss",
                                  &PathMeasurement::query_loss,
                                  &PathMeasurement::query_loss_line,
                                  &PathMeasurement::query_loss_parabola};
constexpr CurveKind kOutputs = {"change of outputs",
                                &PathMeasurement::displacement,
                                &PathMeasurement::displacement_line,
                                &PathMeasurement::displacement_parabola};

Panel curve_panel(const PathBundle& bundle, const MeasuredPath& p, const CurveKind& kind) {
  Panel panel;
  panel.title = fmt::format("{}, {}", bundle.task, response_title(p.path.response));
  panel.x = {.label = "weight taken away, in units of 1/N"};
  panel.y = {.label = kind.label};
  const PathMeasurement& m = p.measured;
  const std::vector<double> x = numbers(m.epsilon, static_cast<double>(bundle.examples));
  const auto add = [&](const char* name, const VectorXd& y, Style style) {
    panel.series.push_back({.name = name, .x = x, .y = numbers(y), .style = style});
  };
  add("exact response", m.*kind.exact, Style::line);
  add("first order (influence)", m.*kind.line, Style::dashed);
  add("second order", m.*kind.parabola, Style::dotted);
  panel.notes = {fmt::format("example {}", p.path.removed)};
  return panel;
}

Panel leading_term_panel(const PathBundle& bundle) {
  Panel panel;
  panel.title = bundle.task;
  panel.x = {.label = "leading term of the linearisation error", .scale = Scale::logarithmic};
  panel.y = {.label = "linearisation error at removal", .scale = Scale::logarithmic};
  panel.references = {diagonal_line("equal")};
  for (const Response response : kFollowed) {
    const AtRemoval a = at_removal(bundle, response);
    if (a.gap.size() > 0)
      panel.series.push_back({.name = response_title(response),
                              .x = numbers(a.leading),
                              .y = numbers(a.gap),
                              .style = Style::points});
  }
  return panel;
}

}  // namespace

RunsLayout path_layout() {
  return {.columns = {"task", "seed", "response", "removed", "share", "metric", "value"},
          .keys = {"task", "response", "share", "metric"}};
}

void write_path_rows(const PathBundle& bundle, Results& results) {
  for (const MeasuredPath& p : bundle.paths)
    for (Index i = 1; i < p.measured.epsilon.size(); ++i)
      for (const Metric& metric : kMetrics)
        results.row(
            {bundle.task,
             static_cast<std::int64_t>(bundle.seed),
             response_name(p.path.response),
             p.path.removed,
             fmt::format("{:.4g}", p.measured.epsilon(i) * static_cast<double>(bundle.examples)),
             metric.name,
             (p.measured.*metric.values)(i)});
}

std::string path_table(const PathBundle& bundle) {
  Table table({"response",
               "|change|",
               "error of the line",
               "of the parabola",
               "linearisation error",
               "its leading term",
               "curves"});
  table.title(fmt::format("\n{}: responses as curves, at removal", bundle.task));
  std::vector<std::string> messages;
  for (const Response response : kFollowed) {
    const AtRemoval a = at_removal(bundle, response);
    table.row({response_name(response),
               mean_text(a.change.cwiseAbs()),
               mean_text((a.change - a.line).cwiseAbs()),
               mean_text((a.change - a.parabola).cwiseAbs()),
               mean_text(a.gap),
               mean_text(a.leading),
               fmt::format("{} of {}", a.gap.size(), a.gap.size() + a.lost)});
  }
  table.footnote("first three: of the mean query loss; the next two: mean distance of logits");
  for (const MeasuredPath& p : bundle.paths)
    if (!p.path.complete && messages.size() < 3)
      messages.push_back(fmt::format(
          "{} of example {}: {}", response_name(p.path.response), p.path.removed, p.path.message));
  for (const std::string& m : messages) table.footnote(m);
  return table.text();
}

std::vector<Verdict> judge_paths(const std::vector<PathBundle>& done) {
  std::vector<Verdict> verdicts;
  for (const PathBundle& bundle : done)
    for (const Response response : kFollowed) {
      const AtRemoval a = at_removal(bundle, response);
      const Agreement fit = agreement(a.leading, a.gap, {.resamples = 2000, .seed = bundle.seed});
      const Estimate& rho = fit.spearman;
      const std::string few = a.gap.size() < 10 ? "not testable: fewer than 10 curves" : "";
      const auto judge = [&](const std::string& claim, std::string measured, std::string verdict) {
        verdicts.push_back({bundle.task,
                            response_name(response),
                            claim,
                            std::move(measured),
                            few.empty() ? std::move(verdict) : few});
      };
      judge("linearisation error = bend of the path: Spearman with its leading term above 0.9",
            to_string(rho),
            above({rho.value, rho.low, rho.high}, 0.9));
      const Interval wins = share(parabola_wins(a));
      judge("second order is nearer than first for most examples",
            wins.value ? fmt::format("{:.2f} [{:.2f}, {:.2f}]", *wins.value, wins.low, wins.high)
                       : "undefined",
            above(wins, 0.5));
    }
  return verdicts;
}

void draw_paths(const std::vector<PathBundle>& done, const std::filesystem::path& folder) {
  const std::string example =
      "example: row of the training set; of those drawn, the one whose path bends most";
  PanelFigure losses{.name = "response-path", .columns = 3, .footnotes = {example}};
  PanelFigure moves{.name = "outputs",
                    .columns = 3,
                    .footnotes = {example, "outputs: mean distance over the training inputs"}};
  PanelFigure leading{.name = "leading-term",
                      .footnotes = {"a point for each removed example; distances of outputs, mean "
                                    "over the training inputs"}};
  for (const PathBundle& bundle : done) {
    for (const Response response : kFollowed)
      if (const MeasuredPath* p = most_curved(bundle, response)) {
        losses.panels.push_back(curve_panel(bundle, *p, kQueryLoss));
        moves.panels.push_back(curve_panel(bundle, *p, kOutputs));
      }
    Panel panel = leading_term_panel(bundle);
    if (!panel.series.empty()) leading.panels.push_back(std::move(panel));
  }
  for (const PanelFigure& figure : {losses, moves, leading})
    if (!figure.panels.empty()) write_panel_figure(folder, figure);
}

}  // namespace leaveout
