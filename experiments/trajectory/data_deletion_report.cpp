// SPDX-License-Identifier: MIT
#include "experiments/trajectory/data_deletion_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "experiments/support/panel_figure.h"
#include "experiments/support/table.h"

namespace leaveout {

using Json = nlohmann::ordered_json;

namespace {

constexpr const char* kOurs = "diff_in";

struct Line {
  const char *method, *name;
  Style style;
};
constexpr std::array<Line, 8> kLines = {
    {{"diff_in", "Diff-In", Style::line_points},
     {"diff_in_sum", "Diff-In, T/m", Style::line_points},
     {"diff_in_whole", "Diff-In, whole", Style::line_points},
     {"tracin", "TracIn", Style::line_points},
     {"newton", "influence function", Style::line_points},
     {"fine_tuning_shift", "fine-tuning less drift", Style::line_points},
     {"unrolled", "exact derivative", Style::line_points},
     {"single_retrainings", "single retrainings", Style::dashed}}};

const char* title_of(const char* who) {
  return who == std::string("random") ? "random rows" : "rows of one class";
}

Panel panel(const DeletionResult& r, const char* who) {
  Panel p;
  const bool at_random = who == std::string("random");
  p.title = fmt::format("{}, {}", r.settings.name, at_random ? "random" : "one class");
  p.x = {.label = "deleted share"};
  p.y = {.label = "distance to retraining", .scale = Scale::logarithmic};
  p.references = {horizontal_line(1)};
  for (const Line& line : kLines) {
    Series s{.name = line.name, .style = line.style};
    for (const double share : r.shares) {
      const Estimate e = r.table.mean({who, share, line.method, "distance"});
      if (!e.value) continue;
      s.x.push_back(share);
      s.y.push_back(*e.value);
    }
    p.series.push_back(std::move(s));
  }
  return p;
}

/// Positive where ours is better: has the smaller error, or the larger cosine.
Estimate advantage(const DeletionResult& r,
                   const char* method,
                   const char* rival,
                   const char* metric) {
  const bool error = metric != std::string("cosine");
  const Question of = {std::nullopt, std::nullopt, error ? rival : method, metric};
  return r.table.difference(of, error ? method : rival);
}

Verdict better(const DeletionResult& r, const char* rival, const char* metric, const char* what) {
  const Estimate e = advantage(r, kOurs, rival, metric);
  return seed_verdict(
      r.settings.name,
      rival,
      fmt::format("paper (abstract): better data deletion than existing methods (ours: {})", what),
      e,
      is_higher(e));
}

/// The error at the largest share less that at the smallest.
Verdict grows(const DeletionResult& r, const char* method, const std::string& claim) {
  const Question last = {std::nullopt, r.shares.back(), method, "distance"};
  Question first = last;
  first.share = r.shares.front();
  const Estimate e = r.table.difference(last, first);
  Verdict v = seed_verdict(r.settings.name, method, claim, e, is_higher(e));
  if (r.shares.size() < 2) v.verdict = "not testable: one number of deleted rows";
  return v;
}

}  // namespace

std::string deletion_tables(const DeletionResult& r) {
  std::string text;
  const double most = r.shares.back();
  for (const char* who : kWhoIsDeleted) {
    std::vector<std::string> columns = {"estimate"};
    for (const double share : r.shares) columns.push_back(fmt::format("distance {:g}", share));
    for (const char* c : {"best scale", "cosine", "accuracy", "gap", "loss on deleted", "gap"})
      columns.push_back(c);
    Table table(columns);
    table.title(fmt::format("\n{}: {} deleted, estimates against training without them",
                            r.settings.name,
                            title_of(who)));
    std::vector<std::string> methods = {kDeletions.begin(), kDeletions.end()};
    methods.push_back(kRetrained);
    for (const std::string& method : methods) {
      std::vector<std::string> cells = {method};
      for (const double share : r.shares)
        cells.push_back(plain(r.table.mean({who, share, method, "distance"}), 3));
      for (const char* metric : {"distance_best_scale",
                                 "cosine",
                                 "accuracy",
                                 "accuracy_gap",
                                 "deleted_loss",
                                 "deleted_loss_gap"})
        cells.push_back(plain(r.table.mean({who, most, method, metric}), 3));
      table.row(cells);
    }
    table.footnote(fmt::format(
        "distance: of parameters, relative to how far retraining moves them, by deleted share; "
        "the other columns at {:g}",
        most));
    table.footnote(
        "sums over the deleted are additive to first order only: see unrolled and "
        "single_retrainings, whose terms are exact");
    if (!r.merged.empty())
      table.footnote(
          fmt::format("left out, as many rows as the share before: {}", fmt::join(r.merged, ", ")));
    text += table.text();
  }
  return text;
}

std::vector<Verdict> judge(const DeletionResult& r) {
  std::vector<Verdict> rows;
  for (const char* rival : {"nothing", "fine_tuning_shift", "tracin", "newton"})
    rows.push_back(better(r, rival, "distance", "parameters closer to retraining"));
  for (const char* rival : {"fine_tuning_shift", "tracin", "newton"})
    rows.push_back(better(r, rival, "deleted_loss_gap", "loss on deleted closer to retraining"));
  rows.push_back(better(r, "newton", "accuracy_gap", "test accuracy closer to retraining"));
  for (const char* rival : {"fine_tuning_shift", "tracin", "newton"})
    rows.push_back(
        better(r, rival, "cosine", "direction closer to retraining, whatever the scale"));
  const Estimate whole = advantage(r, "diff_in_whole", "tracin", "distance");
  rows.push_back(seed_verdict(r.settings.name,
                              "tracin",
                              "ours: with its first-order term Diff-In is closer to retraining",
                              whole,
                              is_higher(whole)));
  rows.push_back(
      grows(r, "unrolled", "theory: first order, so that the relative error grows with |S|"));
  rows.push_back(grows(r,
                       "single_retrainings",
                       "theory: exact changes add up to first order only: their sum's relative "
                       "error grows with |S|"));
  return rows;
}

void describe_deletion(const std::vector<DeletionResult>& done, Results& results) {
  Json& run = results.run();
  run["conventions"] = {
      {"deletion", "weight 0, the others keep 1/N, batches and their sizes stay"},
      {"deleted", "random rows, or rows of the largest class; smaller shares within larger ones"},
      {"estimates", "theta at the end + the sum over the deleted of their estimated changes"},
      {"diff_in",
       "Eq. (9) of Tan et al. 2025 with exact products and the steps' own batches, in "
       "removal sign, 1/m as in the paper; diff_in_sum: T/m; diff_in_whole: T/m, the "
       "first-order term, T - t and weight decay; random checkpoints"},
      {"tracin", "all steps, with the batches as they were"},
      {"newton", "(Gauss-Newton + (weight_decay + damping) I)^-1 sum g / N: one step"},
      {"unrolled", "the derivative of the very training, exact"},
      {"single_retrainings", "the sum of the exact changes by each deleted example alone"},
      {"fine_tuning",
       "more epochs of the same protocol on the rest: what training has yet to learn is in it, and "
       "makes the distance to a training of the same length large"},
      {"fine_tuning_shift", "the same less as many epochs more on all"},
      {"distance", "|estimate - retrained| / |retrained - theta at the end|: 1 for doing nothing"},
      {"reading",
       "an estimate that hardly moves is at distance 1, closer than any that overshoots; cosine "
       "and "
       "distance_best_scale do not depend on its length"},
      {"distance_best_scale", "after the best multiple of the change: sqrt(1 - cosine^2)"},
      {"..._gap", "absolute difference from the retrained network's"},
      {"additivity",
       "sums over the deleted are additive to first order only; unrolled and single_retrainings, "
       "whose terms are exact, show what that costs as the share grows"},
      {"verdicts", "means over shares and over who is deleted, within a seed"},
      {"intervals", kSeedIntervals},
      {"whose protocol", kWhoseComparison}};
  for (const DeletionResult& r : done)
    run["tasks"][r.settings.name] = {
        {"shares", r.shares}, {"shares_left_out", r.merged}, {"refused", r.refused}};
}

void draw(const std::vector<DeletionResult>& done, const std::filesystem::path& folder) {
  PanelFigure figure;
  figure.name = "data-deletion";
  figure.columns = done.size() > 1 ? 3 : 2;
  for (std::size_t k = 0; k < done.size(); k += 3)  // a row of random rows above one of classes
    for (const char* who : kWhoIsDeleted)
      for (std::size_t j = k; j < std::min(done.size(), k + 3); ++j)
        figure.panels.push_back(panel(done[j], who));
  figure.footnotes = {
      "Parameter distance to the training without the deleted, relative to how far that training "
      "moves; 1: doing nothing.",
      "Diff-In: Eq. (9), 1/m; T/m: the sum that it samples; whole: with its first-order term. "
      "single retrainings: the sum of the exact",
      "changes by each deleted example. Means over seeds; intervals and gaps: summary.csv."};
  write_panel_figure(folder, figure);
}

}  // namespace leaveout
