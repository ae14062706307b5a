// SPDX-License-Identifier: MIT
#pragma once
// What the experiment on cost leaves behind: rows, seconds, a table, verdicts, its figure.
//
//   CostResult r = ...;                                  // one task, all seeds
//   Estimate e = over_seeds(r, "diff_in", [](const CostRow& row) { return row.spearman; });

#include <filesystem>

#include "experiments/support/results.h"
#include "experiments/support/verdict.h"
#include "experiments/trajectory/cost_task.h"
#include "influence/metrics/correlation.h"

namespace leaveout {

/// "Only a little over TracIn": at most so many times its cost; our bound.
inline constexpr double kLittleOver = 1.5;
/// Ours: one query's derivative through all steps, in units of the training.
inline constexpr double kDerivativeTarget = 3.5;
/// Ours: all examples' Diff-In scores, in gradient passes, at five checkpoints.
inline constexpr double kDiffInTarget = 10;
inline constexpr Index kDiffInTargetCheckpoints = 5;

inline constexpr const char* kCostIntervals =
    "intervals: 95 %, Student's t over seeds; counts hardly differ between seeds";
inline constexpr const char* kCostBounds =
    "ours: what is counted (gradients, a Hessian product as two, P x P algebra as 3 P "
    "multiply-adds a gradient), the bounds and the tasks; the paper gives seconds on a GPU";

struct CostResult {
  TaskSettings settings;
  std::string model;
  Index checkpoints = 5;  // m
  std::vector<CostSeed> seeds = {};
  Index timed_before = 0;  // seeds that were found on the disk: timed by an earlier run
};

using CostMetric = std::optional<double> (*)(const CostRow& row);

/// Mean over the seeds in which the estimator ran and the number is defined, with Student's t.
Estimate over_seeds(const CostResult& r, const std::string& estimator, CostMetric metric);

/// Cut off at `low` and 1, for correlations and errors.
Estimate within(Estimate e, double low);

/// Columns of runs.csv: task, seed, estimator, metric, value.
RunsLayout cost_layout();
void write_rows(const CostResult& r, Results& results);
/// seconds.csv: what differs from run to run.
void write_seconds(const std::vector<CostResult>& done, const Results& results);
void describe(const std::vector<CostResult>& done, Results& results);

/// Every estimator: agreement, counts, seconds.
std::string cost_table(const CostResult& r);

std::vector<Verdict> judge(const std::vector<CostResult>& done);

/// cost.svg (and .pdf, .png): a panel a task, Spearman with removal by gradient passes.
void draw(const std::vector<CostResult>& done, const std::filesystem::path& folder);

}  // namespace leaveout
