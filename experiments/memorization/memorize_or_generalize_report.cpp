// SPDX-License-Identifier: MIT
#include "experiments/memorization/memorize_or_generalize_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "datasets/npy.h"
#include "experiments/support/table.h"
#include "influence/metrics/ranking.h"
#include "influence/metrics/student.h"

namespace leaveout {

using Eigen::VectorXd;
using Json = nlohmann::ordered_json;

namespace {

constexpr std::array<SignCall, 3> kCalls = {
    SignCall::memorize, SignCall::neutral, SignCall::generalize};

/// What `memorized` is made of says nothing of how well it is found.
std::optional<double> target_auc(const ExampleScores& s, Index column, const AucTarget& target) {
  const VectorXd scores = s.scores.col(column);
  if (!target.memorized) return auc(scores, s.groups, target.group, target.against);
  if (column == score_column("memorized")) return std::nullopt;
  return Ranking(merge_ties(scores), s.memorized()).auc();
}

const HeldOutSigns& signs_of(const ExampleScores& s, bool head) {
  return head ? s.head_signs : s.signs;
}

std::optional<double> opposed_share(const ExampleScores& s, PlantedGroup group) {
  const VectorXd opposed = s.scores.col(score_column("opposed"));
  Index members = 0, opposite = 0;
  for (std::size_t i = 0; i < s.groups.size(); ++i) {
    if (s.groups[i] != group) continue;
    ++members;
    if (opposed(static_cast<Index>(i)) > 0) ++opposite;
  }
  if (members == 0) return std::nullopt;
  return static_cast<double>(opposite) / static_cast<double>(members);
}

constexpr std::array<const char*, 9> kMainScores = {"self_influence",
                                                    "harm",
                                                    "memorized",
                                                    "inconsistency",
                                                    "el2n",
                                                    "grand",
                                                    "forgetting",
                                                    "loss",
                                                    "representer"};

using Row =
    std::function<void(const char* score, const char* metric, const Cell& group, const Cell&)>;

void write_calls(const ExampleScores& s, bool head, const Row& row) {
  const HeldOutSigns& signs = signs_of(s, head);
  const char* name = head ? "head_sign" : "sign";
  for (const PlantedGroup group : kGroupsInOrder)
    for (const SignCall call : kCalls)
      row(name,
          ("called_" + call_name(call)).c_str(),
          planted_group_name(group),
          call_share(signs.calls, s.groups, group, call));
  row(name, "calls", "", calls_made(signs));
  row(name, "calls_by_chance", "", signs.expected_by_chance);
}

void write_flagged(const ExampleScores& s, Index column, const Row& row) {
  for (const TopOfScore& top : {kTopMislabelled, kTopRare})
    for (const PlantedGroup group : kGroupsInOrder)
      row(kScores[static_cast<std::size_t>(column)],
          top.metric,
          planted_group_name(group),
          flagged_share(s, column, top, group));
}

Json seed_json(const ExampleScores& s) {
  Json j = {{"seed", s.seed},
            {"test_accuracy", s.test_accuracy},
            {"theta_is_the_exact_minimum", s.stationary},
            {"gradient_norm", s.gradient_norm},
            {"gap_of_the_two_sums", s.gap},
            {"solutions_converged", s.solved},
            {"subsets_not_converged", s.unconverged}};
  for (const PlantedGroup group : kGroupsInOrder)
    j["examples"][planted_group_name(group)] = count_of(s, group);
  return j;
}

}  // namespace

Estimate over_seeds(const MemorizeResult& r,
                    const std::function<std::optional<double>(const ExampleScores&)>& number,
                    double low,
                    double high) {
  std::vector<double> defined;
  for (const ExampleScores& s : r.seeds)
    if (const std::optional<double> value = number(s)) defined.push_back(*value);
  const VectorXd values =
      Eigen::Map<const VectorXd>(defined.data(), static_cast<Index>(defined.size()));
  Estimate e = mean_interval(values);
  e.low = std::clamp(e.low, low, high);
  e.high = std::clamp(e.high, low, high);
  return e;
}

Estimate auc_over_seeds(const MemorizeResult& r, Index column, const AucTarget& target) {
  return over_seeds(r, [&](const ExampleScores& s) { return target_auc(s, column, target); });
}

Estimate flagged_over_seeds(const MemorizeResult& r,
                            Index column,
                            const TopOfScore& top,
                            PlantedGroup group) {
  return over_seeds(r,
                    [&](const ExampleScores& s) { return flagged_share(s, column, top, group); });
}

std::optional<double> flagged_share(const ExampleScores& s,
                                    Index column,
                                    const TopOfScore& top,
                                    PlantedGroup group) {
  return flagged_share(s.scores.col(column), s.groups, count_of(s, top.as_many_as), group);
}

Index count_of(const ExampleScores& s, PlantedGroup group) {
  return std::count(s.groups.begin(), s.groups.end(), group);
}

Index calls_made(const HeldOutSigns& signs) {
  return signs.count(SignCall::memorize) + signs.count(SignCall::generalize);
}

RunsLayout memorize_layout() {
  return {.columns = {"task", "seed", "score", "metric", "group", "value"},
          .keys = {"task", "score", "metric", "group"}};
}

void write_rows(const MemorizeResult& r, Results& results) {
  for (const ExampleScores& s : r.seeds) {
    const Row row =
        [&](const char* score, const char* metric, const Cell& group, const Cell& value) {
          results.row(
              {r.settings.name, static_cast<std::int64_t>(s.seed), score, metric, group, value});
        };
    for (Index column = 0; column < static_cast<Index>(kScores.size()); ++column) {
      for (const AucTarget& target : kAucTargets)
        row(kScores[static_cast<std::size_t>(column)],
            target.metric,
            target.memorized ? std::string() : planted_group_name(target.group),
            target_auc(s, column, target));
      write_flagged(s, column, row);
    }
    write_calls(s, false, row);
    write_calls(s, true, row);
    for (const PlantedGroup group : kGroupsInOrder)
      row("opposed", "share_opposed", planted_group_name(group), opposed_share(s, group));
    row("model", "test_accuracy", "", s.test_accuracy);
  }
}

void write_arrays(const MemorizeResult& r, const std::filesystem::path& folder) {
  for (const ExampleScores& s : r.seeds) {
    const auto path = [&](const char* name) {
      return (folder / fmt::format("{}_seed{}.npy", name, s.seed)).string();
    };
    std::vector<std::int64_t> groups, calls;
    for (const PlantedGroup group : s.groups) groups.push_back(static_cast<std::int64_t>(group));
    for (const SignCall call : s.signs.calls) calls.push_back(static_cast<std::int64_t>(call));
    write_npy(path("scores"), s.scores);
    write_npy_integers(path("groups"), groups);
    write_npy_integers(path("calls"), calls);
  }
}

void describe(const std::vector<MemorizeResult>& done, Results& results) {
  Json& run = results.run();
  run["definitions"] = kWhoseDefinitions;
  run["conventions"] = {
      {"influence",
       "Inf(i -> t) = (1/N) g_t' (G + (weight_decay + damping) I)^-1 g_i, positive where removing "
       "i raises the loss of t; V: the mean over the validation part; G: the Gauss-Newton matrix"},
      {"scores", kScores},
      {"direction", "every score is high where an example is expected to be one to memorize"},
      {"groups of the arrays", "0 typical, 1 mislabelled, 2 rare, 3 duplicate"},
      {"calls of the arrays", "-1 memorize, 0 neutral, 1 generalize"},
      {"sign",
       "called where the 95 % bootstrap interval over validation examples is on one side of zero; "
       "calls_by_chance: 5 % of the examples"},
      {"memorized", "on itself, over trainings on 0.7 N examples; auc_memorized: above 0.25"},
      {"flagged_as_many_as_mislabelled, flagged_as_many_as_rare",
       "share of a group among the highest scores, as many as there are planted examples of that "
       "kind; of equal scores any are as likely; by chance their share of all examples"},
      {"representer",
       "size of an example's coefficient at its class, of a last layer retrained on the labels "
       "with "
       "lambda = 0.003 (Yeh et al. 2018); trained on the network's own outputs it would not know "
       "which labels are wrong"},
      {"theta", "convex models: the exact minimum; networks: where the protocol ends"},
      {"seeds", "each has its own split, groups and trainings"}};
  for (const MemorizeResult& r : done) {
    Json j = {{"model", r.seeds.front().model}, {"parameters", r.seeds.front().parameters}};
    for (const ExampleScores& s : r.seeds) j["seeds"].push_back(seed_json(s));
    run["tasks"][r.settings.name] = j;
  }
}

std::string auc_table(const MemorizeResult& r) {
  std::vector<std::string> columns = {"score"};
  for (const AucTarget& target : kAucTargets) columns.emplace_back(target.title);
  Table table(columns);
  const ExampleScores& first = r.seeds.front();
  table.title(fmt::format("\n{}: AUC, {} examples, {} parameters, {} seeds",
                          r.settings.name,
                          first.groups.size(),
                          first.parameters,
                          r.seeds.size()));
  for (Index column = 0; column < static_cast<Index>(kScores.size()); ++column) {
    std::vector<std::string> cells = {kScores[static_cast<std::size_t>(column)]};
    for (const AucTarget& target : kAucTargets)
      cells.push_back(to_string(auc_over_seeds(r, column, target)));
    table.row(cells);
  }
  table.footnote(
      "above 0.5: the group has the higher scores; intervals: 95 %, Student's t over seeds");
  table.footnote("memorized: right more than 0.25 more often when trained on, over subsets");
  return table.text();
}

std::string flagged_table(const MemorizeResult& r) {
  std::vector<std::string> columns = {"score", "flagged"};
  for (const PlantedGroup group : kGroupsInOrder) columns.push_back(planted_group_name(group));
  Table table(columns);
  table.title(fmt::format("\n{}: share of each group at the top of a score", r.settings.name));
  const ExampleScores& first = r.seeds.front();
  for (const TopOfScore& top : {kTopMislabelled, kTopRare}) {
    const Index count = count_of(first, top.as_many_as);
    if (count == 0) continue;
    for (const char* score : kMainScores) {
      std::vector<std::string> cells = {score, std::to_string(count)};
      for (const PlantedGroup group : kGroupsInOrder)
        cells.push_back(to_string(flagged_over_seeds(r, score_column(score), top, group)));
      table.row(cells);
    }
    const double chance = static_cast<double>(count) / static_cast<double>(first.groups.size());
    const std::string by_chance = fmt::format("{:.2f}", chance);
    table.row({"by chance", std::to_string(count), by_chance, by_chance, by_chance, by_chance});
    table.rule();
  }
  table.footnote(
      "flagged: as many as are mislabelled, then as many as are rare; all scores: summary.csv");
  return table.text();
}

std::string calls_table(const MemorizeResult& r) {
  Table table({"group", "examples", "memorize", "neutral", "generalize"});
  table.title(fmt::format("\n{}: calls by the sign of the held-out influence", r.settings.name));
  for (const PlantedGroup group : kGroupsInOrder) {
    std::vector<std::string> cells = {planted_group_name(group),
                                      std::to_string(count_of(r.seeds.front(), group))};
    for (const SignCall call : kCalls)
      cells.push_back(to_string(over_seeds(r, [&](const ExampleScores& s) {
        return call_share(s.signs.calls, s.groups, group, call);
      })));
    table.row(cells);
  }
  double made = 0, chance = 0;
  for (const ExampleScores& s : r.seeds) {
    made += static_cast<double>(calls_made(s.signs));
    chance += s.signs.expected_by_chance;
  }
  const double seeds = static_cast<double>(r.seeds.size());
  table.footnote(fmt::format("share of each group; {:.1f} calls a seed, {:.1f} expected by chance",
                             made / seeds,
                             chance / seeds));
  return table.text();
}

}  // namespace leaveout
