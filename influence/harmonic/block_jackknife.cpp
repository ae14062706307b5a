// SPDX-License-Identifier: MIT
#include "influence/harmonic/block_jackknife.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace leaveout {

using Eigen::ArrayXd;
using Eigen::Index;
using Eigen::MatrixXd;

namespace {

double sum_of_squared_deviations(const ArrayXd& x) {
  return (x - x.mean()).square().sum();
}

}  // namespace

Measured block_jackknife(Index blocks, const WithoutBlocks& statistic) {
  assert(blocks >= 3);
  const double g = static_cast<double>(blocks);
  const double whole = statistic(-1, -1);
  ArrayXd without(blocks);  // (blocks)
  for (Index b = 0; b < blocks; ++b) without[b] = statistic(b, -1);
  ArrayXd interaction(blocks * (blocks - 1) / 2);  // Q, (pairs of blocks)
  Index pair = 0;
  for (Index b = 0; b < blocks; ++b)
    for (Index c = b + 1; c < blocks; ++c)
      interaction[pair++] =
          g * whole - (g - 1.0) * (without[b] + without[c]) + (g - 2.0) * statistic(b, c);
  const double jackknife = (g - 1.0) / g * sum_of_squared_deviations(without);
  const double excess =
      0.5 * sum_of_squared_deviations(interaction) / static_cast<double>(interaction.size());
  return {whole, std::sqrt(std::max(jackknife - excess, 0.5 * jackknife))};
}

MatrixXd jackknife_errors(const std::vector<MatrixXd>& without) {
  assert(without.size() >= 2);
  const double g = static_cast<double>(without.size());
  MatrixXd mean = MatrixXd::Zero(without[0].rows(), without[0].cols());
  for (const MatrixXd& theta : without) mean += theta / g;
  MatrixXd squares = MatrixXd::Zero(mean.rows(), mean.cols());
  for (const MatrixXd& theta : without) squares += (theta - mean).cwiseAbs2();
  return ((g - 1.0) / g * squares).cwiseSqrt();
}

}  // namespace leaveout
