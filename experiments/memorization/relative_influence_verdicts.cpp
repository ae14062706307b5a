// SPDX-License-Identifier: MIT
// The verdicts and the figure.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiments/memorization/relative_influence_report.h"
#include "experiments/support/panel_figure.h"

namespace leaveout {

namespace {

/// The verdict, unless one seed or nothing at all stands behind it.
Verdict verdict(const RelativeResult& r,
                const std::string& score,
                const std::string& claim,
                const Estimate& e,
                const std::string& says) {
  Verdict v = {r.settings.name, score, claim, to_string(e), says};
  if (!e.value)
    v.verdict = "not testable: nobody of that kind";
  else if (e.resamples == 0)
    v.verdict = "not testable: one seed has no interval";
  return v;
}

/// Whether plain influence names more of a kind than there are.
Verdict dominated(const RelativeResult& r,
                  const std::string& side,
                  const char* kind,
                  const std::string& claim) {
  const Estimate e = difference_over_seeds(r, "influence", kAllExamples, side, kind);
  return verdict(r, "influence, " + side, claim, e, above(interval(e), 0));
}

/// Whether the helpful ones have less of something than those of plain influence.
Verdict falls(const RelativeResult& r,
              const std::string& score,
              const char* metric,
              const std::string& claim) {
  const Estimate e = difference_over_seeds(r, score, "influence", "helpful", metric);
  return verdict(r, score + ", helpful", claim, e, below(interval(e), 0));
}

void judge_names(const RelativeResult& r, std::vector<Verdict>& rows) {
  for (const std::string side : kSides) {
    rows.push_back(dominated(r,
                             side,
                             "outliers",
                             "Barshan et al. (abstract): the most influential examples are often "
                             "outliers (ours: share among the top 5, minus that of all)"));
    rows.push_back(dominated(r,
                             side,
                             "mislabelled",
                             "Barshan et al. (abstract): ... or mislabelled (ours: share among the "
                             "top 5, minus that of all)"));
  }
  for (const char* score : {"theta_relatif", "loss_relatif"})
    rows.push_back(falls(r,
                         score,
                         "outliers",
                         "Barshan et al. (abstract): relative influence is less dominated by "
                         "outliers (share minus that of influence)"));
  rows.push_back(falls(r,
                       "loss_relatif",
                       "isolated",
                       "ours: ... nor by outliers of the inputs, which no model made (share of "
                       "isolated ones, minus that of influence)"));
  rows.push_back(falls(r,
                       "loss_relatif",
                       "feature_distance",
                       "ours: it names nearer neighbours (feature distance minus that of "
                       "influence)"));
  const Estimate e = difference_over_seeds(r, "loss_relatif", "influence", "helpful", "distinct");
  rows.push_back(verdict(r,
                         "loss_relatif, helpful",
                         "ours: influence names the same few for all queries (distinct names, "
                         "minus those of influence)",
                         e,
                         above(interval(e), 0)));
}

void judge_tells(const RelativeResult& r, std::vector<Verdict>& rows) {
  using G = PlantedGroup;
  const auto tells = [&](G group, G from, const char* what) {
    const Estimate e = tell_over_seeds(r, "low_benefit", group, from);
    rows.push_back(verdict(
        r,
        "low_benefit",
        fmt::format(
            "ours: the benefit ratio is lower for {} (AUC at least {:g})", what, kTellsGroups),
        e,
        above(interval(e), kTellsGroups)));
  };
  tells(G::mislabelled, G::typical, "mislabelled than for typical examples");
  tells(G::mislabelled, G::rare, "mislabelled than for rare examples");
  const Estimate rare = tell_over_seeds(r, "low_benefit", G::rare, G::typical);
  rows.push_back(verdict(r,
                         "low_benefit",
                         "ours: rare examples are of no lower benefit ratio than typical ones (AUC "
                         "at most 0.5)",
                         rare,
                         below(interval(rare), 0.5)));
}

using Number = double (*)(const RelativeChecks& c);

double largest(const std::vector<RelativeResult>& done, Number number) {
  double found = -HUGE_VAL;
  for (const RelativeResult& r : done)
    for (const RelativeSeed& s : r.seeds) found = std::max(found, number(s.checks));
  return found;
}

Verdict identity(const std::vector<RelativeResult>& done,
                 const char* score,
                 const char* claim,
                 Number number) {
  const double error = largest(done, number);
  const bool holds = error <= kRelativeTolerance;
  return {"all",
          score,
          std::string("theory: ") + claim,
          holds ? "to rounding" : fmt::format("off by {:.1e}", error),
          holds ? "agrees" : "disagrees"};
}

void judge_theory(const std::vector<RelativeResult>& done, std::vector<Verdict>& rows) {
  rows.push_back(identity(done,
                          "cosine",
                          "the cosine lies within [-1, 1], and is 1 of an example with itself",
                          [](auto& c) { return std::max(c.cosine_excess, c.own_cosine); }));
  rows.push_back(identity(
      done, "loss_relatif", "it is the cosine times the query's sqrt(N Inf(t -> t))", [](auto& c) {
        return c.factor;
      }));
  rows.push_back(identity(done,
                          "theta_relatif",
                          "it is the change of the query's loss along a step of length 1, and at "
                          "most the length of its gradient",
                          [](auto& c) { return std::max(c.unit_step, c.gradient_excess); }));
  rows.push_back(identity(
      done, "all relative", "a factor on H cancels; in loss_relatif its root is left", [](auto& c) {
        return c.scale;
      }));
  rows.push_back(identity(done,
                          "orders",
                          "shares order as influence, the cosine as loss_relatif, ratios as "
                          "influence or, where the reference harms, in reverse",
                          [](auto& c) { return static_cast<double>(c.orders); }));
}

void add_point(Series& s, double x, const Estimate& e) {
  if (!e.value) return;
  const bool bar = e.resamples > 0;
  s.x.push_back(x);
  s.y.push_back(*e.value);
  s.low.push_back(bar ? e.low : NAN);
  s.high.push_back(bar ? e.high : NAN);
}

Panel names_panel(const std::vector<RelativeResult>& done,
                  const char* metric,
                  const char* title,
                  const char* label,
                  std::vector<double> include) {
  Panel p;
  p.title = title;
  p.x = {.scale = Scale::categories,
         .categories = {"all", "influence", "θ-RelatIF", "ℓ-RelatIF", "ratio", "per self"}};
  p.y = {.label = label, .include = std::move(include)};
  for (const RelativeResult& r : done) {
    Series s{.name = r.settings.name, .style = Style::points};
    add_point(s, 0, names_over_seeds(r, kAllExamples, "helpful", metric));
    for (std::size_t k = 0; k < kNamingRankings.size(); ++k)
      add_point(s,
                static_cast<double>(k + 1),
                names_over_seeds(r, kNamingRankings[k].name, "helpful", metric));
    p.series.push_back(std::move(s));
  }
  return p;
}

Panel tells_panel(const std::vector<RelativeResult>& done) {
  using G = PlantedGroup;
  const std::pair<G, G> pairs[] = {
      {G::mislabelled, G::typical}, {G::mislabelled, G::rare}, {G::rare, G::typical}};
  Panel p;
  p.title = "lower benefit ratio: the first of two groups?";
  p.x = {.scale = Scale::categories,
         .categories = {"wrong / typical", "wrong / rare", "rare / typical"}};
  p.y = {.label = "AUC", .include = {0, 1}};
  p.references = {horizontal_line(0.5)};
  for (const RelativeResult& r : done) {
    Series s{.name = r.settings.name, .style = Style::points};
    for (std::size_t k = 0; k < std::size(pairs); ++k)
      add_point(s,
                static_cast<double>(k),
                tell_over_seeds(r, "low_benefit", pairs[k].first, pairs[k].second));
    p.series.push_back(std::move(s));
  }
  return p;
}

}  // namespace

std::vector<Verdict> judge(const std::vector<RelativeResult>& done) {
  std::vector<Verdict> rows;
  for (const RelativeResult& r : done) {
    judge_names(r, rows);
    judge_tells(r, rows);
  }
  judge_theory(done, rows);
  return rows;
}

void draw(const std::vector<RelativeResult>& done, const std::filesystem::path& folder) {
  PanelFigure figure{.name = "relative-influence"};
  figure.panels = {
      names_panel(done, "outliers", "outliers", "share of the named", {0, 1}),
      names_panel(done, "isolated", "isolated in their class", "share of the named", {0, 0.5}),
      names_panel(done, "mislabelled", "mislabelled", "share of the named", {0, 0.5}),
      names_panel(
          done, "feature_distance", "distance to the query", "over the class's median", {0}),
      names_panel(done, "distinct", "different names", "share of the possible", {0, 1}),
      tells_panel(done)};
  for (std::size_t k = 0; k < 3; ++k) figure.panels[k].title += " among the five most helpful";
  figure.panels[3].references = {horizontal_line(1)};
  figure.columns = 2;
  figure.footnotes = {
      "Error bars: 95 %, Student's t over seeds. all: every training example, the chance level.",
      std::string("outliers: the tenth of largest self-influence. ") +
          "isolated: the tenth farthest from their fifth neighbour.",
      "ratio: to one example. per self: over the example's self-influence. Distances of features.",
      "wrong: mislabelled. AUC 0.5: the benefit ratio does not tell the two groups apart.",
      kWhoseDefinitionsNote};
  write_panel_figure(folder, figure);
}

}  // namespace leaveout
