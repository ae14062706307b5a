// SPDX-License-Identifier: MIT
#pragma once
// What a sweep leaves behind: rows, tables, trends, verdicts, its figure.
//
//   SweepCurves curves = ...;                      // one task, all values, all seeds
//   write_sweep_rows(curves, results);  print(sweep_table(kind, curves));

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/decomposition/sweep.h"
#include "experiments/support/results.h"
#include "experiments/support/verdict.h"
#include "influence/metrics/trend.h"

namespace leaveout {

/// The five gaps of one removed group at one value of the grid.
struct SweepPoint {
  ProtocolKind protocol = ProtocolKind::exact;
  std::size_t value = 0;  // index into the grid
  std::uint64_t seed = 0;
  Index removed = 0;              // number of the group within its seed
  Eigen::VectorXd gaps;           // (5) in logits
  Eigen::VectorXd gaps_in_means;  // (5) in mean outputs
};

struct SweepCurves {
  std::string task;
  std::vector<double> grid;
  std::vector<SweepPoint> points;
  Index unconverged = 0;  // responses of the exact protocol that missed the tolerance
};

/// Columns of runs.csv: task, value, seed, protocol, removed, method, metric, value.
RunsLayout sweep_layout();
void write_sweep_rows(const SweepCurves& curves, Results& results);

/// What the gap does along the grid under the protocol. Gaps at or below rounding count as equal.
Estimate gap_trend(const SweepCurves& curves, ProtocolKind protocol, int gap);

/// trends.csv: every gap of every task and protocol, claimed or not.
void write_trends(const std::vector<SweepCurves>& done, const Results& results);

/// Mean gaps by value, a block for each protocol.
std::string sweep_table(const SweepKind& kind, const SweepCurves& curves);
std::vector<Verdict> judge_sweep(const SweepKind& kind, const std::vector<SweepCurves>& done);

/// NAME.svg (and .pdf, .png): a panel for each task and protocol, a line for each gap.
void draw_sweep(const SweepKind& kind,
                const std::vector<SweepCurves>& done,
                const std::filesystem::path& folder);

}  // namespace leaveout
