// SPDX-License-Identifier: MIT
#pragma once
// The bootstrap for numbers of a table of training examples by queries: what would the number have
// been with other examples and other queries?
//
// Entries of one example share it and entries of one query share that, so entries are no
// independent draws. Both sides are drawn anew, independently, with replacement, and the table of
// the drawn is taken (the pigeonhole bootstrap; Owen 2007). It errs on the wide side.
//
//   Estimate e = crossed_interval(n, q, [&](const Picks& items, const Picks& queries) {
//     return slope(gather(estimate, items, queries), gather(truth, items, queries)); });

#include <functional>
#include <optional>
#include <vector>

#include "influence/metrics/correlation.h"

namespace leaveout {

using Picks = std::vector<Eigen::Index>;

/// A number of the drawn items (training examples, or groups) and queries; empty: undefined.
using CrossedStatistic =
    std::function<std::optional<double>(const Picks& items, const Picks& queries)>;

/// The statistic of every item and query, each once, with its percentile interval. Resamples in
/// which it is undefined are skipped and counted; `n` counts the entries. Throws
/// std::invalid_argument as bootstrap_interval.
Estimate crossed_interval(Eigen::Index items,
                          Eigen::Index queries,
                          const CrossedStatistic& statistic,
                          const Bootstrap& bootstrap = {});

/// Entries of `values` (queries x items) in the drawn rows and columns, as a vector.
Eigen::VectorXd gather(const Eigen::MatrixXd& values, const Picks& items, const Picks& queries);

/// The same of a table of pairs of items, (queries x items^2) with pair (i, j) in column
/// i * count + j: each two of the drawn items that differ.
Eigen::VectorXd gather_pairs(const Eigen::MatrixXd& values,
                             Eigen::Index count,
                             const Picks& items,
                             const Picks& queries);

}  // namespace leaveout
