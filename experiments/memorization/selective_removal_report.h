// SPDX-License-Identifier: MIT
#pragma once
// What the experiment on removal leaves behind: rows, tables, verdicts, its figure.
//
//   RemovalResult r{job.task, fractions, 0.1, remove_and_train(job, options)};
//   Estimate gain = difference(r, kOnline, "random", 0.1, &accuracy_of);     // paired over seeds

#include <filesystem>

#include "experiments/memorization/selective_removal_task.h"
#include "experiments/support/results.h"
#include "experiments/support/verdict.h"

namespace leaveout {

inline constexpr const char* kRemovalIntervals =
    "differences of test accuracy, positive: the online rule's is higher; intervals: 95 %, "
    "Student's t over seeds, differences paired";

/// "As accurate as" allows for this much less: our bound.
inline constexpr double kAsAccurate = 0.01;

/// A task with all of its seeds.
struct RemovalResult {
  TaskSettings settings;
  std::vector<double> fractions;
  double judged = 0;  // the fraction that verdicts are about
  std::vector<RemovalSeed> seeds;
};

using RemovalMetric = std::function<std::optional<double>(const RemovalArm&)>;
std::optional<double> accuracy_of(const RemovalArm& arm);

/// Mean over the seeds in which the number is defined, with the 95 % interval of Student's t.
Estimate mean_of(const RemovalResult& r,
                 const std::string& method,
                 std::optional<double> fraction,
                 const RemovalMetric& metric);

/// The same of metric(method) - metric(against) within a seed, both at this fraction.
Estimate difference(const RemovalResult& r,
                    const std::string& method,
                    const std::string& against,
                    std::optional<double> fraction,
                    const RemovalMetric& metric);

/// Columns of runs.csv: task, seed, method, fraction, metric, value.
RunsLayout selective_removal_layout();
void write_rows(const RemovalResult& r, Results& results);
void describe(const std::vector<RemovalResult>& done, Results& results);

/// Every method at the fraction that is judged: accuracy, whom it removed, what it cost.
std::string arms_table(const RemovalResult& r);
/// Test accuracy of every method at every fraction.
std::string fractions_table(const RemovalResult& r);

std::vector<Verdict> judge(const std::vector<RemovalResult>& done);
/// selective-removal.{svg,pdf,png} with their data: a panel per task, what removal gains.
void draw(const std::vector<RemovalResult>& done, const std::filesystem::path& folder);

}  // namespace leaveout
