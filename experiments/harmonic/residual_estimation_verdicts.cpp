// SPDX-License-Identifier: MIT
// What theory and the paper say of residual estimators, and what was measured.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "experiments/harmonic/residual_estimation_report.h"
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

}  // namespace leaveout
