// SPDX-License-Identifier: MIT
#include "experiments/trajectory/data_cleaning_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "experiments/support/panel_figure.h"
#include "experiments/support/table.h"

namespace leaveout {

using Json = nlohmann::ordered_json;

namespace {

constexpr const char* kOurs = "self_diff_in";
constexpr const char* kNoneWrong = "not testable: no label is wrong";

struct Line {
  const char *method, *name;
  Style style;
};
constexpr std::array<Line, 8> kLines = {{{"self_diff_in", "Diff-In, self", Style::line_points},
                                         {"validation_diff_in", "Diff-In, V", Style::line_points},
                                         {"self_tracin", "TracIn, self", Style::line_points},
                                         {"self_influence", "influence, self", Style::line_points},
                                         {"el2n", "EL2N", Style::line_points},
                                         {"loss", "loss", Style::line_points},
                                         {"random", "random", Style::dashed},
                                         {"oracle", "oracle", Style::dotted}}};

Panel panel(const CleaningResult& r) {
  Panel p;
  p.title = r.settings.name;
  p.x = {.label = "share of wrong labels"};
  p.y = {.label = "test accuracy gained", .include = {0}};
  p.references = {horizontal_line(0)};
  for (const Line& line : kLines) {
    Series s{.name = line.name, .style = line.style};
    for (const double noise : r.noise) {
      const Estimate e = r.table.difference({"", noise, line.method, "accuracy"}, kUncleaned);
      if (!e.value) continue;
      s.x.push_back(noise);
      s.y.push_back(*e.value);
    }
    p.series.push_back(std::move(s));
  }
  return p;
}

Verdict better(const CleaningResult& r, const char* rival, const char* metric, const char* what) {
  const Estimate e = r.table.difference({"", std::nullopt, kOurs, metric}, rival);
  Verdict v = seed_verdict(
      r.settings.name,
      rival,
      fmt::format("paper (abstract): better data cleaning than existing methods (ours: {})", what),
      e,
      is_higher(e));
  if (r.without.size() == r.noise.size()) v.verdict = kNoneWrong;
  return v;
}

}  // namespace

std::string cleaning_table(const CleaningResult& r) {
  std::vector<std::string> columns = {"removed by"};
  for (const char* metric : {"AUC", "accuracy"})
    for (const double noise : r.noise) columns.push_back(fmt::format("{} {:g}", metric, noise));
  columns.push_back("accuracy against none");
  Table table(columns);
  table.title(
      fmt::format("\n{}: wrong labels found, and test accuracy without those removed, by "
                  "share of wrong labels",
                  r.settings.name));
  const auto row = [&](const char* method) {
    std::vector<std::string> cells = {method};
    for (const char* metric : {"auc", "accuracy"})
      for (const double noise : r.noise)
        cells.push_back(plain(r.table.mean({"", noise, method, metric}), 3));
    const bool none = method == std::string(kUncleaned);
    const Estimate gain = r.table.difference({"", std::nullopt, method, "accuracy"}, kUncleaned);
    cells.push_back(none ? "-" : to_string(gain, 3));
    table.row(cells);
  };
  for (const char* method : kSuspicions) row(method);
  row(kUncleaned);
  table.footnote("last column: mean over shares, paired over seeds, 95 %, Student's t");
  if (!r.without.empty())
    table.footnote(fmt::format("no label is wrong at a share of {}: there is nothing to find",
                               fmt::join(r.without, ", ")));
  return table.text();
}

std::vector<Verdict> judge(const CleaningResult& r) {
  std::vector<Verdict> rows;
  for (const char* rival :
       {"self_tracin", "self_influence", "el2n", "grand", "loss", "forgetting", "random"})
    rows.push_back(better(r, rival, "accuracy", "higher test accuracy after self-influence"));
  for (const char* rival : {"self_tracin", "self_influence", "el2n", "loss"})
    rows.push_back(better(r, rival, "auc", "higher AUC of self-influence"));
  const Estimate e =
      r.table.difference({"", std::nullopt, "validation_diff_in", "auc"}, "validation_tracin");
  rows.push_back(seed_verdict(r.settings.name,
                              "validation_tracin",
                              "ours: higher AUC of Diff-In's influence on the validation part",
                              e,
                              is_higher(e)));
  if (r.without.size() == r.noise.size()) rows.back().verdict = kNoneWrong;
  return rows;
}

void describe_cleaning(const std::vector<CleaningResult>& done, Results& results) {
  Json& run = results.run();
  run["conventions"] = {
      {"noise", "share of training labels replaced by another class, uniformly among the others"},
      {"who is removed",
       "as many as there are wrong labels, from the top: high self-influence, loss, EL2N, GraNd, "
       "forgetting events; low influence on the validation part (which is clean)"},
      {"retraining", "on the rest as a data set: same start, as many steps as on all"},
      {"self_diff_in",
       "Eq. (12) of Tan et al. 2025, exact products, random checkpoints, own batches"},
      {"self_diff_in_whole",
       "with the first-order term, T - t and weight decay, as the derivation has them; the same "
       "checkpoints"},
      {"self_influence", "g' (Gauss-Newton + (weight_decay + damping) I)^-1 g / N"},
      {"validation_...",
       "influence on the validation part's mean loss; _unrolled: exact derivative"},
      {"recall", "of the wrong labels among those removed: precision, too, at equal counts"},
      {"precision_at_half", "among the first half of those removed"},
      {"accuracy, loss", "of the test part, which no score sees"},
      {"seeds", "each has its own split, wrong labels, start and batches; methods share them"},
      {"verdicts", "means over the shares of wrong labels within a seed"},
      {"intervals", kSeedIntervals},
      {"whose protocol", kWhoseComparison}};
  for (const CleaningResult& r : done)
    run["tasks"][r.settings.name] = {
        {"noise", r.noise}, {"noise_without_wrong_labels", r.without}, {"refused", r.refused}};
}

void draw(const std::vector<CleaningResult>& done, const std::filesystem::path& folder) {
  PanelFigure figure;
  figure.name = "data-cleaning";
  for (const CleaningResult& r : done) figure.panels.push_back(panel(r));
  figure.footnotes = {
      "Gain over the same training with nobody removed, when as many are removed as there are "
      "wrong labels; means over seeds.",
      "self: by self-influence; V: by influence on a clean validation part. Intervals, GraNd and "
      "forgetting events: summary.csv."};
  write_panel_figure(folder, figure);
}

}  // namespace leaveout
