// SPDX-License-Identifier: MIT
#pragma once
// What the experiment on checkpoints leaves behind: rows, tables, verdicts, its figure.
//
//   CheckpointsResult r = ...;                           // one task, all seeds
//   Estimate e = over_seeds(r, {"checkpoints", kDiffIn, "random", 5}, "removal", "spearman");
//   Estimate d = difference(r, random_five, even_five, "removal", "spearman");   // paired

#include <filesystem>

#include "experiments/support/results.h"
#include "experiments/support/verdict.h"
#include "experiments/trajectory/checkpoints_task.h"
#include "influence/metrics/correlation.h"

namespace leaveout {

/// "As good as" allows for so much less Spearman: our bound.
inline constexpr double kAsGood = 0.05;
/// Up to here differences in place of exact products change no ranks to speak of: our bound.
inline constexpr double kSameRanks = 0.999;

inline constexpr const char* kCheckpointsIntervals =
    "intervals: 95 %, Student's t over seeds; differences are paired, random draws averaged first";
inline constexpr const char* kCheckpointsBounds =
    "ours: the bounds, the tasks, and Diff-In's normalisation (T/m; the paper's 1/m is T times "
    "smaller and ranks alike)";

struct CheckpointsResult {
  TaskSettings settings;
  std::string model;
  CheckpointsOptions how;
  std::vector<CheckpointsSeed> seeds = {};
};

/// Mean over seeds of the mean over draws, with Student's t.
Estimate over_seeds(const CheckpointsResult& r,
                    const CheckpointsCase& what,
                    const std::string& truth,
                    const std::string& metric);
/// The same of `what` minus `against` within each seed.
Estimate difference(const CheckpointsResult& r,
                    const CheckpointsCase& what,
                    const CheckpointsCase& against,
                    const std::string& truth,
                    const std::string& metric);
/// Standard deviation over draws, mean over seeds; undefined where nothing was drawn.
std::optional<double> over_draws(const CheckpointsResult& r,
                                 const CheckpointsCase& what,
                                 const std::string& truth,
                                 const std::string& metric);

/// `judged`, or all steps where they are fewer.
Index judged_count(const CheckpointsResult& r);

/// The case of `count` checkpoints; all steps where count is T.
CheckpointsCase count_case(const CheckpointsResult& r,
                           const std::string& estimator,
                           const std::string& sampling,
                           Index count);

RunsLayout checkpoints_layout();
void write_rows(const CheckpointsResult& r, Results& results);
void describe(const std::vector<CheckpointsResult>& done, Results& results);

/// Both estimators by number and sampling of checkpoints.
std::string counts_table(const CheckpointsResult& r);
/// Proxy batches and epsilons.
std::string products_table(const CheckpointsResult& r);

std::vector<Verdict> judge(const std::vector<CheckpointsResult>& done);

/// checkpoints.svg (and .pdf, .png): a panel a task by number of checkpoints, and proxy batches.
void draw(const std::vector<CheckpointsResult>& done, const std::filesystem::path& folder);

}  // namespace leaveout
