// SPDX-License-Identifier: MIT
#pragma once
// A claim of a paper, our figure with its interval, and whether it holds here.
//
// Law: a verdict is what the whole interval allows. Where the interval holds both answers the
// verdict is "open", and where there is no number it is "not testable" with the reason.
//
//   verdicts.push_back({"concrete", "exact", "Spearman above 0.5", "0.98 [0.90, 1.00]",
//                       above({0.98, 0.90, 1.00}, 0.5)});
//   fputs(verdict_table(verdicts, "intervals: 95 % bootstrap").c_str(), stdout);

#include <optional>
#include <string>
#include <vector>

#include "experiments/support/results.h"
#include "experiments/support/verdict_words.h"
#include "influence/metrics/correlation.h"

namespace leaveout {

/// A rank correlation inside plus or minus this is called "near 0" or "no strong relation"; our
/// choice.
constexpr double kStrongCorrelation = 0.5;

struct Verdict {
  std::string task, protocol, claim, measured, verdict;
};

/// A number with the ends of its interval; empty where the number is undefined.
struct Interval {
  std::optional<double> value = {};
  double low = 0, high = 0;
};

Interval interval(const Estimate& e);

/// "agrees" where the whole interval is at or above the bound, "disagrees" where all of it is
/// below, else "open: the interval holds both".
std::string above(const Interval& interval, double bound);
/// The same for "at or below the bound".
std::string below(const Interval& interval, double bound);
/// "agrees: ..." where the whole interval is within `margin` of the number, "disagrees: ..." where
/// it is not and excludes the number, else "open: ...": so wide an interval tells nothing from
/// nothing.
std::string near(const Interval& interval, double number, double margin);

/// The verdicts as a table for the terminal.
std::string verdict_table(const std::vector<Verdict>& verdicts,
                          const std::string& footnote,
                          const VerdictWords& words = {});
/// The same as verdicts.csv.
void write_verdicts(const std::vector<Verdict>& verdicts, const Results& results);

}  // namespace leaveout
