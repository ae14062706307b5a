// SPDX-License-Identifier: MIT
// The verdicts and the figure.
#include <fmt/format.h>

#include <limits>

#include "experiments/memorization/selective_removal_report.h"
#include "experiments/support/panel_figure.h"

namespace leaveout {

namespace {

/// "Higher" has no room for equal: [0, 0] disagrees.
constexpr double kMoreThanZero = std::numeric_limits<double>::min();

std::string title_of(const std::string& method) {
  if (method == "head_influence") return "head influence";
  if (method == "full_influence") return "full influence";
  if (method == "self_influence") return "self-influence";
  if (method == "el2n") return "EL2N";
  if (method == "grand") return "GraNd";
  if (method == "forgetting") return "forgetting events";
  return method;
}

/// The verdict, unless one seed or nothing at all stands behind it.
Verdict verdict(const RemovalResult& r,
                const std::string& against,
                const std::string& claim,
                const Estimate& e,
                const std::string& says) {
  Verdict v = {r.settings.name, against, claim, to_string(e, 3), says};
  if (!e.value)
    v.verdict = "not testable: the group is empty";
  else if (e.resamples == 0)
    v.verdict = "not testable: one seed has no interval";
  return v;
}

Verdict higher(const RemovalResult& r, const char* against, const std::string& claim) {
  const Estimate e = difference(r, kOnline, against, r.judged, accuracy_of);
  return verdict(r, against, claim, e, above(interval(e), kMoreThanZero));
}

/// What the abstract says, as far as it can be measured.
std::string paper(const RemovalResult& r, const std::string& than) {
  return fmt::format(
      "paper (abstract): influence can serve to remove examples while learning "
      "(ours: {:g} % removed, more accurate than {})",
      100 * r.judged,
      than);
}

Verdict as_accurate(const RemovalResult& r, const char* method) {
  const Estimate e = difference(r, kOnline, method, r.judged, accuracy_of);
  return verdict(r,
                 title_of(method),
                 fmt::format("ours: at most {:g} less accurate than removal by {} and a second "
                             "training",
                             kAsAccurate,
                             title_of(method)),
                 e,
                 above(interval(e), -kAsAccurate));
}

Verdict own_threshold(const RemovalResult& r) {
  const Estimate e = difference(r, kOwnThreshold, kNothing, std::nullopt, accuracy_of);
  const Estimate removed = mean_of(
      r, kOwnThreshold, std::nullopt, [](const RemovalArm& a) { return std::optional(a.removed); });
  Verdict v = verdict(r,
                      kNothing,
                      "ours: the rule's own threshold is more accurate than no removal",
                      e,
                      above(interval(e), kMoreThanZero));
  v.measured += fmt::format(" ({:.0f} % removed)", 100 * removed.value.value_or(0));
  return v;
}

Verdict rare_spared(const RemovalResult& r) {
  const auto rare = [](const RemovalArm& a) -> std::optional<double> {
    const auto lost = a.of_group[static_cast<std::size_t>(PlantedGroup::rare)];
    return lost ? std::optional(*lost - a.removed) : std::nullopt;
  };
  const Estimate e = mean_of(r, kOnline, r.judged, rare);
  return verdict(r,
                 "rare examples",
                 "ours: removes no larger share of the rare but right than of all (difference at "
                 "most 0)",
                 e,
                 below(interval(e), 0));
}

/// Counts over all tasks and seeds.
OnlineChecks all_checks(const std::vector<RemovalResult>& done) {
  OnlineChecks all;
  for (const RemovalResult& r : done)
    for (const RemovalSeed& s : r.seeds) {
      all.trainings += s.checks.trainings;
      all.factorisations += s.checks.factorisations;
      all.periods += s.checks.periods;
      all.wrong_weights += s.checks.wrong_weights;
      all.over_cap += s.checks.over_cap;
      all.missed_cap += s.checks.missed_cap;
    }
  return all;
}

std::vector<Verdict> theory(const std::vector<RemovalResult>& done) {
  const OnlineChecks c = all_checks(done);
  Index seeds = 0, same = 0;
  for (const RemovalResult& r : done)
    for (const RemovalSeed& s : r.seeds) {
      ++seeds;
      same += s.same_bits ? 1 : 0;
    }
  const auto row = [](const char* part, const char* claim, const std::string& measured, bool ok) {
    return Verdict{"all tasks", part, claim, measured, ok ? "agrees" : "disagrees"};
  };
  return {
      row("cost",
          "theory: one Cholesky decomposition per period",
          fmt::format("{} in {} periods", c.factorisations, c.periods),
          c.factorisations == c.periods),
      row("weights",
          "theory: the trainer gives dropped examples weight 0, all others 1/N",
          fmt::format("{} others in {} trainings", c.wrong_weights, c.trainings),
          c.wrong_weights == 0),
      row("cap",
          "theory: the cap is never exceeded, and met where it decides",
          fmt::format("exceeded after {} epochs, missed by {} trainings", c.over_cap, c.missed_cap),
          c.over_cap + c.missed_cap == 0),
      row(kNothing,
          "theory: a cap of 0 changes no bit of the parameters",
          fmt::format("the same in {} of {} seeds", same, seeds),
          same == seeds)};
}

struct Line {
  const char *method, *name;
  Style style;
};
constexpr std::array<Line, 7> kLines = {{{kOnline, "online", Style::line_points},
                                         {"head_influence", "head", Style::line_points},
                                         {"full_influence", "full", Style::line_points},
                                         {"self_influence", "self", Style::line_points},
                                         {"loss", "loss", Style::line_points},
                                         {"random", "random", Style::dashed},
                                         {"oracle", "oracle", Style::dotted}}};

Panel panel(const RemovalResult& r) {
  Panel p;
  const Estimate none = mean_of(r, kNothing, 0, accuracy_of);
  p.title = fmt::format("{} (none removed: {:.3f})", r.settings.name, none.value.value_or(0));
  p.x = {.label = "removed share of the training examples", .include = {0}};
  p.y = {.label = "test accuracy gained", .include = {0}};
  const Estimate trained_on = difference(r, kWithValidation, kNothing, std::nullopt, accuracy_of);
  p.references = {horizontal_line(0),
                  horizontal_line(trained_on.value.value_or(0), "V trained on")};
  for (const Line& line : kLines) {
    Series s{.name = line.name, .x = {0}, .y = {0}, .style = line.style};
    const bool bars = line.method == std::string(kOnline);
    if (bars) s.low = s.high = {std::numeric_limits<double>::quiet_NaN()};
    for (const double fraction : r.fractions) {
      const Estimate e = difference(r, line.method, kNothing, fraction, accuracy_of);
      if (!e.value) continue;
      s.x.push_back(fraction);
      s.y.push_back(*e.value);
      if (!bars) continue;
      const bool known = e.resamples > 0;
      s.low.push_back(known ? e.low : std::numeric_limits<double>::quiet_NaN());
      s.high.push_back(known ? e.high : std::numeric_limits<double>::quiet_NaN());
    }
    p.series.push_back(std::move(s));
  }
  return p;
}

}  // namespace

std::vector<Verdict> judge(const std::vector<RemovalResult>& done) {
  std::vector<Verdict> rows;
  for (const RemovalResult& r : done) {
    rows.push_back(higher(r, "random", paper(r, "as many at random")));
    rows.push_back(higher(r, kNothing, paper(r, "without removal")));
    rows.push_back(higher(r,
                          kWithValidation,
                          "ours: to steer by the validation part is better than to train on it, "
                          "too, without removal"));
    rows.push_back(own_threshold(r));
    for (const char* method : kRemovalRankings)
      if (method != std::string("random") && method != std::string("oracle"))
        rows.push_back(as_accurate(r, method));
    rows.push_back(rare_spared(r));
  }
  const std::vector<Verdict> identities = theory(done);
  rows.insert(rows.end(), identities.begin(), identities.end());
  return rows;
}

void draw(const std::vector<RemovalResult>& done, const std::filesystem::path& folder) {
  PanelFigure figure;
  figure.name = "selective-removal";
  figure.columns = done.size() > 1 ? 2 : 1;
  for (const RemovalResult& r : done) figure.panels.push_back(panel(r));
  figure.footnotes = {
      "Gain over the same training with nobody removed; error bars, of the online rule: 95 %, "
      "Student's t over seeds.",
      "head, full: by influence on the validation part V, of the last layer or of all parameters; "
      "self: by self-influence;",
      "V trained on: nobody removed and V added. Forgetting events, EL2N and GraNd: summary.csv.",
      kWhoseDefinitionsNote};
  write_panel_figure(folder, figure);
}

}  // namespace leaveout
