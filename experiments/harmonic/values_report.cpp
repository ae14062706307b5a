// SPDX-License-Identifier: MIT
#include "experiments/harmonic/values_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "experiments/harmonic/over_queries.h"
#include "experiments/support/table.h"

namespace leaveout {

using Eigen::VectorXd;
using Json = nlohmann::ordered_json;

namespace {

constexpr double kTie = 1e-7;  // in units of the largest |f|

constexpr std::array<const char*, 9> kTitles = {"Shapley",
                                                "Banzhaf",
                                                "datamodel",
                                                "leave-one-out",
                                                "add-one",
                                                "Beta(16, 1)",
                                                "Beta(1, 16)",
                                                "influence, w = 1",
                                                "influence, w = p"};

using Correlation = std::optional<double> (*)(const VectorXd&, const VectorXd&);

/// Values closer than what solvers leave are ties for a rank correlation: examples that play the
/// same part, or none, are equal in theory.
VectorXd without_rounding(const VectorXd& values, double scale) {
  const double unit = kTie * scale;
  return unit > 0 ? VectorXd((values / unit).array().round() * unit) : values;
}

std::optional<double> correlate(
    const ValuesResult& r, Correlation how, ValueKind a, ValueKind b, Index query) {
  const auto values = [&](ValueKind kind) {
    return without_rounding(r.of(kind).row(query).transpose(), r.largest(query));
  };
  return how(values(a), values(b));
}

/// Deviation by noise over deviation of the values from their mean over examples.
std::optional<double> relative_noise(const ValuesResult& r, ValueKind kind, Index query) {
  const VectorXd v = r.of(kind).row(query).transpose();
  const double spread = (v.array() - v.mean()).matrix().squaredNorm();
  if (r.repeats < 2 || !(spread > 0)) return {};
  const double noise = r.noise[static_cast<std::size_t>(kind)](query);
  return std::sqrt(noise * static_cast<double>(v.size()) / spread);
}

bool is_semivalue(ValueKind kind) {
  return kind <= ValueKind::beta_1_16;
}

Json task_json(const ValuesResult& r) {
  Json j;
  j["model"] = r.model;
  j["parameters"] = r.parameters;
  j["training_examples"] = r.rows;
  j["queries"] = r.queries();
  j["trainings_of_a_subset"] = r.repeats;
  j["weight_decay"] = r.settings.weight_decay;
  j["output"] = output_name(r.output);
  j["p"] = r.p;
  j["not_converged"] = r.unconverged;
  return j;
}

}  // namespace

std::string value_title(ValueKind kind) {
  return kTitles[static_cast<std::size_t>(kind)];
}

Estimate agreement_of(const ValuesResult& r, ValueKind a, ValueKind b) {
  Estimate e = over_queries(r.queries(), [&](Index q) { return correlate(r, spearman, a, b, q); });
  e.low = std::max(e.low, -1.0);
  e.high = std::min(e.high, 1.0);
  return e;
}

Estimate nearness(const ValuesResult& r, ValueKind to, ValueKind a, ValueKind b) {
  return over_queries(r.queries(), [&](Index q) -> std::optional<double> {
    const auto x = correlate(r, spearman, to, a, q), y = correlate(r, spearman, to, b, q);
    return x && y ? std::optional(*x - *y) : std::nullopt;
  });
}

Estimate noise_ratio(const ValuesResult& r, ValueKind a, ValueKind b) {
  const VectorXd& x = r.noise[static_cast<std::size_t>(a)];
  const VectorXd& y = r.noise[static_cast<std::size_t>(b)];
  return over_queries(r.queries(), [&](Index q) -> std::optional<double> {
    return y(q) > 0 ? std::optional(x(q) / y(q)) : std::nullopt;
  });
}

RunsLayout values_layout() {
  return {.columns = {"task", "query", "metric", "first", "second", "example", "value"},
          .keys = {"task", "metric", "first", "second", "example"}};
}

void write_rows(const ValuesResult& r, Results& results) {
  const std::vector<ValueKind> known = r.known();
  for (Index q = 0; q < r.queries(); ++q) {
    const auto row = [&](const char* metric,
                         const std::string& first,
                         const std::string& second,
                         const Cell& example,
                         const Cell& value) {
      results.row({r.settings.name, q, metric, first, second, example, value});
    };
    for (std::size_t a = 0; a < known.size(); ++a) {
      const std::string first = value_name(known[a]);
      for (Index i = 0; i < r.examples(); ++i)
        row("value", first, "", r.rows[static_cast<std::size_t>(i)], r.of(known[a])(q, i));
      for (std::size_t b = a + 1; b < known.size(); ++b) {
        const std::string second = value_name(known[b]);
        row("spearman", first, second, "", correlate(r, spearman, known[a], known[b], q));
        row("pearson", first, second, "", correlate(r, pearson, known[a], known[b], q));
      }
      if (r.repeats > 1 && is_semivalue(known[a]))
        row("relative_noise", first, "", "", relative_noise(r, known[a], q));
    }
    const double sum = r.of(ValueKind::shapley).row(q).sum();
    row("total", "", "", "", r.total(q));
    row("efficiency_error", "shapley", "", "", std::abs(sum - r.total(q)));
    row("integral_error", "shapley", "datamodel", "", r.integral_error(q));
    row("half_error", "banzhaf", "datamodel", "", r.banzhaf_error(q));
    row("beta_error", "shapley", "", "", r.beta_error(q));
  }
}

void describe(const std::vector<ValuesResult>& done, Results& results) {
  Json& run = results.run();
  run["conventions"] = {
      {"subsets",
       "the model minimises (1/N) sum over the subset of the loss + weight_decay / 2 |theta|^2, so "
       "that leaving out keeps 1/N; without examples theta = 0"},
      {"values",
       "of the training example (a row of the data, from 0) to a query's output; positive: "
       "including it raises the output"},
      {"shapley", "mean of f(S + i) - f(S) over all orders in which the examples can join"},
      {"banzhaf", "mean over all subsets S of the others"},
      {"datamodel", "mean over random S, each other example in with probability p"},
      {"loo, add_one", "f(all) - f(all but i), and f({i}) - f(none)"},
      {"beta_16_1, beta_1_16",
       "Beta-Shapley of (alpha, beta): the mean of the datamodel over p with density Beta(beta, "
       "alpha); (16, 1) counts small subsets most, (1, 16) large ones"},
      {"influence_w1, influence_wp",
       "derivative of the output in the weight of i, where all weights are 1, and p"},
      {"spearman, pearson",
       "between two kinds over the training examples, one number a query; values closer than 1e-7 "
       "of the largest |f| are ties"},
      {"relative_noise",
       "standard deviation by training noise over the values' own over the examples; networks with "
       "several seeds only"},
      {"total", "f(all) - f(none)"},
      {"efficiency_error", "|sum of the Shapley values - total|"},
      {"integral_error",
       "largest difference between Shapley and Gauss-Legendre's integral over p of the datamodel "
       "weights, which is exact"},
      {"half_error", "largest difference between Banzhaf and the datamodel weights at p = 1/2"},
      {"beta_error", "largest difference between Shapley and Beta-Shapley of (1, 1)"},
      {"intervals",
       "95 %, Student's t over queries (of correlations cut off at 1), for these training "
       "examples: all queries share their "
       "trainings"}};
  for (const ValuesResult& r : done) run["tasks"][r.settings.name] = task_json(r);
}

std::string agreement_table(const ValuesResult& r) {
  const std::vector<ValueKind> known = r.known();
  std::vector<std::string> columns = {"Spearman"};
  for (const ValueKind kind : known)
    if (kind != ValueKind::shapley) columns.push_back(value_title(kind));
  if (r.repeats > 1) columns.push_back("noise");
  Table table(columns);
  table.title(fmt::format("\n{}: values of {} examples to the {} of {} queries at p = {:g}, {}",
                          r.settings.name,
                          r.examples(),
                          output_name(r.output),
                          r.queries(),
                          r.p,
                          r.model));
  for (const ValueKind a : known) {
    std::vector<std::string> cells = {value_title(a)};
    for (const ValueKind b : known)
      if (b != ValueKind::shapley)
        cells.push_back(b > a ? to_string(agreement_of(r, a, b)) : b == a ? "-" : "");
    if (r.repeats > 1)
      cells.push_back(is_semivalue(a)
                          ? to_string(over_queries(
                                r.queries(), [&](Index q) { return relative_noise(r, a, q); }))
                          : "");
    table.row(cells);
  }
  table.footnote(
      "rank correlation over the training examples, mean over queries with 95 % interval");
  if (r.repeats > 1)
    table.footnote(fmt::format(
        "noise: deviation by the {} trainings of a subset, over the values' own deviation",
        r.repeats));
  if (r.unconverged > 0)
    table.footnote(fmt::format(
        "{} of the trainings did not reach the tolerance: raise max_iterations or weight_decay",
        r.unconverged));
  return table.text();
}

}  // namespace leaveout
