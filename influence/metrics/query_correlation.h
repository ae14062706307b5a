// SPDX-License-Identifier: MIT
#pragma once
// Agreement of scores with the truth over many queries: both are (query x removed) matrices of
// changes of each query's loss.
//
//   per query   mean over queries of Spearman over the removed examples
//   pooled      Spearman over all pairs of a query and a removed example
//
// A shift of all of a query's changes (training that goes on moves every loss, whoever is removed)
// leaves the first as it is and lowers the second. For one query both are plain Spearman. Intervals
// are by a bootstrap over removed examples, whole columns: queries share their removals.
//
//   Estimate rho = mean_query_spearman(scores, changes, {.resamples = 500, .seed = 7});
//   Estimate gain = spearman_difference(scores, better, scores, worse);   // paired
//   std::string cell = to_string(gain);                                   // "0.21 [0.05, 0.38]"

#include "influence/metrics/correlation.h"

namespace leaveout {

/// Mean over queries (rows) of the Spearman between a row of `estimate` and one of `truth`, both
/// (query x removed). Queries in which a row is constant do not count; undefined if none counts.
/// The functions here throw std::invalid_argument when shapes differ or a value is not finite.
Estimate mean_query_spearman(const Eigen::MatrixXd& estimate,
                             const Eigen::MatrixXd& truth,
                             const Bootstrap& bootstrap = {});

/// Spearman over all entries of `estimate` and `truth`, both (query x removed).
Estimate pooled_spearman(const Eigen::MatrixXd& estimate,
                         const Eigen::MatrixXd& truth,
                         const Bootstrap& bootstrap = {});

/// pooled_spearman(estimate_a, truth_a) - pooled_spearman(estimate_b, truth_b), all four over the
/// same removed examples, (query x removed): each resample draws the same ones for both. Vectors
/// are matrices of one row: then it is the difference of two plain Spearmans.
Estimate spearman_difference(const Eigen::MatrixXd& estimate_a,
                             const Eigen::MatrixXd& truth_a,
                             const Eigen::MatrixXd& estimate_b,
                             const Eigen::MatrixXd& truth_b,
                             const Bootstrap& bootstrap = {});

}  // namespace leaveout
