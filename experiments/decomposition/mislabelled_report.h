// SPDX-License-Identifier: MIT
#pragma once
// What the search for mislabelled examples leaves behind: rows, arrays, tables, verdicts, a figure.
//
//   write_rows(result, results);  write_arrays(result, results.arrays(result.settings.name));
//   fputs(inspection_table(result).c_str(), stdout);

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/decomposition/mislabelled_task.h"
#include "experiments/support/results.h"
#include "experiments/support/verdict.h"
#include "influence/metrics/correlation.h"

namespace leaveout {

/// A task with all of its seeds.
struct MislabelledResult {
  TaskSettings settings;
  std::vector<Inspection> seeds;
};

/// The paper's claim: inspecting this share finds more than that share of the wrong labels.
inline constexpr double kClaimInspected = 0.2;
inline constexpr double kClaimRecall = 0.8;

/// A number of one seed's order: recall at a share inspected, AUC, ...
using OrderMetric = std::function<double(const Inspection&, Index order)>;
double recall_of(const Inspection& found, Index order, double inspected);
double auc_of(const Inspection& found, Index order);
/// Its mean over seeds with the 95 % interval of Student's t, cut off at 0 and 1.
Estimate over_seeds(const MislabelledResult& result, Index order, const OrderMetric& metric);

/// Columns of runs.csv: task, seed, order, metric, inspected, value.
RunsLayout mislabelled_layout();
void write_rows(const MislabelledResult& result, Results& results);
/// scores_seedS.npy (N x 5) and corrupted_seedS.npy (N), 0 or 1.
void write_arrays(const MislabelledResult& result, const std::filesystem::path& folder);
void describe(const std::vector<MislabelledResult>& done, Results& results);

/// Recall at 10, 20 and 30 % and AUC of each order.
std::string inspection_table(const MislabelledResult& result);
std::vector<Verdict> judge(const std::vector<MislabelledResult>& done);
/// recall.{svg,pdf,png} with their data: a panel per task, a curve per order.
void draw(const std::vector<MislabelledResult>& done, const std::filesystem::path& folder);

}  // namespace leaveout
