// SPDX-License-Identifier: MIT
#pragma once
// The standard error of a statistic of m subsets, from what it is without a block of them.
//
//   Var_J = (g - 1)/g sum_b (theta_(b) - mean)^2
//
// counts what blocks add in pairs twice, and U-statistics are made of pairs: Efron and Stein (1981)
// take the excess off,
//
//   Var = Var_J - mean over b < c of (Q_bc - mean Q)^2 / 2,
//   Q_bc = g theta - (g - 1)(theta_(b) + theta_(c)) + (g - 2) theta_(bc).
//
// Statistics that are smooth means over subsets, such as regression weights, need no pairs: Var_J
// alone.
//
//   Measured e = block_jackknife(40, [&](Index b, Index c) { return without(b, c); });
//   MatrixXd errors = jackknife_errors(weights_without_each_block);

#include <Eigen/Core>
#include <functional>
#include <vector>

#include "influence/harmonic/measured.h"

namespace leaveout {

/// The statistic without blocks b and c: none left out where both are negative, one where c is.
using WithoutBlocks = std::function<double(Eigen::Index b, Eigen::Index c)>;

/// Requires at least three blocks. The variance is at least Var_J / 2, where pairs are all.
Measured block_jackknife(Eigen::Index blocks, const WithoutBlocks& statistic);

/// sqrt(Var_J) of each entry of a statistic, from what it is without each of at least two blocks.
Eigen::MatrixXd jackknife_errors(const std::vector<Eigen::MatrixXd>& without);

/// The first subset of block b of m subsets in `blocks` of nearly one size; block_start(blocks) =
/// m.
inline Eigen::Index block_start(Eigen::Index b, Eigen::Index m, Eigen::Index blocks) {
  return b * m / blocks;
}

}  // namespace leaveout
