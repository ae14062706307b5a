// SPDX-License-Identifier: MIT
#include "experiments/harmonic/group_influence_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "experiments/harmonic/over_queries.h"
#include "experiments/support/panel_figure.h"
#include "experiments/support/table.h"

namespace leaveout {

using Eigen::VectorXd;
using Json = nlohmann::ordered_json;

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

std::string relative_cell(const GroupResult& r, const GroupChoice& choice) {
  return to_string(over_queries(by_query(r, choice, &GroupEffects::relative)));
}

Panel panel(const GroupResult& r, QueryOutput output) {
  Panel p;
  p.title = fmt::format("{}, {}", r.settings.name, output_name(output));
  p.x = {.label = "group size"};
  p.y = {.label = "relative defect", .include = {0}};
  for (const GroupKind kind : kGroupKinds) {
    Series s{.name = group_kind_name(kind)};
    for (const Index size : sizes_of(r, kind)) {
      const Estimate e =
          over_queries(by_query(r, {output, r.p, kind, size}, &GroupEffects::relative));
      if (!e.value) continue;
      s.x.push_back(static_cast<double>(size));
      s.y.push_back(*e.value);
      s.low.push_back(e.resamples > 0 ? e.low : kNone);
      s.high.push_back(e.resamples > 0 ? e.high : kNone);
    }
    if (!s.x.empty()) p.series.push_back(std::move(s));
  }
  return p;
}

Panel toy_panel(const std::vector<ToyCluster>& toys) {
  Panel p;
  p.title = "clusters of duplicates";
  p.x = {.label = "group size"};
  p.y = {.label = "sum of weights / effect", .include = {0}};
  p.references = {horizontal_line(1, "adds up")};
  constexpr std::pair<const char*, const char*> kTitles[] = {{"one", "one suffices"},
                                                             {"half", "half are needed"},
                                                             {"log_odds", "log-odds"},
                                                             {"sigmoid", "their probability"}};
  for (const auto& [name, title] : kTitles) {
    Series s{.name = title};
    for (const ToyCluster& toy : toys) {
      if (toy.name != name) continue;
      s.x.push_back(static_cast<double>(toy.size));
      s.y.push_back(toy.sum / toy.effect);
    }
    p.series.push_back(std::move(s));
  }
  return p;
}

}  // namespace

VectorXd by_query(const GroupResult& r, const GroupChoice& choice, const GroupMetric& metric) {
  VectorXd sum = VectorXd::Zero(r.queries), count = sum;
  for (const GroupEffects& e : r.groups) {
    if (GroupChoice{e.output, e.p, e.kind, e.size} != choice) continue;
    if (const std::optional<double> value = metric(e)) {
      sum(e.query) += *value;
      count(e.query) += 1;
    }
  }
  return (count.array() > 0).select(sum.array() / count.array(), kNone);
}

Estimate over_queries(const VectorXd& values) {
  return over_queries(values.size(), [&](Index q) {
    return std::isfinite(values(q)) ? std::optional(values(q)) : std::nullopt;
  });
}

std::vector<Index> sizes_of(const GroupResult& r, GroupKind kind) {
  std::set<Index> sizes;
  for (const GroupEffects& e : r.groups)
    if (e.kind == kind) sizes.insert(e.size);
  return {sizes.begin(), sizes.end()};
}

RunsLayout group_layout() {
  return {.columns = {"task", "output", "p", "kind", "size", "group", "query", "metric", "value"},
          .keys = {"task", "output", "p", "kind", "size", "metric"}};
}

void write_rows(const GroupResult& r, Results& results) {
  for (const GroupEffects& e : r.groups) {
    const auto row = [&](const char* metric, const Cell& value) {
      results.row({r.settings.name,
                   output_name(e.output),
                   e.p,
                   group_kind_name(e.kind),
                   e.size,
                   e.number,
                   e.query,
                   metric,
                   value});
    };
    row("effect", e.effect);
    row("sum_of_weights", e.sum);
    row("defect", e.defect);
    row("relative_defect", e.relative());
    row("defect_of_pairs", e.degree_two);
    row("bound", e.bound);
    row("addition", e.addition);
    row("deletion", e.deletion);
    row("removal", e.removal);
    row("relative_removal_defect", e.relative_removal());
  }
}

void write_rows(const std::vector<ToyCluster>& toys, Results& results) {
  for (const ToyCluster& toy : toys) {
    const auto row = [&](const char* metric, double value) {
      results.row({"toy", toy.name, 0.5, "duplicates", toy.size, 0, "", metric, value});
    };
    row("effect", toy.effect);
    row("sum_of_weights", toy.sum);
  }
}

void describe(const std::vector<GroupResult>& done, Results& results) {
  Json& run = results.run();
  run["conventions"] = {
      {"effect", "E f(R with the group) - E f(R without it), R a random subset at rate p"},
      {"sum_of_weights", "of the members' datamodel weights at p: what adding up would give"},
      {"defect", "effect - sum_of_weights: coefficients of degree two and more in the group"},
      {"relative_defect", "|defect| / sum of the members' |weights|"},
      {"defect_of_pairs", "the part of degree two: 0 at p = 1/2, where only odd degrees count"},
      {"bound", "Cauchy-Schwarz, of |defect|"},
      {"addition, deletion", "E f(R with the group) - E f(R), E f(R without it) - E f(R)"},
      {"removal", "f(all) - f(all without the group)"},
      {"relative_removal_defect", "|removal - sum of the members' leave-one-outs| / |that sum|"},
      {"kinds",
       "duplicates: copies of the first example; similar: an example and its nearest neighbours "
       "of the same class while there are any, of inputs as the model sees them; random: in random "
       "order"},
      {"toy", "clusters without training at p = 1/2: see the table"}};
  for (const GroupResult& r : done)
    run["tasks"][r.settings.name] = {{"model", r.model},
                                     {"training_examples", r.examples},
                                     {"queries", r.queries},
                                     {"trainings_of_a_subset", r.repeats},
                                     {"p", r.p},
                                     {"not_converged", r.unconverged}};
}

std::string group_table(const GroupResult& r) {
  std::vector<std::string> columns = {"output", "p", "kind"};
  std::set<Index> sizes;
  for (const GroupKind kind : kGroupKinds)
    for (const Index size : sizes_of(r, kind)) sizes.insert(size);
  for (const Index size : sizes) columns.push_back(fmt::format("size {}", size));
  Table table(columns);
  table.title(fmt::format(
      "\n{}: do groups add up? {} of {} examples", r.settings.name, r.model, r.examples));
  std::set<double> rates;
  for (const GroupEffects& e : r.groups) rates.insert(e.p);
  for (const QueryOutput output : r.outputs) {
    for (const double p : rates)
      for (const GroupKind kind : kGroupKinds) {
        const std::vector<Index> here = sizes_of(r, kind);
        if (here.empty()) continue;
        std::vector<std::string> cells = {
            output_name(output), fmt::format("{:g}", p), group_kind_name(kind)};
        for (const Index size : sizes)
          cells.push_back(std::find(here.begin(), here.end(), size) == here.end()
                              ? "-"
                              : relative_cell(r, {output, p, kind, size}));
        table.row(cells);
      }
    if (output != r.outputs.back()) table.rule();
  }
  table.footnote("|effect of the group - sum of its members' weights| / sum of |weights|");
  table.footnote(
      "means over groups and queries; intervals: 95 %, Student's t over queries of one training "
      "set");
  if (r.unconverged > 0)
    table.footnote(fmt::format("{} trainings did not converge", r.unconverged));
  return table.text();
}

std::string toy_table(const std::vector<ToyCluster>& toys) {
  Table table({"cluster", "size", "effect of the group", "sum of weights"});
  table.title("\nClusters of duplicates at p = 1/2, without training");
  for (const ToyCluster& toy : toys)
    if (toy.size == 10)
      table.row(
          {toy.name, "10", fmt::format("{:.6g}", toy.effect), fmt::format("{:.6g}", toy.sum)});
  table.footnote("one: one suffices; half: half are needed; sigmoid: the probability of log_odds");
  return table.text();
}

void draw(const std::vector<GroupResult>& done,
          const std::vector<ToyCluster>& toys,
          const std::filesystem::path& folder) {
  PanelFigure figure;
  figure.name = "group-influence";
  for (const GroupResult& r : done)
    for (std::size_t k = 0; k < std::min<std::size_t>(2, r.outputs.size()); ++k)
      figure.panels.push_back(panel(r, r.outputs[k]));  // log-odds are in the table
  figure.panels.push_back(toy_panel(toys));
  figure.columns = 3;
  figure.footnotes = {
      "Relative defect: |effect of the group - sum of its members' weights| / sum of |weights|, at "
      "the task's p.",
      "Error bars: 95 %, Student's t over queries. Clusters: p = 1/2, no training."};
  write_panel_figure(folder, figure);
}

}  // namespace leaveout
