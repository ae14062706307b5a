// SPDX-License-Identifier: MIT
#pragma once
// What the experiment on the accuracy of trajectory estimators leaves behind: rows, tables,
// verdicts, figures.
//
//   AccuracyResult r = ...;                       // one task: all regimes, all seeds
//   write_rows(r, results);  session.print(accuracy_table(r));

#include <filesystem>

#include "experiments/support/results.h"
#include "experiments/support/verdict.h"
#include "experiments/trajectory/trajectory_accuracy_task.h"

namespace leaveout {

inline constexpr const char* kAccuracyIntervals = "intervals: 95 %, Student's t over seeds";
inline constexpr const char* kAccuracyChoices =
    "ours: the regimes and their bounds, small networks, every truth but the exact removal, the "
    "influence function's damping; the paper's theorem and tables were not available";

/// Up to here two ways to the same number agree but for rounding.
inline constexpr double kAccuracyTolerance = 1e-9;

struct AccuracyResult {
  TaskSettings settings;
  std::vector<AccuracyPoint> points = {};
};

/// A rate and a length, with the geometric mean over seeds of x and of the number of steps.
struct Regime {
  double rate = 0;
  Index epochs = 0;
  double x = 0, steps = 0;
};
/// In the order of x: all, those along the rates (of the task's own length), and those along the
/// lengths (of its own rate).
std::vector<Regime> regimes(const AccuracyResult& r);
std::vector<Regime> along_rates(const AccuracyResult& r);
std::vector<Regime> along_lengths(const AccuracyResult& r);

/// A row of every point: which number is meant.
struct NumberOf {
  std::string part, estimator, truth, query, metric;
};
NumberOf mean_score(const std::string& estimator, const std::string& truth, const char* metric);

/// (seeds) in their order; a seed without the number is left out.
Eigen::VectorXd over_seeds(const AccuracyResult& r, const Regime& at, const NumberOf& number);
/// Geometric mean with an interval; of values above 0.
Estimate geometric_interval(const Eigen::VectorXd& values);

/// How an error grows along a grid: in each seed the least-squares slope of its logarithm on that
/// of the grid, and by how much the slope over the upper half is above that over the lower half.
struct Growth {
  Estimate slope, change;
};
/// |estimate - truth| itself, not relative to the truth, against the number of steps.
Growth growth_in_steps(const AccuracyResult& r,
                       const std::string& estimator,
                       const std::string& truth);
/// Relative errors against the derivative, against x, along the rates with x below 1.
Growth growth_in_x(const AccuracyResult& r, const std::string& estimator);
/// Of one seed: `values` on `grid`, both above 0 and as long, two entries or more.
double log_slope(const std::vector<double>& grid, const std::vector<double>& values);

RunsLayout trajectory_accuracy_layout();
void write_rows(const AccuracyResult& r, Results& results);
/// scores.csv and growth.csv.
void write_scores(const std::vector<AccuracyResult>& done, const Results& results);
void write_growth(const std::vector<AccuracyResult>& done, const Results& results);
void describe(const std::vector<AccuracyResult>& done, Results& results);

/// Estimators along the rates: relative error and Spearman.
std::string accuracy_table(const AccuracyResult& r);

/// Over all tasks, then (`every` only) task by task.
std::vector<Verdict> judge_accuracy(const std::vector<AccuracyResult>& done, bool every);

/// trajectory-accuracy and trajectory-accuracy_budget: .svg, .pdf, .png.
void draw_accuracy(const std::vector<AccuracyResult>& done, const std::filesystem::path& folder);

}  // namespace leaveout
