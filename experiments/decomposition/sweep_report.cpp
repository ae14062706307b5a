// SPDX-License-Identifier: MIT
#include "experiments/decomposition/sweep_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "experiments/support/panel_figure.h"
#include "experiments/support/table.h"

namespace leaveout {

namespace {

/// At or below this a gap is rounding: one value of the grid is then like another.
constexpr double kRounding = 1e-12;

std::vector<ProtocolKind> protocols(const SweepCurves& curves) {
  std::vector<ProtocolKind> kinds;
  for (const SweepPoint& p : curves.points)
    if (std::find(kinds.begin(), kinds.end(), p.protocol) == kinds.end())
      kinds.push_back(p.protocol);
  return kinds;
}

MeanError gap_mean(const SweepCurves& curves, ProtocolKind protocol, std::size_t value, int gap) {
  std::vector<double> values;
  for (const SweepPoint& p : curves.points)
    if (p.protocol == protocol && p.value == value) values.push_back(p.gaps(gap));
  return mean_error(Eigen::Map<Eigen::VectorXd>(values.data(), static_cast<Index>(values.size())));
}

std::string gap_text(const MeanError& m) {
  if (!m.mean) return "undefined";
  return m.standard_error ? fmt::format("{:.1e} ± {:.0e}", *m.mean, *m.standard_error)
                          : fmt::format("{:.1e}", *m.mean);
}

std::string value_text(double value) {
  return fmt::format("{:.4g}", value);
}

std::string judge_direction(Direction direction, const Estimate& e) {
  constexpr const char* kOpen = "open: the interval holds both";
  if (!e.value) return "not testable: the gap is rounding";
  if (direction == Direction::no_strong_relation) {
    if (e.low > -kStrongCorrelation && e.high < kStrongCorrelation) return "agrees";
    return e.low >= kStrongCorrelation || e.high <= -kStrongCorrelation ? "disagrees" : kOpen;
  }
  const bool rises = e.low > 0, falls = e.high < 0;
  if (!rises && !falls) return kOpen;
  return rises == (direction == Direction::rises) ? "agrees" : "disagrees";
}

/// Why a verdict is withheld, or nothing.
std::string withheld(const SweepCurves& c, ProtocolKind protocol) {
  std::set<std::uint64_t> seeds;
  for (const SweepPoint& p : c.points) seeds.insert(p.seed);
  if (c.unconverged > 0 && protocol == ProtocolKind::exact)
    return fmt::format("not testable: {} responses did not converge", c.unconverged);
  return seeds.size() < 3 ? "not testable: fewer than 3 seeds" : "";
}

Panel panel(const SweepKind& kind, const SweepCurves& curves, ProtocolKind protocol) {
  Panel p;
  p.title = fmt::format("{}, {} protocol", curves.task, protocol_name(protocol));
  p.x = {.label = kind.axis, .scale = Scale::logarithmic};
  if (kind.name == "depth") p.x.scale = Scale::linear;
  p.y = {.label = "mean distance of outputs", .scale = Scale::logarithmic, .floor = kRounding};
  for (int gap = 0; gap < 5; ++gap) {
    Series series{.name = gap_title(gap)};
    for (std::size_t v = 0; v < curves.grid.size(); ++v) {
      const MeanError m = gap_mean(curves, protocol, v, gap);
      const double error = m.standard_error.value_or(0);
      series.x.push_back(curves.grid[v]);
      series.y.push_back(m.mean.value_or(0));
      series.low.push_back(series.y.back() - error);
      series.high.push_back(series.y.back() + error);
    }
    p.series.push_back(std::move(series));
  }
  return p;
}

}  // namespace

RunsLayout sweep_layout() {
  return {.columns = {"task", "grid", "seed", "protocol", "removed", "method", "metric", "value"},
          .keys = {"task", "grid", "protocol", "method", "metric"}};
}

void write_sweep_rows(const SweepCurves& curves, Results& results) {
  for (const SweepPoint& p : curves.points)
    for (int gap = 0; gap < 5; ++gap)
      for (const auto& [metric, values] : {std::pair{"output_distance", &p.gaps},
                                           std::pair{"mean_output_distance", &p.gaps_in_means}})
        results.row({curves.task,
                     curves.grid[p.value],
                     static_cast<std::int64_t>(p.seed),
                     protocol_name(p.protocol),
                     p.removed,
                     kGapNames[static_cast<std::size_t>(gap)],
                     metric,
                     (*values)(gap)});
}

Estimate gap_trend(const SweepCurves& curves, ProtocolKind protocol, int gap) {
  const auto length = static_cast<Index>(curves.grid.size());
  std::map<std::pair<std::uint64_t, Index>, Eigen::VectorXd> by_group;
  for (const SweepPoint& p : curves.points) {
    if (p.protocol != protocol) continue;
    Eigen::VectorXd& curve = by_group[{p.seed, p.removed}];
    if (curve.size() == 0) curve = Eigen::VectorXd::Zero(length);
    curve(static_cast<Index>(p.value)) = std::max(p.gaps(gap), kRounding);
  }
  std::vector<Curve> all;
  all.reserve(by_group.size());
  for (auto& [key, values] : by_group) all.push_back({key.first, std::move(values)});
  const Eigen::VectorXd grid = Eigen::Map<const Eigen::VectorXd>(curves.grid.data(), length);
  return trend(grid, all, {.resamples = 2000, .seed = 1});
}

void write_trends(const std::vector<SweepCurves>& done, const Results& results) {
  std::vector<std::vector<Cell>> rows;
  for (const SweepCurves& c : done)
    for (const ProtocolKind protocol : protocols(c))
      for (int gap = 0; gap < 5; ++gap) {
        const Estimate e = gap_trend(c, protocol, gap);
        const auto end = [&](double x) { return e.value ? Cell(x) : Cell(""); };
        rows.push_back({c.task,
                        protocol_name(protocol),
                        kGapNames[static_cast<std::size_t>(gap)],
                        Cell(e.value),
                        end(e.low),
                        end(e.high),
                        e.n});
      }
  results.csv("trends.csv", {"task", "protocol", "gap", "trend", "low", "high", "curves"}, rows);
}

std::string sweep_table(const SweepKind& kind, const SweepCurves& c) {
  std::vector<std::string> columns = {"protocol", kind.name};
  for (int gap = 0; gap < 5; ++gap) columns.push_back(gap_title(gap));
  Table table(columns);
  table.title(fmt::format("\n{}: the five gaps by {}", c.task, kind.axis));
  for (const ProtocolKind protocol : protocols(c)) {
    for (std::size_t v = 0; v < c.grid.size(); ++v) {
      std::vector<std::string> cells = {protocol_name(protocol), value_text(c.grid[v])};
      for (int gap = 0; gap < 5; ++gap) cells.push_back(gap_text(gap_mean(c, protocol, v, gap)));
      table.row(cells);
    }
    std::vector<std::string> cells = {protocol_name(protocol), "trend"};
    for (int gap = 0; gap < 5; ++gap) cells.push_back(to_string(gap_trend(c, protocol, gap)));
    table.row(cells);
    if (protocol != protocols(c).back()) table.rule();
  }
  table.footnote("mean distance of logits over the training inputs, ± standard error");
  if (c.unconverged > 0)
    table.footnote(
        fmt::format("{} responses of the exact protocol missed the tolerance: raise "
                    "max_iterations or weight_decay",
                    c.unconverged));
  return table.text();
}

std::vector<Verdict> judge_sweep(const SweepKind& kind, const std::vector<SweepCurves>& done) {
  std::vector<Verdict> verdicts;
  for (const SweepCurves& c : done)
    for (const ProtocolKind protocol : protocols(c))
      for (const SweepClaim& claim : kind.claims) {
        const Estimate e = gap_trend(c, protocol, claim.gap);
        std::string verdict = withheld(c, protocol);
        if (verdict.empty()) verdict = judge_direction(claim.direction, e);
        verdicts.push_back(
            {c.task, protocol_name(protocol), claim.words, to_string(e), std::move(verdict)});
      }
  return verdicts;
}

void draw_sweep(const SweepKind& kind,
                const std::vector<SweepCurves>& done,
                const std::filesystem::path& folder) {
  PanelFigure figure{.name = kind.name};
  for (const SweepCurves& c : done)
    for (const ProtocolKind protocol : protocols(c))
      figure.panels.push_back(panel(kind, c, protocol));
  for (const SweepCurves& c : done)
    if (c.unconverged > 0)
      figure.footnotes.push_back(fmt::format(
          "{}, exact: {} responses did not converge; drawn as far as they came, without "
          "a verdict",
          c.task,
          c.unconverged));
  write_panel_figure(folder, figure);
}

}  // namespace leaveout
