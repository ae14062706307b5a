// SPDX-License-Identifier: MIT
#pragma once
// What the comparison of residual estimators leaves behind: rows, tables, verdicts, a figure.
//
//   write_rows(result, results);
//   fputs(error_table(result).c_str(), stdout);

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/harmonic/residual_estimation_task.h"
#include "experiments/support/results.h"
#include "experiments/support/verdict.h"
#include "experiments/task.h"

namespace leaveout {

struct ResidualResult {
  TaskSettings settings;
  std::string output, model;
  double p = 0.5;
  Index examples = 0;
  Index repeats = 1;           // trainings behind each entry of the tables
  Index unconverged = 0;       // exact solutions that missed their tolerance
  Index repetitions = 0;       // estimates of each kind
  std::vector<Index> queries;  // those whose output varies
  ResidualErrors errors;
};

inline constexpr const char* kResidualIntervals =
    "intervals: bootstrap over repetitions, 95 %; of predictions 99.7 %";

/// Columns of runs.csv: task, query, method, rho, trainings, metric, value.
RunsLayout residual_layout();
void write_rows(const ResidualResult& result, Results& results);
/// errors.csv: over all queries of a task, with standard errors and predictions.
void write_errors(const std::vector<ResidualResult>& done, const Results& results);
void describe(const std::vector<ResidualResult>& done, Results& results);
/// Errors of each method by trainings, with predicted and measured bias and noise of B_1.
std::string error_table(const ResidualResult& result);

/// The paper's algorithm with the rho that has the smallest error here.
const ErrorCell* best_paper(const ResidualErrors& errors, Index trainings);
/// log error(last trainings) - log error(first) per log trainings, by least squares over all.
double error_slope(const std::vector<double>& trainings, const std::vector<double>& errors);

std::vector<Verdict> judge(const std::vector<ResidualResult>& done);
/// residual-estimation.{svg,pdf,png}: of each task the error against trainings, and bias and noise
/// against rho beside their predictions.
void draw(const std::vector<ResidualResult>& done, const std::filesystem::path& folder);

}  // namespace leaveout
