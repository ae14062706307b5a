// SPDX-License-Identifier: MIT
// The verdicts and the figure.
#include <fmt/format.h>

#include <algorithm>

#include "experiments/memorization/memorize_or_generalize_report.h"
#include "experiments/support/panel_figure.h"

namespace leaveout {

namespace {

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

/// Feldman's long tail: a score that takes the rare for wrong costs a network its examples.
Verdict rare_spared(const MemorizeResult& r) {
  const Index harm = score_column("harm");
  const Estimate more = over_seeds(
      r,
      [&](const ExampleScores& s) -> std::optional<double> {
        const auto wrong = flagged_share(s, harm, kTopMislabelled, PlantedGroup::mislabelled);
        const auto rare = flagged_share(s, harm, kTopMislabelled, PlantedGroup::rare);
        if (!wrong || !rare) return std::nullopt;
        return *wrong - *rare;
      },
      -1);
  return verdict(r,
                 "harm",
                 "ours: its top, as long as there are mislabelled examples, holds no larger share "
                 "of the rare than of the mislabelled (difference at least 0)",
                 more,
                 above(interval(more), 0));
}

void add_point(Series& s, Index column, const Estimate& e) {
  if (!e.value) return;
  s.x.push_back(static_cast<double>(column));
  s.y.push_back(*e.value);
  s.low.push_back(e.resamples > 0 ? e.low : *e.value);
  s.high.push_back(e.resamples > 0 ? e.high : *e.value);
}

Panel score_panel(const MemorizeResult& r, const std::string& what, const char* label) {
  Panel p;
  p.title = fmt::format("{}: {}", r.settings.name, what);
  p.x = {.scale = Scale::categories,
         .categories = {"self",
                        "harm",
                        "benefit",
                        "head self",
                        "head harm",
                        "head LOO",
                        "mem",
                        "mem loss",
                        "inconsist.",
                        "EL2N",
                        "GraNd",
                        "forget",
                        "loss",
                        "representer",
                        "opposed"}};
  p.y = {.label = label, .include = {0, 1}};
  return p;
}

Panel auc_panel(const MemorizeResult& r) {
  Panel p = score_panel(r, "told apart", "AUC");
  p.references = {horizontal_line(0.5)};
  for (const AucTarget& target : kAucTargets) {
    Series s{.name = target.series, .style = Style::points};
    for (Index column = 0; column < static_cast<Index>(kScores.size()); ++column)
      add_point(s, column, auc_over_seeds(r, column, target));
    p.series.push_back(std::move(s));
  }
  return p;
}

Panel flagged_panel(const MemorizeResult& r) {
  const ExampleScores& first = r.seeds.front();
  const Index count = count_of(first, kTopMislabelled.as_many_as);
  Panel p = score_panel(r, fmt::format("the top {}", count), "share of the group");
  p.references = {
      horizontal_line(static_cast<double>(count) / static_cast<double>(first.groups.size()))};
  for (const PlantedGroup group : kGroupsInOrder) {
    Series s{.name = planted_group_name(group), .style = Style::points};
    for (Index column = 0; column < static_cast<Index>(kScores.size()); ++column)
      add_point(s, column, flagged_over_seeds(r, column, kTopMislabelled, group));
    p.series.push_back(std::move(s));
  }
  return p;
}

}  // namespace

std::vector<Verdict> judge(const std::vector<MemorizeResult>& done) {
  std::vector<Verdict> rows;
  for (const MemorizeResult& r : done) {
    const Index harm = score_column("harm");
    const Estimate wrong = auc_over_seeds(r, harm, kAucTargets[0]);
    const Estimate memorized = auc_over_seeds(r, harm, kAucTargets[3]);
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
    rows.push_back(rare_spared(r));
    const Estimate twins = auc_over_seeds(r, score_column("self_influence"), kAucTargets[2]);
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
  PanelFigure figure{.name = "memorize-or-generalize", .columns = 2};
  for (const MemorizeResult& r : done) {
    figure.panels.push_back(auc_panel(r));
    figure.panels.push_back(flagged_panel(r));
  }
  figure.footnotes = {
      "Left: AUC of mislabelled and of memorized among all examples, of rare and of duplicate "
      "beside "
      "typical ones.",
      "Right: share of each group among the highest scores, as many as are mislabelled. Dashed: "
      "chance.",
      "mem: more often right when trained on; inconsist.: wrong when not; opposed: by all others. "
      "Error bars: 95 %, Student's t over seeds.",
      kWhoseDefinitionsNote};
  write_panel_figure(folder, figure);
}

}  // namespace leaveout
