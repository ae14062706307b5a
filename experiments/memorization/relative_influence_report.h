// SPDX-License-Identifier: MIT
#pragma once
// What the experiment on relative influence leaves behind: rows, tables, verdicts, its figure.
//
//   RelativeResult r = ...;                               // one task: all seeds
//   write_rows(r, results);  session.print(groups_table(r));

#include <filesystem>
#include <functional>

#include "experiments/memorization/relative_influence_task.h"
#include "experiments/support/results.h"
#include "experiments/support/verdict.h"

namespace leaveout {

/// A task with all of its seeds.
struct RelativeResult {
  TaskSettings settings;
  std::vector<RelativeSeed> seeds;
};

/// Tables, verdicts and the figure are of lists of so many names; runs.csv has all lengths.
inline constexpr Index kShownLength = 5;
/// AUC from which on we say that a score tells one from the other: our bound.
inline constexpr double kTellsGroups = 0.8;
/// Up to here two ways to the same number agree but for rounding.
inline constexpr double kRelativeTolerance = 1e-8;

inline constexpr const char* kRelativeIntervals =
    "intervals: 95 %, Student's t over seeds; differences of two scores are of the same seed";

/// Mean over the seeds in which the number is defined, with the 95 % interval of Student's t, cut
/// off at `low` and `high`.
Estimate over_seeds(const RelativeResult& r,
                    const std::function<std::optional<double>(const RelativeSeed&)>& number,
                    double low,
                    double high);

/// A metric of the lists of kShownLength names; distances are not cut off at 1.
Estimate names_over_seeds(const RelativeResult& r,
                          const std::string& score,
                          const std::string& side,
                          const std::string& metric);

/// The score's metric minus that of `other` (kAllExamples: what chance gives).
Estimate difference_over_seeds(const RelativeResult& r,
                               const std::string& score,
                               const std::string& other,
                               const std::string& side,
                               const std::string& metric);

Estimate tell_over_seeds(const RelativeResult& r,
                         const std::string& score,
                         PlantedGroup group,
                         PlantedGroup from);

RunsLayout relative_layout();
void write_rows(const RelativeResult& r, Results& results);
void describe(const std::vector<RelativeResult>& done, Results& results);

/// Of which groups the named examples are, helpful and harmful.
std::string groups_table(const RelativeResult& r);
/// How near to the query the helpful ones are, and how many different ones there are.
std::string neighbours_table(const RelativeResult& r);
/// How well the benefit ratio tells the groups apart.
std::string tells_table(const RelativeResult& r);

std::vector<Verdict> judge(const std::vector<RelativeResult>& done);

/// relative-influence.{svg,pdf,png} with their data: a panel a metric, a series a task.
void draw(const std::vector<RelativeResult>& done, const std::filesystem::path& folder);

}  // namespace leaveout
