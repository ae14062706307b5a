// SPDX-License-Identifier: MIT
#pragma once
// What the experiment response-path leaves behind: rows, table, verdicts, figures.
//
//   PathBundle bundle = ...;                   // one task, all responses and removed examples
//   write_path_rows(bundle, results);

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/support/results.h"
#include "experiments/support/verdict.h"
#include "influence/response_path.h"

namespace leaveout {

/// One curve that was followed, with its measurements.
struct MeasuredPath {
  ResponsePath path;
  PathMeasurement measured;
};

struct PathBundle {
  std::string task;
  std::uint64_t seed = 0;
  Index examples = 0;  // N
  std::vector<MeasuredPath> paths;
};

/// Columns of runs.csv: task, seed, response, removed, share, metric, value (share = eps N).
RunsLayout path_layout();
void write_path_rows(const PathBundle& bundle, Results& results);

/// By response: curves that were whole, the change, its error by line and by parabola, the gap and
/// its leading term, all at eps = 1/N.
std::string path_table(const PathBundle& bundle);
std::vector<Verdict> judge_paths(const std::vector<PathBundle>& done);

/// response-path.svg: the query loss along the path of the most curved example of every task and
/// response; outputs.svg: the outputs' change along it; leading-term.svg: the measured
/// linearisation error against its leading term, a point for each example.
void draw_paths(const std::vector<PathBundle>& done, const std::filesystem::path& folder);

}  // namespace leaveout
