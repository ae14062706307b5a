// SPDX-License-Identifier: MIT
#pragma once
// Does a number rise or fall along a grid? Measured for each curve by its rank correlation with the
// grid, so that neither scale nor shape counts, and averaged over curves.
//
//   trend = mean over curves of Spearman(grid, values along the curve)
//
// Curves of one cluster (removed examples of one seed) share what the seed decided, so intervals
// come from a bootstrap in two levels: clusters are drawn with replacement, then curves in each.
//
//   std::vector<Curve> curves = {{1, at_seed_1_example_7}, ...};
//   Estimate e = trend(grid, curves, {.resamples = 1000, .seed = 1});
//   // e.value = -0.9, e.high < 0: it falls

#include <vector>

#include "influence/metrics/correlation.h"

namespace leaveout {

struct Curve {
  std::uint64_t cluster = 0;
  Eigen::VectorXd values;  // (grid)
};

/// The mean rank correlation with its interval. Curves whose rank correlation is undefined
/// (constant) are left out and do not count in `n`; value is undefined where none is left. Throws
/// std::invalid_argument if a curve is not as long as the grid, or holds what is not finite.
Estimate trend(const Eigen::VectorXd& grid,
               const std::vector<Curve>& curves,
               const Bootstrap& bootstrap = {});

}  // namespace leaveout
