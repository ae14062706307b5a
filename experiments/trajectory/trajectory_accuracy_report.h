// SPDX-License-Identifier: MIT
#pragma once
// What the experiment on accuracy leaves behind: rows, scores of single examples, tables, verdicts,
// figures.
//
//   AccuracyResult r = ...;                              // one task: all lengths, all seeds
//   Estimate e = over_seeds(r, 30, [](const AccuracyCell& c) { return removal_spearman(c); });

#include <filesystem>
#include <functional>

#include "experiments/support/results.h"
#include "experiments/support/verdict.h"
#include "experiments/trajectory/trajectory_accuracy_task.h"

namespace leaveout {

inline constexpr const char* kAccuracyIntervals = "intervals: 95 %, Student's t over seeds";
inline constexpr const char* kAccuracyOurs =
    "ours: the tasks, the lengths, the metrics and the bounds; the paper's tables were not "
    "available";

struct AccuracyResult {
  TaskSettings settings;
  std::vector<AccuracyCell> cells = {};
};

/// A number of one training; undefined where the estimator refused it.
using CellNumber = std::function<std::optional<double>(const AccuracyCell& cell)>;
/// Of an estimator against removal.
CellNumber against_removal(const std::string& estimator, std::optional<double> Closeness::*metric);

/// Mean with Student's t over the seeds of one length.
Estimate over_seeds(const AccuracyResult& r, Index epochs, const CellNumber& of);
/// The lengths, rising.
std::vector<Index> lengths_of(const AccuracyResult& r);
double mean_curvature_time(const AccuracyResult& r, Index epochs);

/// The exponent of an estimator's raw error against the derivative as a power of x, by least
/// squares on logarithms over one seed's lengths; undefined with fewer than three.
std::optional<double> growth_exponent(const AccuracyResult& r,
                                      std::uint64_t seed,
                                      const std::string& estimator);

/// Columns of runs.csv: task, seed, epochs, estimator, metric, value.
RunsLayout trajectory_accuracy_layout();
void write_rows(const AccuracyResult& r, Results& results);
/// scores.csv: a row for each example of each training, a column for each estimator and truth.
void write_scores(const std::vector<AccuracyResult>& done, const Results& results);
void describe(const std::vector<AccuracyResult>& done, Results& results);

/// Spearman and errors of every estimator at the shortest, a middle and the longest training.
std::string accuracy_table(const AccuracyResult& r);

std::vector<Verdict> judge(const std::vector<AccuracyResult>& done);

/// trajectory-accuracy and trajectory-accuracy_budget (.svg, .pdf, .png).
void draw(const std::vector<AccuracyResult>& done, const std::filesystem::path& folder);

}  // namespace leaveout
