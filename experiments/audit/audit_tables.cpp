// SPDX-License-Identifier: MIT
// The audit's tables for the terminal.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "datasets/text.h"
#include "experiments/audit/audit_files.h"
#include "experiments/audit/audit_report.h"
#include "experiments/support/table.h"

namespace leaveout {

namespace {

constexpr std::size_t kShownModels = 4;
constexpr std::size_t kShownRows = 8;
constexpr std::size_t kShownNames = 8;
constexpr std::size_t kShownGaps = 5;

std::string names(const std::vector<std::string>& all) {
  std::string text;
  for (std::size_t i = 0; i < std::min(all.size(), kShownNames); ++i)
    text += (i > 0 ? ", " : "") + printable(all[i]);
  return all.size() > kShownNames ? fmt::format("{}, ... ({})", text, all.size()) : text;
}

/// The likeliest noise, and the one that rows are judged by.
std::string noise_text(const AuditResult& r) {
  if (r.data.classes())
    return fmt::format("temperature {:.2f}, judged by {:.2f}",
                       r.suspicion.class_noise.temperature,
                       r.suspicion.class_noise.lenient);
  const ResidualNoise& n = r.suspicion.residual_noise;
  return fmt::format(
      "residuals: Student's t, scales {:.2g} below and {:.2g} above, {} and {} degrees of freedom",
      n.left.scale,
      n.right.scale,
      n.left.dof,
      n.right.dof);
}

std::string models_table(const AuditResult& r) {
  std::vector<Candidate> best = r.chosen.tried;
  std::stable_sort(best.begin(), best.end(), [](const Candidate& a, const Candidate& b) {
    return a.loss < b.loss;
  });
  Table table({"model", "parameters", "held-out loss"});
  table.title(fmt::format("\n{}: what was trained", r.settings.name));
  for (std::size_t c = 0; c < std::min(best.size(), kShownModels); ++c)
    table.row({best[c].name(),
               std::to_string(best[c].model->parameter_count()),
               fmt::format("{:.4g}", best[c].loss)});
  if (best.size() > kShownModels)
    table.row({fmt::format("and {} more", best.size() - kShownModels), "", ""});
  table.row({"constant prediction", "1", fmt::format("{:.4g}", r.score.constant_loss)});
  table.footnote(
      fmt::format("the first is taken, {} x {} folds; {} of held-out rows {:.3f}, of a "
                  "constant prediction {:.3f}",
                  r.chosen.repeats,
                  r.how.folds,
                  r.data.classes() ? "accuracy" : "R^2",
                  r.score.quality,
                  r.score.constant_quality));
  table.footnote(noise_text(r) + (r.suspicion.wrong_share > 0
                                      ? fmt::format("; estimated share of wrong targets {:.1f} %",
                                                    100 * r.suspicion.wrong_share)
                                      : "; no share of wrong targets can be told from the noise"));
  return table.text();
}

std::string flags_table(const AuditSeeds& seeds) {
  Table table({"flag", "rows", "expected by chance", "meaning"});
  table.title(fmt::format(
      "\n{}: flags{}",
      seeds.settings.name,
      seeds.seeds.size() > 1 ? fmt::format(", mean of {} seeds", seeds.seeds.size()) : ""));
  for (const Flag flag : kFlags) {
    const Estimate rows = over_audits(
        seeds, [&](const AuditResult& r) { return static_cast<double>(r.findings.count(flag)); });
    const Estimate chance = over_audits(
        seeds, [&](const AuditResult& r) { return r.findings.expected(flag).value_or(0); });
    table.row({flag_name(flag),
               fmt::format("{:g}", *rows.value),
               flag == Flag::redundant ? "-" : fmt::format("{:.1f}", *chance.value),
               flag_meaning(flag)});
  }
  table.footnote(kChanceNote);
  return table.text();
}

std::string recall_table(const AuditSeeds& seeds) {
  Table table({"inspected by", "10 %", "20 %", "30 %"});
  table.title(fmt::format("\n{}: planted errors found", seeds.settings.name));
  for (std::size_t order = 0; order < kInspections.size(); ++order) {
    std::vector<std::string> cells = {kInspections[order]};
    for (const double inspected : {0.1, 0.2, 0.3})
      cells.push_back(to_string(over_audits(
          seeds, [&](const AuditResult& r) { return planted_recall(r, order, inspected); })));
    table.row(cells);
  }
  return table.text();
}

std::string rows_table(const AuditResult& r, Flag flag) {
  const std::vector<Index> found = shown_rows(r, flag);
  if (found.empty()) return {};
  const Evidence& e = r.evidence;
  Table table({"row",
               "target",
               "prediction",
               "suspicion",
               "memorization",
               "self-influence",
               "held-out influence",
               "helped by",
               "harmed by"});
  table.title(fmt::format("\n{}", r.findings.count(flag) > 0 ? flag_name(flag) : kMostSuspicious));
  const auto neighbour = [&](Index example, double score) {
    return example < 0 ? std::string("-") : fmt::format("{} ({:.2g})", r.row(example), score);
  };
  for (std::size_t k = 0; k < std::min(found.size(), kShownRows); ++k) {
    const Index i = found[k];
    const auto u = static_cast<std::size_t>(i);
    table.row({std::to_string(r.row(i)),
               printable(r.target(i), 24),
               printable(r.prediction(i), 24),
               fmt::format("{:.2f}", r.suspicion.suspicion(i)),
               fmt::format("{:.3g}", e.memorization(i)),
               fmt::format("{:.2g}", e.self_influence(i)),
               fmt::format("{:.2g} [{:.2g}, {:.2g}]", e.held(i), e.low(i), e.high(i)),
               neighbour(e.helpful[u], e.helpful_score(i)),
               neighbour(e.harmful[u], e.harmful_score(i))});
  }
  if (found.size() > kShownRows)
    table.footnote(fmt::format("and {} more, in audit.csv", found.size() - kShownRows));
  return table.text();
}

std::string gaps_text(const std::vector<LeftOut>& rows) {
  std::string text;
  for (std::size_t k = 0; k < std::min(rows.size(), kShownGaps); ++k)
    text += (k > 0 ? ", " : "") + rows[k].text();
  return rows.size() > kShownGaps ? text + ", ..." : text;
}

/// Whether some row was left out for another column than the target, which is never filled.
bool fillable(const AuditData& data) {
  return std::any_of(data.left_out.begin(), data.left_out.end(), [&](const LeftOut& row) {
    return row.column != data.table.target_name;
  });
}

}  // namespace

std::string data_notes(const AuditData& data) {
  std::string text;
  if (!data.left_out.empty())
    text += fmt::format("  {} row{} out for want of a value: {}{}\n",
                        data.left_out.size(),
                        data.left_out.size() == 1 ? " is left" : "s are left",
                        gaps_text(data.left_out),
                        fillable(data) ? "; --set missing=mean fills them in" : "");
  if (data.filled > 0)
    text += fmt::format("  {} missing cell{} column's mean ({}{})\n",
                        data.filled,
                        data.filled == 1 ? " got its" : "s got their",
                        names(data.gaps),
                        data.filled > static_cast<Index>(data.gaps.size()) ? ", ..." : "");
  for (const std::string& column : data.empty)
    text += fmt::format("  column '{}' has no value in any row: it is 0 everywhere, remove it\n",
                        printable(column));
  if (!data.constant.empty())
    text += fmt::format("  constant columns, of no use to any model: {}\n", names(data.constant));
  if (data.kinds.are_few())
    text += fmt::format(
        "  {} different rows of features only: equal ones are taken for different cases, not for "
        "copies\n",
        data.kinds.count);
  for (const std::string& far : data.far)
    text += fmt::format(
        "  {}: correct it, or take the column's logarithm, before flags are believed\n", far);
  const auto copies = std::count_if(
      data.copy_of.begin(), data.copy_of.end(), [](Index first) { return first >= 0; });
  if (copies > 0) text += fmt::format("  {} rows are copies of earlier rows\n", copies);
  return text;
}

std::string audit_tables(const AuditSeeds& seeds, bool rows) {
  const AuditResult& first = seeds.seeds.front();
  std::string text = models_table(first) + flags_table(seeds);
  if (seeds.planted()) text += recall_table(seeds);
  if (!rows) return text;
  for (const Flag flag : kFlags) text += rows_table(first, flag);
  const auto unseen =
      std::count(first.evidence.seen_class.begin(), first.evidence.seen_class.end(), false);
  if (unseen > 0)
    text += fmt::format("\n{} rows cannot be judged: no other row of their class was in training\n",
                        unseen);
  return text + fmt::format(
                    "\nrows are counted from 0; intervals: 95 %, bootstrap over {} different "
                    "held-out rows\nadvice: {}\n",
                    first.evidence.held_kinds,
                    first.advice());
}

}  // namespace leaveout
