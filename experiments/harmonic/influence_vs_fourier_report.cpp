// SPDX-License-Identifier: MIT
// The files and tables of the experiment.
#include "experiments/harmonic/influence_vs_fourier_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "experiments/support/table.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using Json = nlohmann::ordered_json;

namespace {

/// Rates and sizes of groups are left empty where there are none.
Cell rate_cell(const FourierComparison& c) {
  return c.p > 0 ? Cell(c.p) : Cell("");
}

Cell size_cell(const FourierComparison& c) {
  return c.size > 0 ? Cell(c.size) : Cell("");
}

/// The items' columns that stand for something, of one query.
VectorXd of_query(const FourierComparison& c, const MatrixXd& values, Index query) {
  if (!c.of_pairs()) return values.row(query).transpose();
  std::vector<Index> columns;
  for (std::size_t k = 0; k < c.items.size(); ++k)
    if (!c.items[k].empty()) columns.push_back(static_cast<Index>(k));
  return values(query, columns).transpose();
}

bool is_scalar(const FourierComparison& c) {
  return c.quantity == "mean" || c.quantity == "b1" || c.quantity == "b2";
}

std::string rows_text(const FourierResult& r, const Group& group) {
  std::string text;
  for (const Index i : group)
    text += fmt::format("{}{}", text.empty() ? "" : " ", r.rows[static_cast<std::size_t>(i)]);
  return text;
}

void write_query(const FourierResult& r,
                 const FourierComparison& c,
                 Index query,
                 Results& results) {
  const VectorXd exact = of_query(c, c.exact, query);
  const auto row = [&](const std::string& method, const char* metric, const Cell& value) {
    results.row({r.settings.name,
                 c.examples,
                 rate_cell(c),
                 c.quantity,
                 size_cell(c),
                 method,
                 metric,
                 query,
                 value});
  };
  if (is_scalar(c)) row("exact", "value", exact(0));
  for (const MethodValues& p : c.predictions) {
    const VectorXd predicted = of_query(c, p.values, query);
    if (is_scalar(c)) {
      row(p.method, "value", predicted(0));
      continue;
    }
    const double norm = exact.norm();
    const std::optional<double> error =
        norm > 0 ? std::optional((predicted - exact).norm() / norm) : std::nullopt;
    row(p.method, "relative_error", error);
    row(p.method, "slope", slope(predicted, exact));
    row(p.method, "pearson", pearson(predicted, exact));
    row(p.method, "spearman", spearman(predicted, exact));
  }
}

Json task_json(const FourierResult& r) {
  Json j;
  j["model"] = r.model;
  j["parameters"] = r.parameters;
  j["training_examples"] = r.rows;
  j["queries"] = r.queries;
  j["trainings_of_a_subset"] = r.repeats;
  j["minima_at_w1"] = r.minima_one;
  j["minima_at_wp"] = r.minima_rate;
  j["training_stops_short_by"] = r.training_gap;
  j["weight_decay"] = r.settings.weight_decay;
  j["output"] = output_name(r.output);
  j["p"] = r.p;
  j["not_converged"] = r.unconverged;
  return j;
}

void table_row(Table& table,
               const FourierComparison& c,
               const std::string& what,
               const std::string& method,
               const std::string& title) {
  const Agreement a = agreement_of(c, method);
  table.row({fmt::format("{:g}", c.p),
             what,
             title,
             to_string(a.slope),
             to_string(a.pearson),
             to_string(a.spearman),
             to_string(relative_error(c, method))});
}

std::string error_text(const FourierComparison* c, const char* method) {
  return c ? to_string(relative_error(*c, method), 3) : "-";
}

/// Errors against N: of what is followed there.
std::string size_table(const FourierResult& r) {
  Table table({"N",
               "a_i: F_i at w = p",
               "pairs: F_ij",
               "leave-one-out: first order",
               "second, no third",
               "second order"});
  table.title(
      fmt::format("\n{}: relative error against the number N of training examples, p = {:g}",
                  r.settings.name,
                  r.p));
  std::vector<Index> all = r.sizes;
  all.insert(all.end(), r.larger.begin(), r.larger.end());
  for (const Index n : all) {
    const FourierComparison* loo = r.find("removal", 0, 1, n);
    table.row({std::to_string(n),
               error_text(r.find("weight", r.p, 0, n), "wp"),
               error_text(r.find("pair", r.p, 0, n), "full"),
               error_text(loo, "first"),
               error_text(loo, "second_without_third"),
               error_text(loo, "second")});
  }
  if (!r.larger.empty())
    table.footnote(fmt::format("beyond {} examples some of them leave, one at a time", r.examples));
  return table.text();
}

}  // namespace

RunsLayout influence_vs_fourier_layout() {
  return {.columns =
              {"task", "examples", "p", "quantity", "size", "method", "metric", "query", "value"},
          .keys = {"task", "examples", "p", "quantity", "size", "method", "metric"}};
}

void write_rows(const FourierResult& r, Results& results) {
  for (const FourierComparison& c : r.comparisons)
    for (Index q = 0; q < r.queries; ++q) write_query(r, c, q, results);
}

void write_predictions(const std::vector<FourierResult>& done, const Results& results) {
  std::vector<std::vector<Cell>> rows;
  for (const FourierResult& r : done)
    for (const FourierComparison& c : r.comparisons)
      for (const MethodValues& p : c.predictions)
        for (Index q = 0; q < r.queries; ++q)
          for (std::size_t k = 0; k < c.items.size(); ++k) {
            if (c.of_pairs() && c.items[k].empty()) continue;
            const auto column = static_cast<Index>(k);
            rows.push_back({c.quantity,
                            rows_text(r, c.items[k]),
                            p.method,
                            c.exact(q, column),
                            p.values(q, column),
                            c.examples,
                            rate_cell(c),
                            q,
                            r.settings.name});
          }
  results.csv(
      "predictions.csv",
      {"quantity", "subset", "method", "exact", "predicted", "examples", "p", "query", "task"},
      rows);
}

void describe(const std::vector<FourierResult>& done, Results& results) {
  Json& run = results.run();
  run["conventions"] = {
      {"subsets",
       "the model minimises (1/N) sum over the subset of the loss + weight_decay / 2 |theta|^2, so "
       "that leaving out keeps 1/N; without examples theta = 0"},
      {"networks",
       "each seed is the same for all subsets, outputs are means over the seeds; derivatives are "
       "means over the minima that Newton's method finds from where training with all weights 1 "
       "or p ends"},
      {"weight",
       "a_i(p), the mean of f(S + i) - f(S): w1 and wp are the derivative F_i in the weight of i "
       "where all weights are 1 and p; _second adds the second derivatives F_ij"},
      {"pair",
       "the coefficient of {i, j} over p (1 - p): full is F_ij at w = p, without_third lacks its "
       "term with the third derivative of the loss, output is the part of the output's own "
       "curvature alone (interaction-aware attribution)"},
      {"mean, b1, b2", "E f and the weights of degree 1 and 2, as the above predict them"},
      {"removal",
       "f(all) - f(all without a group), positive where including it raises the output, to first "
       "and second order from w = 1; size: of the group"},
      {"renormalised",
       "the same where the weights of those that stay are raised to N / (N - size) (Basu, You, "
       "Feizi 2020): predicted parameters are asked"},
      {"relative_error", "|predicted - exact| / |exact| over examples, pairs or groups"},
      {"slope", "of the exact numbers on the predicted ones"},
      {"examples",
       "of fewer than training_examples has, the first of these are there, of more, what "
       "max_train=examples gives; there single examples leave and nothing else is measured"},
      {"training_stops_short_by",
       "|f(all) - F| / |F| over queries with F at the minima for all weights 1"},
      {"intervals",
       "95 %, bootstrap that draws training examples (or groups) and queries anew; the trainings "
       "stay"}};
  for (const FourierResult& r : done) run["tasks"][r.settings.name] = task_json(r);
}

std::string fourier_table(const FourierResult& r) {
  Table table({"p", "exact", "predicted by", "slope", "Pearson", "Spearman", "relative error"});
  table.title(fmt::format("\n{}: {} of {} queries, {} training examples, {}",
                          r.settings.name,
                          output_name(r.output),
                          r.queries,
                          r.examples,
                          r.model));
  for (const double p : r.rates) {
    const FourierComparison& weight = *r.find("weight", p);
    table_row(table, weight, "a_i", "w1", "F_i at w = 1");
    table_row(table, weight, "", "w1_second", "second order");
    table_row(table, weight, "", "wp", "F_i at w = p");
    if (p != 0.5) table_row(table, weight, "", "wp_second", "second order");
  }
  table.rule();
  const FourierComparison &pair = *r.find("pair", r.p), &mean = *r.find("mean", r.p);
  table_row(table, pair, "pairs", "full", "F_ij at w = p");
  table_row(table, pair, "", "without_third", "without third derivative");
  table_row(table, pair, "", "output", "output's curvature alone");
  table_row(table, *r.find("b1", r.p), "B_1", "wp", "F_i at w = p");
  table_row(table, *r.find("b2", r.p), "B_2", "full", "F_ij at w = p");
  table_row(table, mean, "E f", "wp", "F at w = p");
  table_row(table, mean, "", "wp_second", "second order");
  table.footnote(
      "a_i: datamodel weights; pairs: f^({i,j}) / (p (1 - p)); slope: exact on predicted");
  if (r.minima_one == 0 || r.minima_rate == 0)
    table.footnote("undefined: training led to no minimum; raise epochs or weight_decay");
  return table.text();
}

std::string group_table(const FourierResult& r) {
  Table table({"group size",
               "first order",
               "second, no third",
               "second order",
               "renormalised: 1st",
               "second, no third",
               "second order"});
  table.title(
      fmt::format("\n{}: relative error of what groups change when they leave", r.settings.name));
  for (Index k = 1; k <= r.examples; ++k) {
    std::vector<std::string> cells = {std::to_string(k)};
    for (const char* quantity : {"removal", "renormalised"})
      if (const FourierComparison* c = r.find(quantity, 0, k))
        for (const char* method : {"first", "second_without_third", "second"})
          cells.push_back(to_string(relative_error(*c, method), 3));
    if (cells.size() == 7) table.row(cells);
  }
  return table.text() + size_table(r);
}

}  // namespace leaveout
