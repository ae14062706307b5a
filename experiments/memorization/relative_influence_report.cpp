// SPDX-License-Identifier: MIT
#include "experiments/memorization/relative_influence_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "experiments/support/table.h"
#include "influence/metrics/student.h"

namespace leaveout {

using Eigen::VectorXd;
using Json = nlohmann::ordered_json;

namespace {

bool is_distance(const std::string& metric) {
  return metric == "input_distance" || metric == "feature_distance";
}

double largest_of(const std::string& metric) {
  return is_distance(metric) ? std::numeric_limits<double>::infinity() : 1;
}

std::optional<double> metric_of(const NameMeasures& m, const std::string& metric) {
  return m[static_cast<std::size_t>(name_metric(metric))];
}

/// The first row is what naming everyone gives.
std::string names_table(const RelativeResult& r,
                        const std::string& side,
                        const std::string& title,
                        const std::vector<std::pair<const char*, const char*>>& columns,
                        const std::vector<std::string>& footnotes) {
  std::vector<std::string> heads = {"score"};
  for (const auto& [metric, head] : columns) heads.emplace_back(head);
  Table table(heads);
  table.title(title);
  const auto add = [&](const std::string& name, const std::string& score) {
    std::vector<std::string> cells = {name};
    for (const auto& [metric, head] : columns)
      cells.push_back(to_string(names_over_seeds(r, score, side, metric)));
    table.row(cells);
  };
  add("all examples", kAllExamples);
  for (const RankingName& ranking : kNamingRankings) add(ranking.title, ranking.name);
  for (const std::string& f : footnotes) table.footnote(f);
  return table.text();
}

std::string heading(const RelativeResult& r, const std::string& what) {
  const RelativeSeed& first = r.seeds.front();
  return fmt::format("\n{}: {}, top {} of {} examples for each of {} queries, {} seeds",
                     r.settings.name,
                     what,
                     kShownLength,
                     first.examples,
                     first.queries,
                     r.seeds.size());
}

Json seed_json(const RelativeSeed& s) {
  return {{"seed", s.seed},
          {"train_accuracy", s.train_accuracy},
          {"test_accuracy", s.test_accuracy},
          {"gradient_norm", s.gradient_norm},
          {"linear_systems_converged", s.solved}};
}

}  // namespace

Estimate over_seeds(const RelativeResult& r,
                    const std::function<std::optional<double>(const RelativeSeed&)>& number,
                    double low,
                    double high) {
  std::vector<double> defined;
  for (const RelativeSeed& s : r.seeds)
    if (const std::optional<double> value = number(s)) defined.push_back(*value);
  const VectorXd values =
      Eigen::Map<const VectorXd>(defined.data(), static_cast<Index>(defined.size()));
  Estimate e = mean_interval(values);
  e.low = std::clamp(e.low, low, high);
  e.high = std::clamp(e.high, low, high);
  return e;
}

Estimate names_over_seeds(const RelativeResult& r,
                          const std::string& score,
                          const std::string& side,
                          const std::string& metric) {
  return over_seeds(
      r,
      [&](const RelativeSeed& s) {
        return metric_of(s.names_of(score, side, kShownLength), metric);
      },
      0,
      largest_of(metric));
}

Estimate difference_over_seeds(const RelativeResult& r,
                               const std::string& score,
                               const std::string& other,
                               const std::string& side,
                               const std::string& metric) {
  const double bound = largest_of(metric);
  return over_seeds(
      r,
      [&](const RelativeSeed& s) -> std::optional<double> {
        const auto a = metric_of(s.names_of(score, side, kShownLength), metric);
        const auto b = metric_of(s.names_of(other, side, kShownLength), metric);
        return a && b ? std::optional(*a - *b) : std::nullopt;
      },
      -bound,
      bound);
}

Estimate tell_over_seeds(const RelativeResult& r,
                         const std::string& score,
                         PlantedGroup group,
                         PlantedGroup from) {
  return over_seeds(
      r,
      [&](const RelativeSeed& s) -> std::optional<double> {
        for (const RelativeTelling& t : s.tells)
          if (t.score == score && t.group == group && t.from == from) return t.auc;
        return std::nullopt;
      },
      0,
      1);
}

RunsLayout relative_layout() {
  return {.columns = {"task", "seed", "score", "side", "names", "metric", "value"},
          .keys = {"task", "score", "side", "names", "metric"}};
}

void write_rows(const RelativeResult& r, Results& results) {
  for (const RelativeSeed& s : r.seeds) {
    const auto row = [&](const std::string& score,
                         const std::string& side,
                         const Cell& names,
                         const std::string& metric,
                         const Cell& value) {
      results.row(
          {r.settings.name, static_cast<std::int64_t>(s.seed), score, side, names, metric, value});
    };
    for (const NamedRow& named : s.rows)
      for (std::size_t m = 0; m < kNameMetrics.size(); ++m)
        row(named.score, named.side, named.length, kNameMetrics[m], named.measures[m]);
    for (const RelativeTelling& t : s.tells)
      row(t.score,
          "",
          "",
          fmt::format("auc_{}_{}", planted_group_name(t.group), planted_group_name(t.from)),
          t.auc);
    row("ratio", "", "", "reference_helps", s.reference_helps);
    row("model", "", "", "train_accuracy", s.train_accuracy);
    row("model", "", "", "test_accuracy", s.test_accuracy);
  }
}

void describe(const std::vector<RelativeResult>& done, Results& results) {
  Json& run = results.run();
  run["definitions"] = kWhoseDefinitions;
  run["conventions"] = {
      {"influence",
       "of a training example on a test query's loss, g_t' H^-1 g_i / N; positive: the example "
       "helps. H: the curvature chosen, of all parameters, with weight decay and damping, by one "
       "dense factorisation"},
      {"theta_relatif, loss_relatif",
       "influence over |H^-1 g_i| and over sqrt(g_i' H^-1 g_i), after Barshan, Brunet, Dziugaite "
       "(2020)"},
      {"ratio", "influence over that of the example with the largest mean |influence|"},
      {"per_self", "influence over the example's self-influence"},
      {"shares, cosine", "order the examples as influence and loss_relatif do (checked)"},
      {"side", "helpful: the largest scores of a query, harmful: the smallest"},
      {"names", "how many examples are named for each query; score all: everyone is named"},
      {"outliers", "among the tenth of the examples with the largest self-influence"},
      {"isolated",
       "among the tenth farthest, in the inputs, from their fifth neighbour of the same label"},
      {"same_class, misfit",
       "their label is the query's; the network reads them as another class than their label"},
      {"rare_of_rare", "share of rare examples among those named for rare queries"},
      {"input_distance, feature_distance",
       "of example and query, over the median of the training examples of the query's class; "
       "features: what the last layer sees"},
      {"distinct", "different examples named, over the most there could be"},
      {"auc_A_B",
       "P(the score of an A is above that of a B); low_benefit: -Inf(i -> V) / Inf(i -> i), harm: "
       "-Inf(i -> V), V: the validation examples"},
      {"seeds", "each has its own data (or split), groups, initialisation and batches"},
      {"intervals", kRelativeIntervals}};
  for (const RelativeResult& r : done) {
    Json j = {{"model", r.seeds.front().model}, {"parameters", r.seeds.front().parameters}};
    for (const RelativeSeed& s : r.seeds) j["seeds"].push_back(seed_json(s));
    run["tasks"][r.settings.name] = j;
  }
}

std::string groups_table(const RelativeResult& r) {
  const std::vector<std::pair<const char*, const char*>> columns = {{"mislabelled", "mislabelled"},
                                                                    {"rare", "rare"},
                                                                    {"duplicate", "duplicate"},
                                                                    {"typical", "typical"},
                                                                    {"outliers", "outliers"},
                                                                    {"isolated", "isolated"}};
  return names_table(r, "helpful", heading(r, "who is called helpful"), columns, {}) +
         names_table(r,
                     "harmful",
                     heading(r, "who is called harmful"),
                     columns,
                     {"shares of those named; outliers: the tenth of largest self-influence;",
                      "isolated: the tenth farthest from their fifth neighbour of the same label"});
}

std::string neighbours_table(const RelativeResult& r) {
  return names_table(
      r,
      "helpful",
      heading(r, "how near the helpful ones are"),
      {{"same_class", "query's class"},
       {"input_distance", "input distance"},
       {"feature_distance", "feature distance"},
       {"distinct", "distinct"},
       {"misfit", "misfit"},
       {"rare_of_rare", "rare, of rare queries"}},
      {"distance to the query over the median of its class: below 1 is nearer than that;",
       "distinct: different names, of as many as there could be; misfit: wrongly classified"});
}

std::string tells_table(const RelativeResult& r) {
  Table table({"score",
               "mislabelled, typical",
               "rare, typical",
               "mislabelled, rare",
               "duplicate, typical"});
  table.title(fmt::format("\n{}: AUC of the first group above the second", r.settings.name));
  const std::pair<const char*, const char*> scores[] = {
      {"low_benefit", "low benefit ratio"}, {"harm", "harm"}, {"self_influence", "self-influence"}};
  using G = PlantedGroup;
  for (const auto& [score, title] : scores)
    table.row({title,
               to_string(tell_over_seeds(r, score, G::mislabelled, G::typical)),
               to_string(tell_over_seeds(r, score, G::rare, G::typical)),
               to_string(tell_over_seeds(r, score, G::mislabelled, G::rare)),
               to_string(tell_over_seeds(r, score, G::duplicate, G::typical))});
  table.footnote(
      "benefit ratio: influence on the validation loss over self-influence; harm: minus");
  table.footnote("the influence on the validation loss; " + std::string(kRelativeIntervals));
  return table.text();
}

}  // namespace leaveout
