// SPDX-License-Identifier: MIT
#pragma once
// Influence functions beside the exact values: derivatives of a task's outputs in the examples'
// weights, where all weights are 1 (the usual influence function) and where all are p (the centre
// of the subsets).
//
//   InfluencePair influence = influence_pair(task);
//   files.exact(task, f, influence);
//
// A convex model has one minimum. A network has one for each training: its derivatives are means
// over the minima that the trainings of `seeds` seeds lead to, each polished by Newton's method.
// With shared seeds they are the seeds of the subsets' own trainings.

#include "experiments/harmonic/subset_files.h"
#include "influence/harmonic/weighted_response.h"

namespace leaveout {

/// Where the derivatives of a task are taken, at example weights `weight` for all: the minima that
/// its trainings lead to, at least one and at most `seeds`. Empty where none was found.
std::vector<WeightedResponse> weighted_minima(const SubsetTask& task, double weight);

/// F_i of the queries, (query x train), mean over the minima; empty where there are none, and for
/// an output without derivatives.
Eigen::MatrixXd mean_first(const std::vector<WeightedResponse>& minima,
                           const SubsetTask& task,
                           QueryOutput output);

/// Both, of the task's own output.
InfluencePair influence_pair(const SubsetTask& task);

}  // namespace leaveout
