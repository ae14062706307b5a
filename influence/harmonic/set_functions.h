// SPDX-License-Identifier: MIT
#pragma once
// Set functions with known interactions, as tables over all 2^N subsets.
//
// A cluster is a group of near-duplicates that can stand in for each other. Where the output is
// right as soon as q of them are present it is a threshold, and single influences say little about
// the group: with q = 1 and p = 1/2 the weights of k duplicates sum to k 2^-(k-1), while the whole
// cluster has the effect 1. Where each member adds to the log-odds, members add up, and the
// probability is a smooth threshold.
//
//   VectorXd f = threshold_cluster(12, 0b1111111111, 1);           // ten duplicates, one suffices
//   VectorXd odds = log_odds_cluster(12, 0b1111111111, -5, 1);     // linear
//   VectorXd probability = probabilities(odds);                    // not linear

#include <Eigen/Dense>
#include <cstdint>

namespace leaveout {

/// f(b) = 1 where b contains at least `needed` members of the group `cluster` (one bit for each
/// member), else 0, over n examples: (2^n). Throws std::invalid_argument for n outside 0..40 and
/// for a member outside the n examples.
Eigen::VectorXd threshold_cluster(Eigen::Index n, std::uint64_t cluster, int needed);

/// f(b) = intercept + slope * (members of `cluster` in b): (2^n). Throws likewise.
Eigen::VectorXd log_odds_cluster(Eigen::Index n,
                                 std::uint64_t cluster,
                                 double intercept,
                                 double slope);

/// 1 / (1 + exp(-x)) entry by entry, (n) to (n).
Eigen::VectorXd probabilities(const Eigen::VectorXd& log_odds);

}  // namespace leaveout
