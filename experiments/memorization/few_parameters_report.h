// SPDX-License-Identifier: MIT
#pragma once
// What the experiment on few parameters leaves behind: rows, tables, verdicts, its figure.
//
//   FewResult r = ...;                                   // one task: all points, all seeds
//   write_rows(r, results);  session.print(subset_table(r));

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/memorization/few_parameters_task.h"
#include "experiments/support/panel_axis.h"
#include "experiments/support/results.h"
#include "experiments/support/verdict.h"
#include "influence/metrics/correlation.h"

namespace leaveout {

/// The name, in the place of a grid's, of the task at its own settings.
inline constexpr const char* kOwnSettings = "none";

/// Ours: the paper's abstract names no number.
inline constexpr double kEnoughSpearman = 0.9;
/// Up to here two ways to the same number agree but for rounding.
inline constexpr double kIdentityTolerance = 1e-9;

inline constexpr const char* kFewIntervals =
    "intervals: 95 %, Student's t over seeds; of trends a bootstrap over seeds";

/// One training: a value of a grid and a seed.
struct FewPoint {
  std::string sweep;  // depth, width, weight_decay, epochs, or kOwnSettings
  double value = 0;   // of the grid
  std::uint64_t seed = 0;
  std::string model = {};
  FewCell cell = {};
};

struct FewResult {
  TaskSettings settings;
  std::vector<std::string> subsets;
  std::vector<FewPoint> points = {};
};

using FewMetric = std::optional<double> (*)(const FewRow& row);
/// By its name in runs.csv.
FewMetric few_metric(const std::string& name);

/// The settings that are varied, one at a time.
struct FewGrid {
  const char *name, *axis;
  Scale scale;
};
inline constexpr FewGrid kFewGrids[] = {{"depth", "hidden layers", Scale::linear},
                                        {"width", "units of the hidden layer", Scale::logarithmic},
                                        {"weight_decay", "weight decay", Scale::logarithmic},
                                        {"epochs", "epochs of training", Scale::logarithmic}};

/// Subsets, then the approximations.
std::vector<std::string> all_subsets_of(const FewResult& r);
Index seeds_of(const FewResult& r);

/// Largest of a number over all subsets of all points; undefined where there is none.
std::optional<double> largest(const FewResult& r, std::optional<double> FewRow::*number);

/// Mean over seeds with Student's t, at one value of a grid; cut off at `low` and `high`.
Estimate over_seeds(const FewResult& r,
                    const std::string& sweep,
                    double value,
                    const std::string& subset,
                    FewMetric metric);

/// The values of a grid that the task has, rising.
std::vector<double> grid_of(const FewResult& r, const std::string& sweep);

/// Rank correlation of the subset's Spearman with the grid, a curve for each seed.
Estimate spearman_trend(const FewResult& r, const std::string& sweep, const std::string& subset);

RunsLayout few_parameters_layout();
void write_rows(const FewResult& r, Results& results);
void describe(const std::vector<FewResult>& done, Results& results);

/// At the task's own settings: a row for each subset.
std::string subset_table(const FewResult& r);
/// The first subset along each grid; empty where there is none.
std::string grid_table(const FewResult& r);

std::vector<Verdict> judge(const std::vector<FewResult>& done);

/// few-parameters.svg (and .pdf, .png): Spearman by subset and along each grid, a series a task.
void draw(const std::vector<FewResult>& done, const std::filesystem::path& folder);

}  // namespace leaveout
