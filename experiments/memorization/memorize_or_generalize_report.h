// SPDX-License-Identifier: MIT
#pragma once
// What the experiment leaves behind: rows, arrays, tables, verdicts, a figure.
//
//   write_rows(result, results);
//   fputs(auc_table(result).c_str(), stdout);

#include <filesystem>
#include <functional>

#include "experiments/memorization/memorize_or_generalize_task.h"
#include "experiments/support/verdict.h"

namespace leaveout {

/// A task with all of its seeds.
struct MemorizeResult {
  TaskSettings settings;
  std::vector<ExampleScores> seeds;
};

/// AUC from which on we say that a score tells one from the other: our bound.
inline constexpr double kTells = 0.8;

inline const VerdictWords kVerdictWords = {
    "What is claimed, and what we measured", "score", "claim"};

/// Mean over the seeds in which the number is defined, with the 95 % interval of Student's t, cut
/// off at `low` and `high`.
Estimate over_seeds(const MemorizeResult& result,
                    const std::function<std::optional<double>(const ExampleScores&)>& number,
                    double low = 0,
                    double high = 1);

/// Columns of runs.csv: task, seed, score, metric, group, value.
RunsLayout memorize_layout();
void write_rows(const MemorizeResult& result, Results& results);
/// scores_seedS.npy (N x 13), groups_seedS.npy (N), calls_seedS.npy (N).
void write_arrays(const MemorizeResult& result, const std::filesystem::path& folder);
void describe(const std::vector<MemorizeResult>& done, Results& results);

/// How well each score tells each group.
std::string auc_table(const MemorizeResult& result);
/// Shares of each group that are called memorize, neutral, generalize.
std::string calls_table(const MemorizeResult& result);
std::vector<Verdict> judge(const std::vector<MemorizeResult>& done);
/// memorize-or-generalize.{svg,pdf,png} with their data: a panel per task, AUCs by score.
void draw(const std::vector<MemorizeResult>& done, const std::filesystem::path& folder);

}  // namespace leaveout
