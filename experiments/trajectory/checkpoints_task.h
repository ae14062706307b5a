// SPDX-License-Identifier: MIT
#pragma once
// One recorded training, scored by Diff-In and TracIn-CP from few of its checkpoints, in three
// studies of which each varies one thing:
//
//   checkpoints   how many, and how they are chosen; the step's own batch, exact products
//   proxy         whose gradient and Hessian stand for the data's, at `judged` even checkpoints
//   epsilon       of differences in place of exact products, at the same checkpoints
//
//   CheckpointsSeed seed = measure_checkpoints(task, session.options(), how);
//   seed.cells[0].metrics;                            // against each truth, over the draws
//
// Random checkpoints and random proxy batches are drawn `draws` times, and both mean and standard
// deviation over the draws are kept.

#include <set>
#include <string>
#include <vector>

#include "experiments/trajectory/removal_truth.h"
#include "influence/trajectory/diff_in.h"

namespace leaveout {

inline constexpr const char* kDiffIn = "diff_in";
inline constexpr const char* kTracIn = "tracin_cp";

struct CheckpointsOptions {
  std::vector<Index> counts = {};  // m; those beyond T are left out, and T itself is always there
  Index judged = 5;                // m of the claim, and of the two other studies
  Index draws = 10;
  std::vector<Index> proxies = {};    // batch sizes; those of N or more are left out: all is there
  std::vector<double> epsilons = {};  // of forward differences
  Index top = 30;                     // of the overlap
};

/// What is scored: one point of a study.
struct CheckpointsCase {
  std::string study, estimator, sampling;
  Index count = 0;            // m
  std::string proxy = "own";  // own, all, or a number of examples
  double epsilon = 0;         // 0: exact products
  bool operator==(const CheckpointsCase&) const = default;
};

/// Over the draws; `deviation` (with n - 1) undefined where nothing is drawn.
struct DrawnMetric {
  std::string truth, metric;  // truth: removal, derivative, all_steps or exact_products
  std::optional<double> mean, deviation;
};

struct CheckpointsCell {
  CheckpointsCase what;
  std::vector<DrawnMetric> metrics = {};
};

/// A training's numbers.
struct CheckpointsSeed {
  std::uint64_t seed = 0;
  Index examples = 0, parameters = 0, steps = 0;
  double curvature_time = 0;
  std::vector<CheckpointsCell> cells = {};
  std::set<std::string> refused = {};  // "what: why", where numbers are missing
};

/// All points of the three studies for a training of so many steps and examples, in their order.
std::vector<CheckpointsCase> checkpoint_cases(const CheckpointsOptions& how,
                                              Index steps,
                                              Index examples);

CheckpointsSeed measure_checkpoints(const RecordedTask& task,
                                    const TaskOptions& options,
                                    const CheckpointsOptions& how);

}  // namespace leaveout
