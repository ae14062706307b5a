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
inline constexpr const char* kAccuracyReading =
    "errors: factor over the rival's, below 1 is nearer; Spearman: difference; misfit: of a power "
    "law over that of an exponential law; intervals: 95 %, Student's t over seeds\n"
    "an estimate of zero has error 1: where all others are above, 1/m is nearer by being small";
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
/// Geometric mean with an interval, of the values above 0; values of 0 are left out.
Estimate geometric_interval(const Eigen::VectorXd& values);

/// How an error grows along a grid: in each seed the least-squares slope of its logarithm on that
/// of the grid, and how well this power law fits, beside an exponential law of two parameters too:
/// the quotient of the root mean squares that are left of the logarithm. Of four values or more.
struct Growth {
  Estimate slope, misfit;
};
/// |estimate - truth| itself, not relative to the truth, against the number of steps.
Growth growth_in_steps(const AccuracyResult& r,
                       const std::string& estimator,
                       const std::string& truth);
/// Expansions in x are judged where x is below this.
inline constexpr double kSmallX = 0.2;
/// Relative errors against the derivative, against x, along the rates with x below kSmallX.
Growth growth_in_x(const AccuracyResult& r, const std::string& estimator);
/// Of one seed: the misfit of log values = a + b log grid over that of log values = a + b grid.
/// Undefined where the latter has none.
std::optional<double> power_misfit(const Eigen::VectorXd& grid, const Eigen::VectorXd& values);

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

/// Which tasks the figures show: the first three, one of them with ReLU where there is one.
std::vector<std::size_t> drawn_tasks(const std::vector<AccuracyResult>& done);
/// trajectory-accuracy and budget: .svg, .pdf, .png.
void draw_accuracy(const std::vector<AccuracyResult>& done, const std::filesystem::path& folder);

}  // namespace leaveout
