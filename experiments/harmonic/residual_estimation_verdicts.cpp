// SPDX-License-Identifier: MIT
// Verdicts of the comparison of residual estimators, and its figure.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "experiments/harmonic/residual_estimation_report.h"
#include "experiments/support/panel_figure.h"
#include "influence/metrics/student.h"

namespace leaveout {

using Eigen::VectorXd;
using Kind = ResidualMethod::Kind;

namespace {

constexpr double kChance = 0.003;      // that a prediction which is right fails by chance
constexpr double kNoiseFactor = 1.25;  // the predicted noise is a normal approximation

Bootstrap resamples(const ResidualResult& r, double level) {
  return {.resamples = 1000, .level = level, .seed = r.settings.seed};
}

Interval interval(const Estimate& e) {
  return {e.value, e.low, e.high};
}

std::string ratio_text(const Estimate& e) {
  return to_string(e, 2);
}

/// Methods of which theory foretells bias and noise without constraints: not those that have them.
bool foretold(const ErrorCell& cell, const ResidualErrors& e) {
  const Kind kind = e.methods[cell.method].kind;
  return cell.predicted_bias.size() > 0 && kind != Kind::paper && kind != Kind::centred;
}

std::vector<const ErrorCell*> foretold_cells(const ResidualErrors& e) {
  std::vector<const ErrorCell*> cells;
  for (const ErrorCell& cell : e.cells)
    if (cell.trainings == e.budgets.back() && foretold(cell, e)) cells.push_back(&cell);
  return cells;
}

/// The worst of all plans at the largest number of trainings.
Verdict bias_verdict(const ResidualResult& r) {
  double worst = -1;
  std::string where;
  const std::vector<const ErrorCell*> cells = foretold_cells(r.errors);
  for (const ErrorCell* cell : cells) {
    const MeanError bias = degree1_bias(r.errors, *cell);
    const double z =
        std::abs(*bias.mean - cell->predicted_bias.mean()) / bias.standard_error.value_or(1);
    if (z > worst) {
      worst = z;
      where = r.errors.methods[cell->method].text();
    }
  }
  Verdict v{r.settings.name,
            r.output,
            "theory: bias of B_1 is the sum over k > 2 of B_k sum_j c_j rho_j^k, for every method",
            "no method had enough trainings",
            "not testable: too few trainings"};
  if (cells.empty()) return v;
  // The largest of several deviations may be larger than one of them alone.
  const double few = student_quantile(1 - kChance / 2 / static_cast<double>(cells.size()),
                                      std::max<Index>(r.repetitions - 1, 1));
  v.measured =
      fmt::format("largest of {} deviations: {:.1f} standard errors, by chance up to {:.1f} ({})",
                  cells.size(),
                  worst,
                  few,
                  where);
  v.verdict = worst <= few ? "agrees" : "disagrees";
  return v;
}

Verdict noise_verdict(const ResidualResult& r) {
  Estimate worst;
  std::string where;
  const std::vector<const ErrorCell*> cells = foretold_cells(r.errors);
  for (const ErrorCell* cell : cells) {
    const double predicted = predicted_spread(*cell);
    const Estimate e = bootstrap_interval(
        r.repetitions,
        [&](const Picks& picks) { return spread(cell->degree1, picks) / predicted; },
        resamples(r, 1 - kChance));
    if (!worst.value || std::abs(std::log(*e.value)) > std::abs(std::log(*worst.value))) {
      worst = e;
      where = r.errors.methods[cell->method].text();
    }
  }
  Verdict v{r.settings.name,
            r.output,
            "theory: noise of B_1 as foretold within a factor 1.25, for every method",
            "no method had enough trainings",
            "not testable: too few trainings"};
  if (cells.empty()) return v;
  v.measured = fmt::format("largest ratio {} ({})", ratio_text(worst), where);
  const bool inside = worst.low >= 1 / kNoiseFactor && worst.high <= kNoiseFactor;
  const bool outside = worst.high < 1 / kNoiseFactor || worst.low > kNoiseFactor;
  v.verdict = inside ? "agrees" : outside ? "disagrees" : "open: the interval holds both";
  return v;
}

/// Its error over that of the paper's algorithm with the best rho, at the most trainings.
Verdict better_verdict(const ResidualResult& r, const std::string& method) {
  const ResidualErrors& e = r.errors;
  const Index n = e.budgets.back();
  const ErrorCell* paper = best_paper(e, n);
  const ErrorCell* cell = e.find(e.method(method), n);
  Verdict v{r.settings.name,
            r.output,
            fmt::format("theory: {} beats the paper's best rho at {} trainings", method, n),
            "-",
            "not testable: too few trainings"};
  if (paper == nullptr || cell == nullptr) return v;
  const Estimate ratio = bootstrap_interval(
      r.repetitions,
      [&](const Picks& picks) {
        return residual_rmse(e, *cell, picks) / residual_rmse(e, *paper, picks);
      },
      resamples(r, 0.95));
  v.measured = fmt::format(
      "error {} of that with rho = {:g}", ratio_text(ratio), e.methods[paper->method].level);
  v.verdict = below(interval(ratio), 1);
  return v;
}

/// Slope of log error against log trainings over the numbers of trainings that a statistic has.
Estimate rate(const ResidualResult& r,
              double level,
              const std::function<std::optional<double>(Index n, const Picks& picks)>& error) {
  return bootstrap_interval(
      r.repetitions,
      [&](const Picks& picks) -> std::optional<double> {
        std::vector<double> x, y;
        for (const Index n : r.errors.budgets)
          if (const auto value = error(n, picks)) {
            x.push_back(static_cast<double>(n));
            y.push_back(*value);
          }
        if (x.size() < 2) return std::nullopt;
        return error_slope(x, y);
      },
      resamples(r, level));
}

Verdict noise_rate_verdict(const ResidualResult& r, const std::string& method) {
  const ResidualErrors& e = r.errors;
  const std::size_t m = e.method(method);
  const Estimate slope = rate(r, 0.997, [&](Index n, const Picks& picks) -> std::optional<double> {
    const ErrorCell* cell = e.find(m, n);
    if (cell == nullptr) return std::nullopt;
    return spread(cell->degree1, picks);
  });
  return {r.settings.name,
          r.output,
          fmt::format("theory: noise of B_1 falls as n^-1/2 ({})", method),
          fmt::format("power {}", ratio_text(slope)),
          near(interval(slope), -0.5, 0.25)};
}

Verdict paper_rate_verdict(const ResidualResult& r) {
  const ResidualErrors& e = r.errors;
  std::map<Index, const ErrorCell*> best;
  for (const Index n : e.budgets) best[n] = best_paper(e, n);
  const Estimate slope = rate(r, 0.95, [&](Index n, const Picks& picks) -> std::optional<double> {
    if (best[n] == nullptr) return std::nullopt;
    return residual_rmse(e, *best[n], picks);
  });
  std::string verdict = below(interval(slope), -1.0 / 3);
  if (verdict == "disagrees") verdict = "open: slower at these n, the claim is of large n";
  return {r.settings.name,
          r.output,
          "paper: O(1/eps^3) trainings suffice (error with the best rho falls at least as n^-1/3)",
          fmt::format("power {}", ratio_text(slope)),
          verdict};
}

Verdict constraint_verdict(const ResidualResult& r) {
  const ResidualErrors& e = r.errors;
  const ErrorCell* cell = nullptr;
  for (const Index n : e.budgets)
    if (cell == nullptr) cell = e.find(e.method("paper, rho = 0.2"), n);
  Verdict v{r.settings.name,
            r.output,
            "theory: at few trainings non-negativity biases the estimate (rho = 0.2)",
            "-",
            "not testable: too few trainings"};
  if (cell == nullptr) return v;
  const VectorXd errors = (cell->residual.rowwise() - e.share.transpose()).rowwise().mean();
  const Estimate bias = bootstrap_interval(
      r.repetitions,
      [&](const Picks& picks) -> std::optional<double> { return errors(picks).mean(); },
      resamples(r, 0.95));
  v.measured = fmt::format("bias {} at {} trainings", to_string(bias), cell->trainings);
  v.verdict = bias.low > 0 || bias.high < 0 ? "agrees" : "open: the interval holds 0";
  return v;
}

constexpr const char* kFree = "unconstrained";
constexpr const char* kPredicted = "predicted";

Series error_curve(const ResidualErrors& e, const char* method, const char* name) {
  Series s{.name = name};
  const std::size_t m = e.method(method);
  for (const Index n : e.budgets)
    if (const ErrorCell* cell = e.find(m, n)) {
      s.x.push_back(static_cast<double>(n));
      s.y.push_back(residual_rmse(e, *cell));
    }
  return s;
}

/// The predicted bias below which the error with rho = 0.45 does not fall.
Series bias_floor(const ResidualErrors& e) {
  Series s{.name = kPredicted, .style = Style::dashed};
  const ErrorCell* last = e.find(e.method("paper, rho = 0.45"), e.budgets.back());
  if (last == nullptr) return s;
  s.x = {static_cast<double>(e.budgets.front()), static_cast<double>(e.budgets.back())};
  s.y.assign(2, std::abs(last->predicted_bias.mean()));
  return s;
}

Panel error_panel(const ResidualResult& r) {
  const ResidualErrors& e = r.errors;
  Panel p;
  p.title = fmt::format("{}, {}", r.settings.name, r.output);
  p.x = {.label = "trainings", .scale = Scale::logarithmic};
  p.y = {.label = "error (RMS) / Var f", .scale = Scale::logarithmic};
  p.series.push_back(error_curve(e, "unconstrained, rho = 0.45", kFree));
  for (const char* name :
       {"paper, rho = 0.1", "paper, rho = 0.45", "symmetric", "Chebyshev 4", "U-statistic"})
    p.series.push_back(error_curve(e, name, name));
  p.series.push_back(bias_floor(e));
  p.series.push_back(error_curve(e, "least squares", "least squares"));
  p.notes = {fmt::format("residual {:.3f}", e.share.mean())};
  return p;
}

/// Of the plans 0, rho, 2 rho at the most trainings: measured by a function of a cell, predicted by
/// another.
struct Foretold {
  const char* label;
  std::function<MeanError(const ErrorCell&)> measured;
  std::function<double(const ErrorCell&)> predicted;
};

Panel prediction_panel(const ResidualResult& r, const Foretold& what, Scale scale) {
  const ResidualErrors& e = r.errors;
  Panel p;
  p.x = {.label = "rho"};
  p.y = {.label = what.label, .scale = scale};
  Series predicted{.name = kPredicted, .style = Style::dashed};
  Series free{.name = kFree, .style = Style::points};
  for (std::size_t m = 0; m < e.methods.size(); ++m) {
    const ResidualMethod& method = e.methods[m];
    const ErrorCell* cell = e.find(m, e.budgets.back());
    if (cell == nullptr || method.kind != Kind::unconstrained) continue;
    const MeanError value = what.measured(*cell);
    const double margin = 1.96 * value.standard_error.value_or(0);
    free.x.push_back(method.level);
    free.y.push_back(*value.mean);
    free.low.push_back(*value.mean - margin);
    free.high.push_back(*value.mean + margin);
    predicted.x.push_back(method.level);
    predicted.y.push_back(what.predicted(*cell));
  }
  p.series = {predicted, free};
  return p;
}

Panel bias_panel(const ResidualResult& r) {
  return prediction_panel(r,
                          {"bias of B₁ / Var f",
                           [&](const ErrorCell& c) { return degree1_bias(r.errors, c); },
                           [](const ErrorCell& c) { return c.predicted_bias.mean(); }},
                          Scale::linear);
}

Panel noise_panel(const ResidualResult& r) {
  return prediction_panel(r,
                          {"noise of B₁ / Var f",
                           [&](const ErrorCell& c) { return MeanError{.mean = spread(c.degree1)}; },
                           [](const ErrorCell& c) { return predicted_spread(c); }},
                          Scale::logarithmic);
}

}  // namespace

std::vector<Verdict> judge(const std::vector<ResidualResult>& done) {
  std::vector<Verdict> verdicts;
  for (const ResidualResult& r : done) {
    verdicts.push_back(bias_verdict(r));
    verdicts.push_back(noise_verdict(r));
    verdicts.push_back(noise_rate_verdict(r, "unconstrained, rho = 0.2"));
    verdicts.push_back(noise_rate_verdict(r, "Chebyshev 4"));
    verdicts.push_back(paper_rate_verdict(r));
    verdicts.push_back(constraint_verdict(r));
    verdicts.push_back(better_verdict(r, "centred, rho = 0.3"));
    verdicts.push_back(better_verdict(r, "symmetric"));
    verdicts.push_back(better_verdict(r, "Chebyshev 4"));
    verdicts.push_back(better_verdict(r, "U-statistic"));
    verdicts.push_back(better_verdict(r, "least squares"));
  }
  return verdicts;
}

void draw(const std::vector<ResidualResult>& done, const std::filesystem::path& folder) {
  PanelFigure figure{.name = "residual-estimation"};
  figure.columns = static_cast<int>(std::min<std::size_t>(done.size(), 3));
  // A row of panels for each kind, for every three tasks.
  for (std::size_t first = 0; first < done.size(); first += 3)
    for (const auto& panel : {error_panel, bias_panel, noise_panel})
      for (std::size_t i = first; i < std::min(first + 3, done.size()); ++i)
        figure.panels.push_back(panel(done[i]));
  figure.footnotes = {
      "Top: unconstrained with rho = 0.45; dashed, the predicted bias of rho = 0.45.",
      "Below: levels 0, rho, 2 rho without constraint at the most trainings; bars: 95 %."};
  write_panel_figure(folder, figure);
}

}  // namespace leaveout
