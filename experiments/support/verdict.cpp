// SPDX-License-Identifier: MIT
#include "experiments/support/verdict.h"

#include <fmt/format.h>

#include "experiments/support/table.h"

namespace leaveout {

namespace {

constexpr const char* kOpen = "open: the interval holds both";
constexpr const char* kUndefined = "not testable: undefined";

}  // namespace

Interval interval(const Estimate& e) {
  return {e.value, e.low, e.high};
}

std::string above(const Interval& e, double bound) {
  if (!e.value) return kUndefined;
  if (e.low >= bound) return "agrees";
  return e.high < bound ? "disagrees" : kOpen;
}

std::string below(const Interval& e, double bound) {
  if (!e.value) return kUndefined;
  if (e.high <= bound) return "agrees";
  return e.low > bound ? "disagrees" : kOpen;
}

std::string near(const Interval& e, double number, double margin) {
  if (!e.value) return kUndefined;
  if (e.low >= number - margin && e.high <= number + margin)
    return fmt::format("agrees: within {:g} of {:g}", margin, number);
  return e.low <= number && number <= e.high
             ? "open: the interval is too wide"
             : fmt::format("disagrees: the interval excludes {:g}", number);
}

std::string verdict_table(const std::vector<Verdict>& verdicts,
                          const std::string& footnote,
                          const VerdictWords& words) {
  Table table({"task", words.part, words.claim, "measured", "verdict"});
  table.title("\n" + words.title);
  for (const Verdict& v : verdicts) table.row({v.task, v.protocol, v.claim, v.measured, v.verdict});
  table.footnote(footnote);
  return table.text();
}

void write_verdicts(const std::vector<Verdict>& verdicts, const Results& results) {
  std::vector<std::vector<Cell>> rows;
  rows.reserve(verdicts.size());
  for (const Verdict& v : verdicts)
    rows.push_back({v.task, v.protocol, v.claim, v.measured, v.verdict});
  results.csv("verdicts.csv", {"task", "protocol", "claim", "measured", "verdict"}, rows);
}

}  // namespace leaveout
