// SPDX-License-Identifier: MIT
#include "experiments/audit/audit_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace leaveout {

namespace {

constexpr const char* kHead = R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{0}</title>
<style>
body {{ font: 16px/1.45 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 76rem; color: #1a1a1a; background: #fff }}
h1 {{ font-size: 1.4rem }} h2 {{ font-size: 1.15rem; margin: 2rem 0 .3rem }}
p {{ max-width: 48rem; margin: .4rem 0 }} .advice {{ font-weight: 600 }}
table {{ border-collapse: collapse; width: 100%; font-size: .88rem; font-variant-numeric: tabular-nums }}
th, td {{ text-align: left; padding: .3rem .5rem; border-bottom: 1px solid #ddd; vertical-align: top }}
th {{ border-bottom: 2px solid #888 }}
summary {{ cursor: pointer }} dl {{ margin: .3rem 0; display: grid; grid-template-columns: auto auto; gap: 0 .8rem; justify-content: start }}
dd {{ margin: 0 }}
@media (max-width: 45rem) {{
  thead {{ display: none }} tr {{ display: block; border-bottom: 2px solid #888; padding: .5rem 0 }}
  td {{ display: flex; justify-content: space-between; gap: 1rem; border: 0; padding: .1rem 0; overflow-wrap: anywhere }}
  td::before {{ content: attr(data-label); color: #555; flex: none }}
}}
</style></head><body>
<h1>{0}</h1>
)";

std::string number(double x) {
  return fmt::format("{:.3g}", x);
}

std::string neighbour(const AuditResult& r, Index example, double score) {
  return example < 0 ? "none" : fmt::format("row {} ({})", r.row(example), number(score));
}

std::string features(const AuditResult& r, Index i) {
  std::string text = "<details><summary>show</summary><dl>";
  for (Index j = 0; j < r.data.table.features(); ++j)
    text += fmt::format("<dt>{}</dt><dd>{:g}</dd>",
                        html_escaped(r.data.table.feature_names[static_cast<std::size_t>(j)]),
                        r.data.table.inputs(j, i));
  return text + "</dl></details>";
}

std::string html_row(const AuditResult& r, Index i) {
  const Evidence& e = r.evidence;
  std::string text = "<tr>";
  const auto cell = [&](const char* label, const std::string& inner) {
    text += fmt::format("<td data-label=\"{}\">{}</td>", label, inner);
  };
  const auto u = static_cast<std::size_t>(i);
  cell("row", std::to_string(r.row(i)));
  cell("target", html_escaped(r.target(i)));
  cell("prediction", html_escaped(r.prediction(i)));
  cell("suspicion", number(r.suspicion.suspicion(i)));
  cell("memorization", number(e.memorization(i)));
  cell("self-influence", number(e.self_influence(i)));
  cell("held-out influence",
       fmt::format("{} [{}, {}]", number(e.held(i)), number(e.low(i)), number(e.high(i))));
  cell("helped most by", neighbour(r, e.helpful[u], e.helpful_score(i)));
  cell("harmed most by", neighbour(r, e.harmful[u], e.harmful_score(i)));
  cell("features", features(r, i));
  return text + "</tr>\n";
}

std::string capitalised(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 32);
  return text;
}

std::string html_section(const AuditResult& r, Flag flag) {
  const Index count = r.findings.count(flag);
  std::string text = fmt::format(
      "<h2>{}: {}</h2>\n<p>{}.", flag_name(flag), count, capitalised(flag_meaning(flag)));
  if (const auto& chance = r.findings.expected(flag))
    text += fmt::format(" Expected by chance: {:.1f}.", *chance);
  text += "</p>\n";
  const std::vector<Index> found = shown_rows(r, flag);
  if (found.empty()) return text;
  if (count == 0) text += fmt::format("<p>{}:</p>\n", capitalised(kMostSuspicious));
  if (static_cast<Index>(found.size()) > kMostShown)
    text += fmt::format("<p>The first {} are shown; audit.csv has all.</p>\n", kMostShown);
  text +=
      "<table><thead><tr><th>row</th><th>target</th><th>prediction</th><th>suspicion</th>"
      "<th>memorization</th><th>self-influence</th><th>held-out influence</th><th>helped most "
      "by</th><th>harmed most by</th><th>features</th></tr></thead><tbody>\n";
  for (std::size_t k = 0; k < found.size() && k < static_cast<std::size_t>(kMostShown); ++k)
    text += html_row(r, found[k]);
  return text + "</tbody></table>\n";
}

}  // namespace

std::string html_escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

const char* flag_meaning(Flag flag) {
  switch (flag) {
    case Flag::mislabelled:
      return "models that have not seen the row find its target all but impossible";
    case Flag::harmful:
      return "rows that the model has not seen would be predicted better without it";
    case Flag::rare:
      return "rare but useful: memorized, and other rows are predicted better for it; keep it";
    case Flag::redundant:
      return "a copy, or a row that changes no prediction measurably, its own included";
    default:
      return "";
  }
}

std::vector<Index> shown_rows(const AuditResult& r, Flag flag) {
  constexpr std::size_t kFew = 5;
  std::vector<Index> found = r.findings.examples(flag, r.data, r.evidence);
  if (!found.empty() || flag != Flag::mislabelled) return found;
  found = r.findings.order;
  found.resize(std::min(found.size(), kFew));
  return found;
}

void write_audit_csv(const AuditResult& r, const std::string& name, const Results& results) {
  const Evidence& e = r.evidence;
  const auto file_row = [&](Index example) {
    return example < 0 ? Cell("") : Cell(r.row(example));
  };
  std::vector<std::vector<Cell>> rows;
  for (const Index i : r.findings.order) {
    const auto u = static_cast<std::size_t>(i);
    rows.push_back({r.row(i),
                    r.target(i),
                    r.prediction(i),
                    e.out_loss(i),
                    r.suspicion.suspicion(i),
                    e.memorization(i),
                    e.self_influence(i),
                    e.held(i),
                    e.low(i),
                    e.high(i),
                    file_row(e.helpful[u]),
                    e.helpful[u] < 0 ? Cell("") : Cell(e.helpful_score(i)),
                    file_row(e.harmful[u]),
                    e.harmful[u] < 0 ? Cell("") : Cell(e.harmful_score(i)),
                    flag_name(r.findings.flags[u])});
  }
  for (const LeftOut& gap : r.data.left_out) {
    std::vector<Cell> cells(15, Cell(""));
    cells.front() = gap.row;
    cells.back() = "missing";
    rows.push_back(std::move(cells));
  }
  results.csv(name,
              {"row",
               "target",
               "prediction",
               "out_of_fold_loss",
               "suspicion",
               "memorization",
               "self_influence",
               "held_out_influence",
               "held_out_influence_low",
               "held_out_influence_high",
               "helpful_row",
               "helpful_score",
               "harmful_row",
               "harmful_score",
               "flag"},
              rows);
}

std::string audit_html(const AuditResult& r) {
  std::string text =
      fmt::format(fmt::runtime(kHead), html_escaped(fmt::format("Audit of {}", r.settings.name)));
  text += fmt::format(
      "<p class=\"advice\">{}</p>\n<p>{} rows, target {}. Model: {}, chosen by {}-fold "
      "cross-validation; held-out loss {:.3g}, of a constant prediction {:.3g}.</p>\n",
      html_escaped(capitalised(r.advice())),
      r.data.size(),
      html_escaped(r.data.table.target_name),
      html_escaped(r.chosen.candidate().name()),
      r.how.folds,
      r.score.loss,
      r.score.constant_loss);
  text +=
      "<p>Rows are counted from 0. Suspicion is -log10 of the probability of a target as bad as "
      "the "
      "row's, by models that have not seen it. Memorization: its loss where it was held out, less "
      "that where it was trained on. Influences are what removing a row does to a loss: positive, "
      "the row helps; intervals are 95 %, bootstrap over held-out rows.</p>\n";
  text += fmt::format("<p>{}.</p>\n", kChanceNote);
  if (const std::size_t gaps = r.data.left_out.size(); gaps > 0)
    text +=
        fmt::format("<p>{} for want of a value: they are at the end of audit.csv.</p>\n",
                    gaps == 1 ? "1 row is left out" : fmt::format("{} rows are left out", gaps));
  for (const Flag flag : kFlags) text += html_section(r, flag);
  return text + "</body></html>\n";
}

}  // namespace leaveout
