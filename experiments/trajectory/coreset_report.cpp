// SPDX-License-Identifier: MIT
#include "experiments/trajectory/coreset_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "experiments/support/panel_figure.h"
#include "experiments/support/table.h"

namespace leaveout {

using Json = nlohmann::ordered_json;

namespace {

constexpr const char* kOurs = "validation_diff_in";

struct Line {
  const char *method, *name;
  Style style;
};
constexpr std::array<Line, 8> kLines = {
    {{"validation_diff_in", "Diff-In", Style::line_points},
     {"validation_tracin", "TracIn", Style::line_points},
     {"validation_unrolled", "exact derivative", Style::line_points},
     {"moso", "MoSo", Style::line_points},
     {"el2n", "EL2N", Style::line_points},
     {"forgetting", "forgetting", Style::line_points},
     {"herding", "herding", Style::line_points},
     {"k_center", "k-center", Style::line_points}}};

const char* title_of(const char* quota) {
  return quota == std::string("free") ? "of all" : "of each class";
}

Panel panel(const CoresetResult& r, const char* quota) {
  Panel p;
  p.title = fmt::format("{}, {}", r.settings.name, title_of(quota));
  p.x = {.label = "kept share"};
  p.y = {.label = "accuracy, random = 0", .include = {0}};
  p.references = {horizontal_line(0)};
  for (const Line& line : kLines) {
    Series s{.name = line.name, .style = line.style};
    for (const double share : r.kept) {
      const Estimate e = r.table.difference({quota, share, line.method, "accuracy"}, "random");
      if (!e.value) continue;
      s.x.push_back(share);
      s.y.push_back(*e.value);
    }
    p.series.push_back(std::move(s));
  }
  return p;
}

Verdict higher(const CoresetResult& r,
               const char* method,
               const char* rival,
               const char* quota,
               const std::string& claim) {
  const Estimate e = r.table.difference({quota, std::nullopt, method, "accuracy"}, rival);
  return seed_verdict(
      r.settings.name, fmt::format("{}, {}", rival, title_of(quota)), claim, e, is_higher(e));
}

}  // namespace

std::string coreset_tables(const CoresetResult& r) {
  std::string text;
  for (const char* quota : kQuotas) {
    std::vector<std::string> columns = {"kept by"};
    for (const double share : r.kept) columns.push_back(fmt::format("{:g} %", 100 * share));
    columns.push_back("against random");
    Table table(columns);
    const Estimate all = r.table.mean({quota, std::nullopt, kAll, "accuracy"});
    table.title(fmt::format("\n{}: test accuracy by the share kept, the highest {} (all kept: {})",
                            r.settings.name,
                            title_of(quota),
                            plain(all, 3)));
    for (const std::string method : kSelections) {
      std::vector<std::string> cells = {method};
      for (const double share : r.kept)
        cells.push_back(plain(r.table.mean({quota, share, method, "accuracy"}), 3));
      const Estimate gain = r.table.difference({quota, std::nullopt, method, "accuracy"}, "random");
      cells.push_back(method == "random" ? "-" : to_string(gain, 3));
      table.row(cells);
    }
    table.footnote("last column: mean over shares, paired over seeds, 95 %, Student's t");
    text += table.text();
  }
  return text;
}

std::vector<Verdict> judge(const CoresetResult& r) {
  std::vector<Verdict> rows;
  const std::string paper =
      "paper (abstract): better coreset selection than existing methods (ours: higher test "
      "accuracy)";
  for (const char* quota : kQuotas)
    for (const char* rival :
         {"random", "validation_tracin", "moso", "el2n", "forgetting", "herding"})
      rows.push_back(higher(r, kOurs, rival, quota, paper));
  for (const char* quota : kQuotas)
    rows.push_back(
        higher(r,
               "validation_unrolled",
               "random",
               quota,
               "ours: the highest exact influence on V is a better coreset than random"));
  return rows;
}

void describe_coresets(const std::vector<CoresetResult>& done, Results& results) {
  Json& run = results.run();
  run["conventions"] = {
      {"who is kept",
       "the highest: influence that lowers the validation part's mean loss, MoSo, EL2N, GraNd, "
       "forgetting events, loss (as their authors keep them); herding and k-center in their order"},
      {"quota", "free: the highest of all; per_class: of each class as large a share as of all"},
      {"validation_diff_in",
       "Eq. (9) of Tan et al. 2025 in removal sign (minus the official one: helpful is high), "
       "exact products, random checkpoints, own batches; _whole: with the first-order term, T - t "
       "and weight decay"},
      {"validation_unrolled", "exact derivative of the training, the same query"},
      {"herding, k_center", "on the inputs of the last layer after training on all"},
      {"retraining", "on the kept as a data set: same start, as many steps as on all"},
      {"accuracy, loss", "of the test part, which no score sees"},
      {"all", "trained on all examples"},
      {"seeds", "each has its own split, start and batches; methods share them"},
      {"verdicts", "means over the kept shares within a seed"},
      {"intervals", kSeedIntervals},
      {"whose protocol", kWhoseComparison}};
  for (const CoresetResult& r : done)
    run["tasks"][r.settings.name] = {{"kept", r.kept}, {"refused", r.refused}};
}

void draw(const std::vector<CoresetResult>& done, const std::filesystem::path& folder) {
  PanelFigure figure;
  figure.name = "coreset";
  figure.columns = done.size() > 1 ? 3 : 2;
  for (std::size_t k = 0; k < done.size(); k += 3)  // a row of free choices above one of quotas
    for (const char* quota : kQuotas)
      for (std::size_t j = k; j < std::min(done.size(), k + 3); ++j)
        figure.panels.push_back(panel(done[j], quota));
  figure.footnotes = {
      "Test accuracy after training on the kept share, less that of as many at random; means over "
      "seeds.",
      "Diff-In, TracIn, exact derivative: influence on a validation part. Intervals, GraNd and "
      "loss: summary.csv."};
  write_panel_figure(folder, figure);
}

}  // namespace leaveout
