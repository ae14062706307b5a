// SPDX-License-Identifier: MIT
#pragma once
// What the correlation experiment leaves behind: tables, rows, arrays, figures, run.json.
//
//   write_rows(result, results);  write_arrays(result, results.arrays(task));
//   fputs(correlation_table(result).c_str(), stdout);

#include <filesystem>

#include "experiments/decomposition/correlation_task.h"
#include "experiments/support/results.h"
#include "experiments/support/verdict.h"

namespace leaveout {

/// Columns of runs.csv: task, seed, protocol, removed, method, metric, value.
RunsLayout correlation_layout();
void write_rows(const CorrelationResult& result, Results& results);
/// correlations.csv: every cell with its interval; noise.csv: the truth's own reliability.
void write_correlations(const std::vector<CorrelationResult>& done, const Results& results);

/// Data, changes and scores, one .npy file each; files of the paper protocol begin with paper_,
/// those of the exact one with exact_.
void write_arrays(const CorrelationResult& result, const std::filesystem::path& folder);
/// Models, conventions in plain words, and what each array is.
void describe(const std::vector<CorrelationResult>& done, Results& results);

/// Every estimate of a task against every truth, under each protocol.
std::string correlation_table(const CorrelationResult& result);
/// How far further training agrees with itself over seeds; empty where nobody trained further.
std::string noise_table(const std::vector<CorrelationResult>& done);
/// The paper's statements, our figure with its interval, and whether they hold here.
std::vector<Verdict> judge(const std::vector<CorrelationResult>& done);

/// scatter.* (the first estimate against each truth, under the first protocol) and correlation.*
/// (dots with intervals), as SVG, PDF and PNG with their data.
void draw(const std::vector<CorrelationResult>& done, const std::filesystem::path& folder);

}  // namespace leaveout
