// SPDX-License-Identifier: MIT
#pragma once
// Trainings in which an example gives way to another point: same start, same batches, the loss of
// (x', y') in the places and with the weight of example i's. A corrected label, a changed pixel,
// another draw from where the data come from.
//
// Replacing is removing, and inserting in the same places. Its derivative, in s with weights
// (1 - s) of the old and s of the new, is one walk forward (unrolled.h) that is linear in what is
// put in; for plain SGD
//
//   u' = (I - rate H_B) u + rate c_i (g_i - g')          removal: g_i, insertion: -g'
//
// The two halves of a replacement that really is done are the training without i against the
// path's, and that with the new point against the one without: they sum up exactly, and only to
// first order does the second not know of the first.
//
//   const Replacement other{3, take(query, {0})};
//   CounterfactualRuns runs = replacement_runs(path, {other});
//   Scores truth = counterfactual_scores(path, runs, queries);              // (Q x 1)
//   MatrixXd u = replacement_tangents(path, {other}).total();               // ~ runs.delta()

#include "influence/trajectory/counterfactual_runs.h"

namespace leaveout {

/// Of one training example by the one example of `by`.
struct Replacement {
  Index example;
  Dataset by;
};

/// The path's training again with each of K replacements alone. `removed` of the result: the
/// replaced examples. Throws std::invalid_argument for an example that is not there, and for what
/// is not one point of as many features and outputs.
CounterfactualRuns replacement_runs(const Trajectory& path,
                                    const std::vector<Replacement>& replacements,
                                    const CounterfactualOptions& options = {});

/// The whole trajectory with a replacement, beside the path's own.
void walk_replacement(const Trajectory& path,
                      const Replacement& replacement,
                      const CounterfactualVisitor& after);

/// Changes of theta at the end, (P x K) each.
struct ReplacementHalves {
  Eigen::MatrixXd removal, insertion;
  Eigen::MatrixXd total() const { return removal + insertion; }
};

/// As they really are: removal, and what is left to the replacement. Two trainings each.
ReplacementHalves replacement_halves(const Trajectory& path,
                                     const std::vector<Replacement>& replacements,
                                     const CounterfactualOptions& options = {});

/// To first order: the derivative for s = 0. Two walks forward.
ReplacementHalves replacement_tangents(const Trajectory& path,
                                       const std::vector<Replacement>& replacements);

}  // namespace leaveout
