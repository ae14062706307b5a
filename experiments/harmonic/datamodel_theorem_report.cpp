// SPDX-License-Identifier: MIT
#include "experiments/harmonic/datamodel_theorem_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "experiments/support/panel_figure.h"
#include "experiments/support/table.h"

namespace leaveout {

using Eigen::VectorXd;
using Json = nlohmann::ordered_json;

namespace {

constexpr std::array<const char*, kFits.size()> kTitles = {"least squares",
                                                           "ridge",
                                                           "lasso",
                                                           "least squares, -1 and 1",
                                                           "ridge, -1 and 1",
                                                           "lasso, -1 and 1",
                                                           "lasso, standardised",
                                                           "subsets of one size"};
constexpr std::size_t kShown = 3;  // examples of a panel

std::string title(Fit fit) {
  return kTitles[static_cast<std::size_t>(fit)];
}

/// The checks of a fit that a figure shows: one query, the task's own p.
std::vector<const TheoremCheck*> shown(const TheoremResult& r, Fit fit) {
  std::vector<const TheoremCheck*> some;
  for (const TheoremCheck& c : r.checks)
    if (c.fit == fit && c.p == r.p && c.query == r.checks.front().query) some.push_back(&c);
  return some;
}

/// Examples with the largest, the second and a middling slope.
std::vector<Index> chosen_examples(const VectorXd& slopes) {
  std::vector<Index> order(static_cast<std::size_t>(slopes.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) {
    return std::abs(slopes(a)) > std::abs(slopes(b));
  });
  std::vector<Index> some;
  const std::array<std::size_t, kShown> ranks = {
      0, 1, std::max<std::size_t>(2, (order.size() - 1) / 2)};
  for (const std::size_t rank : ranks)
    if (rank < order.size()) some.push_back(order[rank]);
  return some;
}

Panel panel(const TheoremResult& r, Fit fit) {
  Panel p;
  p.title = fmt::format("{}, {}", r.settings.name, title(fit));
  p.x = {.label = "penalty", .scale = Scale::logarithmic};
  p.y = {.label = "datamodel weight", .include = {0}};
  p.references = {horizontal_line(0)};
  const std::vector<const TheoremCheck*> path = shown(r, fit);
  if (path.empty()) return p;
  constexpr std::array<const char*, kShown> kNames = {"largest", "second", "middling"};
  const std::vector<Index> examples = chosen_examples(path.back()->closed_form);
  for (std::size_t k = 0; k < examples.size(); ++k) {
    Series line{.name = fmt::format("{} weight, closed form", kNames[k]), .style = Style::line};
    Series points{.name = fmt::format("{}, regression", kNames[k]), .style = Style::points};
    for (const TheoremCheck* c : path) {
      line.x.push_back(c->penalty);
      line.y.push_back(c->closed_form(examples[k]));
      points.x.push_back(c->penalty);
      points.y.push_back(c->fitted(examples[k]));
    }
    p.series.push_back(std::move(line));
    p.series.push_back(std::move(points));
  }
  return p;
}

Verdict verdict(const TheoremResult& r, Fit fit, const char* claim) {
  Verdict v{r.settings.name, "exact", claim, "undefined", "not testable: undefined"};
  const std::optional<double> slopes = r.largest(fit, &TheoremCheck::slopes);
  if (!slopes) return v;
  const double most = std::max(
      {*slopes, *r.largest(fit, &TheoremCheck::intercept), *r.largest(fit, &TheoremCheck::risk)});
  Index support = 0;
  for (const TheoremCheck& c : r.checks)
    if (c.fit == fit) support += c.support;
  v.measured = fmt::format(
      "{:.1e} of the output ({:.1e} of the largest weight), {} differences of "
      "support",
      most,
      *r.largest(fit, &TheoremCheck::slopes_of_weight),
      support);
  v.verdict = most <= kTheoremTolerance && support == 0 ? "agrees" : "disagrees";
  if (r.unconverged > 0)
    v.verdict = fmt::format("not testable: {} trainings did not converge", r.unconverged);
  return v;
}

}  // namespace

RunsLayout theorem_layout() {
  return {.columns = {"task", "fit", "p", "query", "penalty", "metric", "example", "value"},
          .keys = {"task", "fit", "p", "metric"}};
}

void write_rows(const TheoremResult& r, Results& results) {
  for (const TheoremCheck& c : r.checks) {
    const auto row = [&](const char* metric, const Cell& example, double value) {
      results.row(
          {r.settings.name, fit_name(c.fit), c.p, c.query, c.penalty, metric, example, value});
    };
    row("slope_difference", "", c.slopes);
    row("slope_difference_absolute", "", c.slopes_absolute);
    row("slope_difference_of_weight", "", c.slopes_of_weight);
    row("intercept_difference", "", c.intercept);
    row("risk_difference", "", c.risk);
    row("support_difference", "", static_cast<double>(c.support));
    if (c.p != r.p || c.query != r.checks.front().query) continue;
    for (Index i = 0; i < c.fitted.size(); ++i) {
      row("slope_by_regression", i, c.fitted(i));
      row("slope_in_closed_form", i, c.closed_form(i));
    }
  }
}

void describe(const std::vector<TheoremResult>& done, Results& results) {
  Json& run = results.run();
  run["conventions"] = {
      {"regression",
       "weights on who is in (1) and out (0), intercept free, over all subsets, each weighted by "
       "its probability at rate p; one_size: over all subsets of half of the examples"},
      {"penalty", "on sum w_i^2 (ridge) or sum |w_i| (lasso), beside the mean squared error"},
      {"standardised_lasso", "half the mean squared error + penalty * sum |w_i| sqrt(p (1-p))"},
      {"signed", "weights on 1 (in) and -1 (out): half of those on 1 and 0, other penalties"},
      {"slope_difference, intercept_difference",
       "largest over examples, over the largest |output|"},
      {"slope_difference_absolute", "in units of the output"},
      {"slope_difference_of_weight", "over the largest least-squares weight of the query"},
      {"risk_difference", "over the variance of the output"},
      {"support_difference", "examples that only one of the two leaves out"}};
  for (const TheoremResult& r : done)
    run["tasks"][r.settings.name] = {{"model", r.model},
                                     {"training_examples", r.examples},
                                     {"queries", r.queries},
                                     {"output", output_name(r.output)},
                                     {"p", r.p},
                                     {"not_converged", r.unconverged},
                                     {"lassos", r.lassos},
                                     {"lassos_converged", r.converged_lassos}};
}

std::string theorem_table(const TheoremResult& r) {
  Table table(
      {"datamodel", "checks", "weights", "absolute", "of weight", "intercept", "risk", "support"});
  table.title(
      fmt::format("\n{}: {} of {} on all {} subsets, {} queries; regression less closed form",
                  r.settings.name,
                  output_name(r.output),
                  r.model,
                  Index{1} << r.examples,
                  r.queries));
  for (const Fit fit : kFits) {
    const auto count = std::count_if(
        r.checks.begin(), r.checks.end(), [&](const TheoremCheck& c) { return c.fit == fit; });
    if (count == 0) continue;
    Index support = 0;
    for (const TheoremCheck& c : r.checks)
      if (c.fit == fit) support += c.support;
    table.row({title(fit),
               std::to_string(count),
               fmt::format("{:.1e}", *r.largest(fit, &TheoremCheck::slopes)),
               fmt::format("{:.1e}", *r.largest(fit, &TheoremCheck::slopes_absolute)),
               fmt::format("{:.1e}", *r.largest(fit, &TheoremCheck::slopes_of_weight)),
               fmt::format("{:.1e}", *r.largest(fit, &TheoremCheck::intercept)),
               fmt::format("{:.1e}", *r.largest(fit, &TheoremCheck::risk)),
               std::to_string(support)});
  }
  table.footnote("largest differences over rates, penalties and queries");
  table.footnote(
      "weights, intercept: of the largest output; risk: of the variance; of weight: of the "
      "query's largest weight");
  if (r.converged_lassos < r.lassos)
    table.footnote(fmt::format("{} of {} coordinate descents did not reach their tolerance",
                               r.lassos - r.converged_lassos,
                               r.lassos));
  return table.text();
}

std::vector<Verdict> judge(const std::vector<TheoremResult>& done) {
  std::vector<Verdict> rows;
  for (const TheoremResult& r : done) {
    rows.push_back(
        verdict(r, Fit::least_squares, "theorem 2.2: weights are degree one, risk B_2+"));
    rows.push_back(
        verdict(r, Fit::ridge, "theorem 2.2: ridge weights are a_i / (1 + penalty / v)"));
    rows.push_back(verdict(r, Fit::lasso, "theorem 2.2: lasso weights are a_i, thresholded"));
    rows.push_back(
        verdict(r, Fit::signed_least_squares, "theorem 2.2 on -1 and 1: weights are a_i / 2"));
    rows.push_back(verdict(
        r, Fit::signed_ridge, "theorem 2.2 on -1 and 1: ridge, features of variance 4 p (1-p)"));
    rows.push_back(verdict(r, Fit::signed_lasso, "theorem 2.2 on -1 and 1: lasso, thresholded"));
    rows.push_back(
        verdict(r, Fit::standardised_lasso, "theory: the same for standardised features"));
    rows.push_back(verdict(r, Fit::one_size, "theory: subsets of one size, weights with sum 0"));
  }
  return rows;
}

void draw(const std::vector<TheoremResult>& done, const std::filesystem::path& folder) {
  PanelFigure figure;
  figure.name = "datamodel-theorem";
  for (const Fit fit : {Fit::lasso, Fit::ridge})
    for (const TheoremResult& r : done)
      if (!r.checks.empty()) figure.panels.push_back(panel(r, fit));
  if (figure.panels.empty()) return;
  if (done.size() <= 4) figure.columns = static_cast<int>(std::max<std::size_t>(2, done.size()));
  figure.footnotes = {
      "Lines: theorem 2.2. Points: weighted regression over all subsets. One query of each task."};
  write_panel_figure(folder, figure);
}

}  // namespace leaveout
