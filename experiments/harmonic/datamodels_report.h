// SPDX-License-Identifier: MIT
#pragma once
// What the experiment on datamodels leaves behind: rows, arrays, tables, verdicts, figures.
//
//   write_rows(result, results);
//   fputs(datamodels_tables(result).c_str(), stdout);

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/harmonic/datamodels_removal.h"
#include "experiments/support/results.h"
#include "experiments/support/verdict.h"

namespace leaveout {

struct DatamodelsResult {
  TaskSettings settings;
  std::string output, model;
  Index parameters = 0;
  double p = 0.5;
  Index seeds = 1;          // trainings of a held-out subset
  std::vector<Index> rows;  // (N) as in SubsetTask
  SubsetPools pools;
  DatamodelFits fits;
  Removals removals;
};

inline constexpr const char* kDatamodelsIntervals =
    "intervals, 95 %: R2 and LDS bootstrap over held-out subsets, removals over queries";

/// Columns of runs.csv: task, query, method, removed, metric, value.
RunsLayout datamodels_layout();
void write_rows(const DatamodelsResult& result, Results& results);
/// weights.csv: row, method, weight, standard_error, query, task; every fitted model's weights.
void write_weights(const std::vector<DatamodelsResult>& done, const Results& results);
/// masks (N x m), outputs (m x Q), held_masks (N x h), held_outputs (h x Q), queries (Q).
void write_arrays(const DatamodelsResult& result, const std::filesystem::path& folder);
void describe(const std::vector<DatamodelsResult>& done, Results& results);
std::string datamodels_tables(const DatamodelsResult& result);

/// Share of the queries that were right, and for which a flip is predicted, that retraining flips;
/// bootstrap over queries.
Estimate flipped_share(const DatamodelsResult& result, const Flips& flips, bool random);
/// Queries for which a flip is predicted.
std::vector<Index> predicted_flips(const DatamodelsResult& result, const Flips& flips);
/// The interval of a share estimated without a fit, mean over queries.
Interval share_interval(const ShareEstimate& estimate);

std::vector<Verdict> judge(const std::vector<DatamodelsResult>& done);
/// datamodels.{svg,pdf,png}: predicted against actual held-out outputs, LDS, shares; and
/// removal.{svg,pdf,png}: changes by removals, and the share of flipped queries.
void draw(const std::vector<DatamodelsResult>& done, const std::filesystem::path& folder);

}  // namespace leaveout
