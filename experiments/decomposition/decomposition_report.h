// SPDX-License-Identifier: MIT
#pragma once
// What the decomposition experiment leaves behind: tables, rows, arrays, figures, run.json.
//
//   write_rows(result, results);  write_arrays(result, results.arrays(task));
//   fputs(gap_table(result).c_str(), stdout);

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/decomposition/decomposition_task.h"
#include "experiments/support/results.h"
#include "experiments/support/verdict.h"

namespace leaveout {

/// Columns of runs.csv: task, seed, protocol, removed, method, metric, value.
RunsLayout decomposition_layout();
void write_rows(const TaskResult& result, Results& results);

/// Everything that another tool needs to recompute the task, one .npy file each, examples in rows.
/// Files of the exact protocol have the plain names; those of the paper protocol begin with paper_
/// (unless it is the only one).
void write_arrays(const TaskResult& result, const std::filesystem::path& folder);

/// Configuration, models, conventions in plain words, and what each array is.
void describe(const std::vector<TaskResult>& done, Results& results);

/// The five gaps of a task under each protocol, mean and standard error over removed examples.
std::string gap_table(const TaskResult& result);
/// Pearson, Spearman and slope of predicted against actual change, with bootstrap intervals.
std::string agreement_table(const std::vector<TaskResult>& done);
/// The paper's statements, our figure with its interval, and whether they hold here.
std::vector<Verdict> judge(const std::vector<TaskResult>& done);

/// gaps.svg, scatter.svg (and .pdf, .png) with their data.
void draw(const std::vector<TaskResult>& done, const std::filesystem::path& folder);

}  // namespace leaveout
