// SPDX-License-Identifier: MIT
#include "experiments/memorization/selective_removal_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "experiments/support/table.h"
#include "influence/metrics/student.h"

namespace leaveout {

using Eigen::VectorXd;
using Json = nlohmann::ordered_json;

namespace {

/// Share of a group that was removed.
template <PlantedGroup group>
std::optional<double> removed_of(const RemovalArm& arm) {
  return arm.of_group[static_cast<std::size_t>(group)];
}

struct NamedMetric {
  const char* name;
  std::optional<double> (*of)(const RemovalArm&);
};

constexpr std::array<NamedMetric, 10> kMetrics = {{
    {"accuracy", accuracy_of},
    {"loss", [](const RemovalArm& a) { return std::optional(a.loss); }},
    {"rare_accuracy", [](const RemovalArm& a) { return a.rare_accuracy; }},
    {"removed", [](const RemovalArm& a) { return std::optional(a.removed); }},
    {"removed_mislabelled", removed_of<PlantedGroup::mislabelled>},
    {"removed_rare", removed_of<PlantedGroup::rare>},
    {"removed_duplicate", removed_of<PlantedGroup::duplicate>},
    {"removed_typical", removed_of<PlantedGroup::typical>},
    {"epochs", [](const RemovalArm& a) { return std::optional(a.epochs); }},
    {"factorisations",
     [](const RemovalArm& a) { return std::optional(static_cast<double>(a.factorisations)); }},
}};

RemovalMetric metric(const std::string& name) {
  for (const NamedMetric& m : kMetrics)
    if (name == m.name) return m.of;
  return {};
}

std::optional<double> value_of(const RemovalSeed& seed,
                               const std::string& method,
                               std::optional<double> fraction,
                               const RemovalMetric& metric) {
  const RemovalArm* arm = find_arm(seed, method, fraction);
  return arm ? metric(*arm) : std::nullopt;
}

Estimate interval_of(const std::vector<double>& values) {
  return mean_interval(
      Eigen::Map<const VectorXd>(values.data(), static_cast<Index>(values.size())));
}

std::string percent(const Estimate& e) {
  return e.value ? fmt::format("{:.0f} %", 100 * *e.value) : "-";
}

std::string plain(const Estimate& e, int decimals) {
  return e.value ? fmt::format("{:.{}f}", *e.value, decimals) : "-";
}

/// Method and fraction of each row of a table: online, its own threshold, rankings, nothing.
std::vector<std::string> table_methods() {
  std::vector<std::string> methods = {kOnline};
  methods.insert(methods.end(), kRemovalRankings.begin(), kRemovalRankings.end());
  return methods;
}

Json checks_json(const RemovalSeed& s) {
  return {{"seed", s.seed},
          {"examples",
           {{"typical", s.groups[0]},
            {"mislabelled", s.groups[1]},
            {"rare", s.groups[2]},
            {"duplicate", s.groups[3]}}},
          {"online_trainings", s.checks.trainings},
          {"factorisations", s.checks.factorisations},
          {"periods", s.checks.periods},
          {"wrong_weights", s.checks.wrong_weights},
          {"over_cap", s.checks.over_cap},
          {"missed_cap", s.checks.missed_cap},
          {"cap_of_0_changes_no_bit", s.same_bits}};
}

}  // namespace

std::optional<double> accuracy_of(const RemovalArm& arm) {
  return arm.accuracy;
}

Estimate mean_of(const RemovalResult& r,
                 const std::string& method,
                 std::optional<double> fraction,
                 const RemovalMetric& metric) {
  std::vector<double> values;
  for (const RemovalSeed& s : r.seeds)
    if (const auto value = value_of(s, method, fraction, metric)) values.push_back(*value);
  return interval_of(values);
}

Estimate difference(const RemovalResult& r,
                    const std::string& method,
                    const std::string& against,
                    std::optional<double> fraction,
                    const RemovalMetric& metric) {
  std::vector<double> values;
  for (const RemovalSeed& s : r.seeds) {
    const auto one = value_of(s, method, fraction, metric);
    const auto other = value_of(s, against, fraction, metric);
    if (one && other) values.push_back(*one - *other);
  }
  return interval_of(values);
}

RunsLayout selective_removal_layout() {
  return {.columns = {"task", "seed", "method", "fraction", "metric", "value"},
          .keys = {"task", "method", "fraction", "metric"}};
}

void write_rows(const RemovalResult& r, Results& results) {
  for (const RemovalSeed& s : r.seeds)
    for (const RemovalArm& arm : s.arms)
      for (const NamedMetric& m : kMetrics)
        if (const auto value = m.of(arm))
          results.row({r.settings.name,
                       static_cast<std::int64_t>(s.seed),
                       arm.method,
                       Cell(arm.fraction),
                       m.name,
                       *value});
}

void describe(const std::vector<RemovalResult>& done, Results& results) {
  Json& run = results.run();
  run["definitions"] = kWhoseDefinitions;
  run["conventions"] = {
      {"removal",
       "weight 0, the others keep 1/N; offline rankings are made once, and the network is trained "
       "again from the same start and on the same batches; the online rule decides every period, "
       "so "
       "that the network has learned from those whom it drops until then"},
      {"who goes first",
       "the highest: harm to the validation part (-Inf(i -> V)), self-influence, loss, forgetting "
       "events, EL2N, GraNd. EL2N, GraNd and forgetting events serve others to remove the easiest; "
       "here all are asked for what should not be learned"},
      {"online", "the cap is met: below-zero averages first, then the least helpful"},
      {"online_threshold", "averages below -harmful; `removed` says how many that were"},
      {"influence", "Gauss-Newton + (weight_decay + damping) I; of the head, or of all parameters"},
      {"none_with_validation", "nobody removed, and the validation part trained on as well"},
      {"oracle", "those with a wrong label first, then as random"},
      {"accuracy, loss, rare_accuracy", "of the test part, which no score sees; of rare examples"},
      {"removed_...", "share of that group of the training examples that was removed"},
      {"epochs", "gradients of examples with a weight, in units of N, scoring trainings included"},
      {"factorisations",
       "Cholesky decompositions for the scores: of the head's matrix, once a "
       "period, for online; of all parameters' for full_ and self_influence"},
      {"fraction", "asked for; empty: the rule's own threshold"},
      {"seeds",
       "each has its own split, groups, start and batches; within one all methods share "
       "them"},
      {"intervals", kRemovalIntervals}};
  for (const RemovalResult& r : done) {
    Json j = {{"judged_fraction", r.judged}};
    for (const RemovalSeed& s : r.seeds) j["seeds"].push_back(checks_json(s));
    run["tasks"][r.settings.name] = j;
  }
}

std::string arms_table(const RemovalResult& r) {
  Table table({"removed by",
               "accuracy",
               "against none",
               "against random",
               "loss",
               "wrong labels found",
               "rare lost",
               "accuracy on rare",
               "epochs",
               "Cholesky"});
  table.title(fmt::format("\n{}: {:g} % of the training examples removed, {} seeds",
                          r.settings.name,
                          100 * r.judged,
                          r.seeds.size()));
  const auto row = [&](const std::string& title,
                       const std::string& method,
                       std::optional<double> at) {
    const auto mean = [&](const char* name) { return mean_of(r, method, at, metric(name)); };
    const bool removes = at && *at > 0 && method != "random";
    table.row(
        {title,
         plain(mean("accuracy"), 3),
         method == kNothing ? "-" : to_string(difference(r, method, kNothing, at, accuracy_of), 3),
         !removes ? "-" : to_string(difference(r, method, "random", at, accuracy_of), 3),
         plain(mean("loss"), 3),
         percent(mean("removed_mislabelled")),
         percent(mean("removed_rare")),
         plain(mean("rare_accuracy"), 2),
         plain(mean("epochs"), 0),
         plain(mean("factorisations"), 0)});
  };
  for (const std::string& method : table_methods()) row(method, method, r.judged);
  row(kNothing, kNothing, 0);
  row("none, V trained on", kWithValidation, 0);
  row(fmt::format("{}: {}",
                  kOwnThreshold,
                  percent(mean_of(r, kOwnThreshold, std::nullopt, metric("removed")))),
      kOwnThreshold,
      std::nullopt);
  table.footnote("means over seeds; differences paired, 95 %, Student's t over seeds");
  table.footnote("V: the validation part, which the influences and the online rule see");
  table.footnote("epochs: gradients of examples / N, with those that scores take");
  return table.text();
}

std::string fractions_table(const RemovalResult& r) {
  std::vector<std::string> columns = {"removed by"};
  for (const double fraction : r.fractions)
    columns.push_back(fmt::format("{:g} %", 100 * fraction));
  Table table(columns);
  const Estimate none = mean_of(r, kNothing, 0, accuracy_of);
  table.title(fmt::format(
      "\n{}: test accuracy by the share removed (none: {})", r.settings.name, plain(none, 3)));
  for (const std::string& method : table_methods()) {
    std::vector<std::string> cells = {method};
    for (const double fraction : r.fractions)
      cells.push_back(plain(mean_of(r, method, fraction, accuracy_of), 3));
    table.row(cells);
  }
  return table.text();
}

}  // namespace leaveout
