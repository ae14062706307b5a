// SPDX-License-Identifier: MIT
#include "experiments/memorization/memorize_or_generalize_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "datasets/npy.h"
#include "experiments/support/panel_figure.h"
#include "experiments/support/table.h"
#include "influence/metrics/ranking.h"
#include "influence/metrics/student.h"

namespace leaveout {

using Eigen::VectorXd;
using Json = nlohmann::ordered_json;

namespace {

constexpr std::array<PlantedGroup, 4> kGroups = {
    PlantedGroup::mislabelled, PlantedGroup::rare, PlantedGroup::duplicate, PlantedGroup::typical};
constexpr std::array<SignCall, 3> kCalls = {
    SignCall::memorize, SignCall::neutral, SignCall::generalize};

/// Which AUC: a group beside others, or what trainings on subsets found to be memorized.
struct Target {
  const char* metric;
  const char* title;  // of a column, and of a series
  PlantedGroup group;
  Against against;
  bool memorized = false;
};
constexpr std::array<Target, 4> kTargets = {{
    {"auc_of_others", "mislabelled, of all", PlantedGroup::mislabelled, Against::all_others},
    {"auc_of_typical", "rare, of typical", PlantedGroup::rare, Against::typical},
    {"auc_of_typical", "duplicate, of typical", PlantedGroup::duplicate, Against::typical},
    {"auc_memorized", "memorized, of all", PlantedGroup::typical, Against::all_others, true},
}};

/// What `memorized` is made of says nothing of how well it is found.
std::optional<double> target_auc(const ExampleScores& s, Index column, const Target& target) {
  const VectorXd scores = s.scores.col(column);
  if (!target.memorized) return auc(scores, s.groups, target.group, target.against);
  if (column == score_column("memorized")) return std::nullopt;
  return Ranking(merge_ties(scores), s.memorized()).auc();
}

Estimate auc_over_seeds(const MemorizeResult& r, Index column, const Target& target) {
  return over_seeds(r, [&](const ExampleScores& s) { return target_auc(s, column, target); });
}

const HeldOutSigns& signs_of(const ExampleScores& s, bool head) {
  return head ? s.head_signs : s.signs;
}

Index calls_made(const HeldOutSigns& signs) {
  return signs.count(SignCall::memorize) + signs.count(SignCall::generalize);
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

using Row =
    std::function<void(const char* score, const char* metric, const Cell& group, const Cell&)>;

void write_calls(const ExampleScores& s, bool head, const Row& row) {
  const HeldOutSigns& signs = signs_of(s, head);
  const char* name = head ? "head_sign" : "sign";
  for (const PlantedGroup group : kGroups)
    for (const SignCall call : kCalls)
      row(name,
          ("called_" + call_name(call)).c_str(),
          planted_group_name(group),
          call_share(signs.calls, s.groups, group, call));
  row(name, "calls", "", calls_made(signs));
  row(name, "calls_by_chance", "", signs.expected_by_chance);
}

Json seed_json(const ExampleScores& s) {
  Json j = {{"seed", s.seed},
            {"test_accuracy", s.test_accuracy},
            {"theta_is_the_exact_minimum", s.stationary},
            {"gradient_norm", s.gradient_norm},
            {"gap_of_the_two_sums", s.gap},
            {"linear_systems_converged", s.solved},
            {"subsets_not_converged", s.unconverged}};
  for (const PlantedGroup group : kGroups)
    j["examples"][planted_group_name(group)] = std::count(s.groups.begin(), s.groups.end(), group);
  return j;
}

/// The verdict, unless one seed or nothing at all stands behind it.
Verdict verdict(const MemorizeResult& r,
                const char* score,
                const std::string& claim,
                const Estimate& e,
                const std::string& says) {
  Verdict v = {r.settings.name, score, claim, to_string(e), says};
  if (!e.value)
    v.verdict = "not testable: the group is empty";
  else if (e.resamples == 0)
    v.verdict = "not testable: one seed has no interval";
  return v;
}

Verdict sums_verdict(const MemorizeResult& r) {
  double gap = 0, gradient = 0;
  bool stationary = true;
  for (const ExampleScores& s : r.seeds) {
    gap = std::max(gap, s.gap);
    gradient = std::max(gradient, s.gradient_norm);
    stationary = stationary && s.stationary;
  }
  Verdict v = {r.settings.name,
               "opposed",
               "theory: at the optimum what an example gets from all others is given by weight "
               "decay and its self-influence (gap at most 1e-6)",
               fmt::format("gap {:.0e}", gap),
               gap <= 1e-6 ? "agrees" : "disagrees"};
  if (!stationary)
    v.verdict = fmt::format("not testable: no optimum, gradient norm {:.0e}", gradient);
  return v;
}

std::vector<Verdict> sign_verdicts(const MemorizeResult& r) {
  const Estimate more = over_seeds(
      r,
      [](const ExampleScores& s) -> std::optional<double> {
        const auto share = [&](PlantedGroup group) {
          return call_share(s.signs.calls, s.groups, group, SignCall::memorize);
        };
        const auto rare = share(PlantedGroup::rare), typical = share(PlantedGroup::typical);
        if (!rare || !typical) return std::nullopt;
        return *rare - *typical;
      },
      -1);
  const Estimate chance = over_seeds(r, [](const ExampleScores& s) -> std::optional<double> {
    const Index made = calls_made(s.signs);
    if (made == 0) return 1.0;
    return std::min(1.0, s.signs.expected_by_chance / static_cast<double>(made));
  });
  return {verdict(r,
                  "sign",
                  "ours: rare examples are not called memorize more often than typical ones "
                  "(difference of shares at most 0)",
                  more,
                  below(interval(more), 0)),
          verdict(r,
                  "sign",
                  "ours: of the calls less than half are expected by chance",
                  chance,
                  below(interval(chance), 0.5))};
}

Panel panel(const MemorizeResult& r) {
  Panel p;
  p.title = r.settings.name;
  p.x = {.scale = Scale::categories,
         .categories = {"self",
                        "harm",
                        "benefit",
                        "head self",
                        "head harm",
                        "head LOO",
                        "mem",
                        "mem loss",
                        "EL2N",
                        "GraNd",
                        "forget",
                        "loss",
                        "opposed"}};
  p.y = {.label = "AUC", .include = {0, 1}};
  p.references = {horizontal_line(0.5)};
  for (const Target& target : kTargets) {
    Series s{.name = target.title, .style = Style::points};
    for (Index column = 0; column < static_cast<Index>(kScores.size()); ++column) {
      const Estimate e = auc_over_seeds(r, column, target);
      if (!e.value) continue;
      s.x.push_back(static_cast<double>(column));
      s.y.push_back(*e.value);
      s.low.push_back(e.resamples > 0 ? e.low : *e.value);
      s.high.push_back(e.resamples > 0 ? e.high : *e.value);
    }
    p.series.push_back(std::move(s));
  }
  return p;
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
    for (Index column = 0; column < static_cast<Index>(kScores.size()); ++column)
      for (const Target& target : kTargets)
        row(kScores[static_cast<std::size_t>(column)],
            target.metric,
            target.memorized ? std::string() : planted_group_name(target.group),
            target_auc(s, column, target));
    write_calls(s, false, row);
    write_calls(s, true, row);
    for (const PlantedGroup group : kGroups)
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
  for (const Target& target : kTargets) columns.emplace_back(target.title);
  Table table(columns);
  const ExampleScores& first = r.seeds.front();
  table.title(fmt::format("\n{}: AUC, {} examples, {} parameters, {} seeds",
                          r.settings.name,
                          first.groups.size(),
                          first.parameters,
                          r.seeds.size()));
  for (Index column = 0; column < static_cast<Index>(kScores.size()); ++column) {
    std::vector<std::string> cells = {kScores[static_cast<std::size_t>(column)]};
    for (const Target& target : kTargets)
      cells.push_back(to_string(auc_over_seeds(r, column, target)));
    table.row(cells);
  }
  table.footnote(
      "above 0.5: the group has the higher scores; intervals: 95 %, Student's t over seeds");
  table.footnote("memorized: right more than 0.25 more often when trained on, over subsets");
  return table.text();
}

std::string calls_table(const MemorizeResult& r) {
  Table table({"group", "examples", "memorize", "neutral", "generalize"});
  table.title(fmt::format("\n{}: calls by the sign of the held-out influence", r.settings.name));
  for (const PlantedGroup group : kGroups) {
    const auto& groups = r.seeds.front().groups;
    std::vector<std::string> cells = {
        planted_group_name(group), std::to_string(std::count(groups.begin(), groups.end(), group))};
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

std::vector<Verdict> judge(const std::vector<MemorizeResult>& done) {
  std::vector<Verdict> rows;
  for (const MemorizeResult& r : done) {
    const Index harm = score_column("harm");
    const Estimate wrong = auc_over_seeds(r, harm, kTargets[0]);
    const Estimate memorized = auc_over_seeds(r, harm, kTargets[3]);
    rows.push_back(verdict(r,
                           "harm",
                           "paper (abstract): the sign of the influence tells memorize from "
                           "generalize (ours: AUC for mislabelled at least 0.8)",
                           wrong,
                           above(interval(wrong), kTells)));
    rows.push_back(verdict(r,
                           "harm",
                           "ours: the same for what trainings on subsets found memorized (AUC at "
                           "least 0.8)",
                           memorized,
                           above(interval(memorized), kTells)));
    const std::vector<Verdict> signs = sign_verdicts(r);
    rows.insert(rows.end(), signs.begin(), signs.end());
    const Estimate twins = auc_over_seeds(r, score_column("self_influence"), kTargets[2]);
    rows.push_back(verdict(r,
                           "self_influence",
                           "ours: duplicates have less self-influence than typical examples (AUC "
                           "at most 0.5)",
                           twins,
                           below(interval(twins), 0.5)));
    rows.push_back(sums_verdict(r));
  }
  return rows;
}

void draw(const std::vector<MemorizeResult>& done, const std::filesystem::path& folder) {
  PanelFigure figure;
  figure.name = "memorize-or-generalize";
  figure.columns = 1;
  for (const MemorizeResult& r : done) figure.panels.push_back(panel(r));
  figure.footnotes = {"Error bars: 95 %, Student's t over seeds.",
                      "Dashed: no better than chance."};
  write_panel_figure(folder, figure);
}

}  // namespace leaveout
