// SPDX-License-Identifier: MIT
// The verdicts and the figures.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "experiments/support/panel_figure.h"
#include "experiments/trajectory/trajectory_accuracy_report.h"
#include "influence/metrics/student.h"

namespace leaveout {

using Eigen::VectorXd;

namespace {

constexpr double kTwoDirections = 1e-9;  // forward and backward agree but for rounding
constexpr double kPolynomial = 3;        // largest exponent that we call polynomial of low order

std::string training_of(const AccuracyResult& r, Index epochs) {
  return fmt::format("{} epochs, x = {:.2g}", epochs, mean_curvature_time(r, epochs));
}

CellNumber difference(const CellNumber& a, const CellNumber& b) {
  return [a, b](const AccuracyCell& cell) -> std::optional<double> {
    const auto x = a(cell), y = b(cell);
    return x && y ? std::optional(*x - *y) : std::nullopt;
  };
}

std::string judged(const Estimate& e,
                   bool one_seed,
                   std::string (*how)(const Interval&, double),
                   double bound) {
  if (!e.value) return "not testable: it refuses this training";
  if (one_seed) return "not testable: one seed has no interval";
  return how(interval(e), bound);
}

Index seeds_of(const AccuracyResult& r) {
  std::set<std::uint64_t> seeds;
  for (const AccuracyCell& cell : r.cells) seeds.insert(cell.seed);
  return static_cast<Index>(seeds.size());
}

void compare_errors(const AccuracyResult& r, Index epochs, std::vector<Verdict>& verdicts) {
  const bool one_seed = seeds_of(r) < 2;
  for (const char* rival :
       {"tracin_checkpoints", "influence_function", "source_gauss_newton", "grad_dot"}) {
    const Estimate e = over_seeds(r,
                                  epochs,
                                  difference(against_removal("diff_in", &Closeness::scaled_error),
                                             against_removal(rival, &Closeness::scaled_error)));
    verdicts.push_back({r.settings.name,
                        training_of(r, epochs),
                        fmt::format("paper (abstract): lower error than existing estimators; here "
                                    "after the best scalar, Diff-In minus {}, below 0",
                                    rival),
                        to_string(e),
                        judged(e, one_seed, below, 0)});
  }
  const Estimate ranks =
      over_seeds(r,
                 epochs,
                 difference(against_removal("diff_in", &Closeness::spearman),
                            against_removal("tracin_checkpoints", &Closeness::spearman)));
  verdicts.push_back({r.settings.name,
                      training_of(r, epochs),
                      "ours: ranks better, Spearman of Diff-In minus tracin_checkpoints, above 0",
                      to_string(ranks),
                      judged(ranks, one_seed, above, 0)});
}

/// Of one seed each: over the lengths of training.
Estimate exponent(const AccuracyResult& r, const std::string& estimator) {
  std::set<std::uint64_t> seeds;
  for (const AccuracyCell& cell : r.cells) seeds.insert(cell.seed);
  std::vector<double> values;
  for (const std::uint64_t seed : seeds)
    if (const auto value = growth_exponent(r, seed, estimator)) values.push_back(*value);
  return mean_interval(Eigen::Map<VectorXd>(values.data(), static_cast<Index>(values.size())));
}

void judge_growth(const AccuracyResult& r, std::vector<Verdict>& verdicts) {
  for (const char* name : {"diff_in_sum", "diff_in_consistent"}) {
    const Estimate e = exponent(r, name);
    verdicts.push_back(
        {r.settings.name,
         "all lengths",
         fmt::format("paper (abstract): the error grows polynomially in the number of steps; here "
                     "{}'s raw error against the derivative as x to a power of at most {} (ours)",
                     name,
                     kPolynomial),
         to_string(e),
         e.value ? judged(e, seeds_of(r) < 2, below, kPolynomial)
                 : "not testable: fewer than three lengths"});
  }
}

void judge_theory(const AccuracyResult& r, std::vector<Verdict>& verdicts) {
  double largest = 0;
  for (const AccuracyCell& cell : r.cells) largest = std::max(largest, cell.two_directions);
  verdicts.push_back({r.settings.name,
                      "all lengths",
                      "theory: forward and backward derivatives agree (relative gap <= 1e-9)",
                      largest <= kTwoDirections ? "to rounding" : fmt::format("{:.1e}", largest),
                      largest <= kTwoDirections ? "agrees" : "disagrees"});
}

// --- Figures ---

constexpr std::array<const char*, 8> kDrawn = {"unrolled",
                                               "source_gauss_newton",
                                               "influence_function",
                                               "data_value_embedding",
                                               "tracin_checkpoints",
                                               "grad_dot",
                                               "diff_in",
                                               "diff_in_consistent"};
constexpr std::array<const char*, 8> kBudget = {"order 0",
                                                "order 1",
                                                "order 4",
                                                "finite difference 0.001",
                                                "expected membership",
                                                "gradients frozen at step 0",
                                                "moving target",
                                                "without first order"};

Series series_of(const AccuracyResult& r, const std::string& name, const CellNumber& of) {
  Series s{.name = name};
  for (const Index epochs : lengths_of(r)) {
    const Estimate e = over_seeds(r, epochs, of);
    if (!e.value) continue;
    s.x.push_back(mean_curvature_time(r, epochs));
    s.y.push_back(*e.value);
  }
  return s;
}

Panel panel_of(const AccuracyResult& r, std::optional<double> Closeness::*metric) {
  const bool ranks = metric == &Closeness::spearman;
  Panel panel{.title = r.settings.name,
              .x = {.label = "x", .scale = Scale::logarithmic},
              .y = {.label = ranks ? "Spearman" : "raw error",
                    .scale = ranks ? Scale::linear : Scale::logarithmic}};
  for (const char* name : kDrawn) {
    Series s = series_of(r, name, against_removal(name, metric));
    if (!s.x.empty()) panel.series.push_back(std::move(s));
  }
  return panel;
}

CellNumber budget_error(const std::string& name) {
  return [name](const AccuracyCell& cell) -> std::optional<double> {
    for (const BudgetLine& line : cell.budget)
      if (line.name == name) return line.relative_error;
    return std::nullopt;
  };
}

Panel budget_panel(const AccuracyResult& r) {
  Panel panel{.title = r.settings.name,
              .x = {.label = "x", .scale = Scale::logarithmic},
              .y = {.label = "relative error", .scale = Scale::logarithmic}};
  for (const char* name : kBudget) {
    Series s = series_of(r, name, budget_error(name));
    if (!s.x.empty()) panel.series.push_back(std::move(s));
  }
  return panel;
}

}  // namespace

std::vector<Verdict> judge(const std::vector<AccuracyResult>& done) {
  std::vector<Verdict> verdicts;
  for (const AccuracyResult& r : done) {
    const std::vector<Index> lengths = lengths_of(r);
    const std::set<Index> judged_at = {
        lengths.front(), lengths[lengths.size() / 2], lengths.back()};
    for (const Index epochs : judged_at) compare_errors(r, epochs, verdicts);
    judge_growth(r, verdicts);
    judge_theory(r, verdicts);
  }
  return verdicts;
}

void draw(const std::vector<AccuracyResult>& done, const std::filesystem::path& folder) {
  const auto columns = static_cast<int>(std::min<std::size_t>(3, done.size()));
  PanelFigure figure{.name = "trajectory-accuracy", .columns = columns};
  PanelFigure budget{.name = "budget", .columns = columns};
  bool any = false;
  for (const auto metric : {&Closeness::spearman, &Closeness::raw_error})
    for (const AccuracyResult& r : done) figure.panels.push_back(panel_of(r, metric));
  for (const AccuracyResult& r : done) {
    budget.panels.push_back(budget_panel(r));
    any = any || !budget.panels.back().series.empty();
  }
  figure.footnotes = {
      "Against trainings without each example. x: sum over steps of rate times the largest "
      "eigenvalue; means over seeds.",
      "diff_in: five random checkpoints, the paper's average; diff_in_consistent: the double sum "
      "over all steps."};
  budget.footnotes = {
      "One approximation alone, all else exact, against the exact derivative; means over seeds."};
  write_panel_figure(folder, figure);
  if (any) write_panel_figure(folder, budget);
}

}  // namespace leaveout
