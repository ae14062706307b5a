// SPDX-License-Identifier: MIT
#pragma once
// The bootstrap for any statistic of removed examples: what would the number have been with other
// examples drawn?
//
// Resample r draws as many items as there are, with replacement, from a stream of its own: all
// statistics of the same items and seed see the same resamples, and those of agreement() too. The
// interval is of percentiles.
//
//   Estimate e = bootstrap_interval(n, [&](const std::vector<Index>& picks) {
//     return statistic_of(picks); }, {.resamples = 1000, .seed = 7});

#include <functional>
#include <vector>

#include "influence/metrics/correlation.h"

namespace leaveout {

/// A number of the items `picks` (one entry per item, repetitions included); empty: undefined.
using Statistic = std::function<std::optional<double>(const std::vector<Eigen::Index>& picks)>;

/// The statistic of the items 0, ..., items - 1, each once, with its interval. Resamples in which
/// it is undefined are skipped and counted. Throws std::invalid_argument for a negative number of
/// resamples or a level outside (0, 1).
Estimate bootstrap_interval(Eigen::Index items,
                            const Statistic& statistic,
                            const Bootstrap& bootstrap = {});

/// The items of resample `resample`, (items).
std::vector<Eigen::Index> resample_items(Eigen::Index items,
                                         std::uint64_t seed,
                                         Eigen::Index resample);

/// The q-quantile of sorted values, linear between order statistics (type 7). Requires values.
double quantile(const std::vector<double>& sorted, double q);

}  // namespace leaveout
