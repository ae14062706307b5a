// SPDX-License-Identifier: MIT
#pragma once
// What the experiment leaves behind: rows, arrays, tables, verdicts, a figure.
//
//   write_rows(result, results);
//   fputs(auc_table(result).c_str(), stdout);

#include <array>
#include <filesystem>
#include <functional>

#include "experiments/memorization/memorize_or_generalize_task.h"
#include "experiments/support/results.h"
#include "experiments/support/verdict.h"

namespace leaveout {

/// A task with all of its seeds.
struct MemorizeResult {
  TaskSettings settings;
  std::vector<ExampleScores> seeds;
};

/// AUC from which on we say that a score tells one from the other: our bound.
inline constexpr double kTells = 0.8;

/// In the order of every table.
inline constexpr std::array<PlantedGroup, 4> kGroupsInOrder = {
    PlantedGroup::mislabelled, PlantedGroup::rare, PlantedGroup::duplicate, PlantedGroup::typical};

/// Which AUC: a group beside others, or what trainings on subsets found to be memorized.
struct AucTarget {
  const char *metric, *series, *title;  // in runs.csv, of a legend, of a column
  PlantedGroup group;
  Against against;
  bool memorized = false;
};
inline constexpr std::array<AucTarget, 4> kAucTargets = {{
    {"auc_of_others",
     "mislabelled",
     "mislabelled, of all",
     PlantedGroup::mislabelled,
     Against::all_others},
    {"auc_of_typical", "rare", "rare, of typical", PlantedGroup::rare, Against::typical},
    {"auc_of_typical",
     "duplicate",
     "duplicate, of typical",
     PlantedGroup::duplicate,
     Against::typical},
    {"auc_memorized",
     "memorized",
     "memorized, of all",
     PlantedGroup::typical,
     Against::all_others,
     true},
}};

/// The top of a score, as long as one of the planted groups: who is in it?
struct TopOfScore {
  const char* metric;
  PlantedGroup as_many_as;
};
inline constexpr TopOfScore kTopMislabelled = {"flagged_as_many_as_mislabelled",
                                               PlantedGroup::mislabelled};
inline constexpr TopOfScore kTopRare = {"flagged_as_many_as_rare", PlantedGroup::rare};

/// Undefined where nothing is planted of the group that says how many.
std::optional<double> flagged_share(const ExampleScores& s,
                                    Index column,
                                    const TopOfScore& top,
                                    PlantedGroup group);

Index count_of(const ExampleScores& s, PlantedGroup group);

/// Mean over the seeds in which the number is defined, with the 95 % interval of Student's t, cut
/// off at `low` and `high`.
Estimate over_seeds(const MemorizeResult& result,
                    const std::function<std::optional<double>(const ExampleScores&)>& number,
                    double low = 0,
                    double high = 1);

/// The same of an AUC, and of a share flagged.
Estimate auc_over_seeds(const MemorizeResult& result, Index column, const AucTarget& target);
Estimate flagged_over_seeds(const MemorizeResult& result,
                            Index column,
                            const TopOfScore& top,
                            PlantedGroup group);

/// Calls memorize or generalize.
Index calls_made(const HeldOutSigns& signs);

/// Columns of runs.csv: task, seed, score, metric, group, value.
RunsLayout memorize_layout();
void write_rows(const MemorizeResult& result, Results& results);
/// scores_seedS.npy (N x kScores), groups_seedS.npy (N), calls_seedS.npy (N).
void write_arrays(const MemorizeResult& result, const std::filesystem::path& folder);
void describe(const std::vector<MemorizeResult>& done, Results& results);

/// How well each score tells each group.
std::string auc_table(const MemorizeResult& result);
/// Whom the main scores take for mislabelled, or for rare: shares of each group at their top.
std::string flagged_table(const MemorizeResult& result);
/// Shares of each group that are called memorize, neutral, generalize.
std::string calls_table(const MemorizeResult& result);
std::vector<Verdict> judge(const std::vector<MemorizeResult>& done);
/// memorize-or-generalize.{svg,pdf,png} with their data: of each task AUCs by score,
/// and the shares of each group at its top.
void draw(const std::vector<MemorizeResult>& done, const std::filesystem::path& folder);

}  // namespace leaveout
