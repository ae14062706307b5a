// SPDX-License-Identifier: MIT
#include "experiments/claims.h"

#include <fmt/format.h>

#include <filesystem>
#include <stdexcept>

#include "datasets/csv_table.h"
#include "datasets/text.h"

namespace leaveout {

namespace {

/// A cell of a Markdown table: a bar would end it.
std::string cell(std::string_view text) {
  std::string safe;
  for (const char c : text) safe += c == '|' ? std::string("\\|") : std::string(1, c);
  return safe;
}

struct Count {
  int all = 0, agree = 0, disagree = 0;
};

std::string table(const CsvTable& verdicts, const VerdictWords& words, Count& count) {
  std::string text =
      fmt::format("| task | {} | {} | measured | verdict |\n", words.part, words.claim);
  text += "|---|---|---|---|---|\n";
  for (Eigen::Index r = 0; r < verdicts.rows(); ++r) {
    text += "|";
    for (const char* column : {"task", "protocol", "claim", "measured", "verdict"})
      text += fmt::format(" {} |", cell(verdicts.cell(r, verdicts.column(column))));
    text += "\n";
    const std::string_view verdict = verdicts.cell(r, verdicts.column("verdict"));
    ++count.all;
    count.agree += verdict.starts_with("agrees") ? 1 : 0;
    count.disagree += verdict.starts_with("disagrees") ? 1 : 0;
  }
  return text;
}

}  // namespace

std::string claims_page(const std::vector<Experiment>& experiments, const Invocation& invocation) {
  std::string text;
  Count count;
  for (const Experiment& e : experiments) {
    const std::filesystem::path file = invocation.out / e.name / invocation.preset / "verdicts.csv";
    if (!std::filesystem::exists(file)) continue;
    const std::string rows = table(read_csv(file.string()), e.words, count);
    const char* const stop = e.summary.ends_with('?') ? "" : ".";
    text += fmt::format("### {}\n\n{}: {}{}\n\n{}\n", e.name, e.name, e.summary, stop, rows);
  }
  if (text.empty())
    throw std::invalid_argument(
        fmt::format("[claims] no verdicts in {} for preset {}: run `leaveout figures --preset {}`",
                    printable(invocation.out.string(), kWholeText),
                    printable(invocation.preset),
                    printable(invocation.preset)));
  return text + fmt::format(
                    "{} claims measured: {} agree, {} disagree, {} are open or not testable "
                    "at this size.\n",
                    count.all,
                    count.agree,
                    count.disagree,
                    count.all - count.agree - count.disagree);
}

}  // namespace leaveout
