// SPDX-License-Identifier: MIT
#pragma once
// What the check of the theorem leaves behind: rows, a table, verdicts, a figure.
//
//   write_rows(result, results);
//   fputs(theorem_table(result).c_str(), stdout);

#include <filesystem>

#include "experiments/harmonic/datamodel_theorem_task.h"
#include "experiments/support/results.h"
#include "experiments/support/verdict.h"

namespace leaveout {

/// What rounding may leave of a slope, an intercept and a risk, relative to their scales.
inline constexpr double kTheoremTolerance = 1e-10;

/// Columns of runs.csv: task, fit, p, query, penalty, metric, example, value.
RunsLayout theorem_layout();
/// Slopes of the first query at the task's own p, by regression and closed form, and the
/// differences of every check.
void write_rows(const TheoremResult& result, Results& results);
void describe(const std::vector<TheoremResult>& done, Results& results);

/// Largest differences of each fit.
std::string theorem_table(const TheoremResult& result);
std::vector<Verdict> judge(const std::vector<TheoremResult>& done);
/// datamodel-theorem.{svg,pdf,png}: slopes along the penalty, for each task lasso and ridge.
void draw(const std::vector<TheoremResult>& done, const std::filesystem::path& folder);

}  // namespace leaveout
