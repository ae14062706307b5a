// SPDX-License-Identifier: MIT
#include "influence/metrics/brittleness.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace leaveout {

using Eigen::Index;
using Eigen::VectorXd;

std::optional<std::vector<Index>> flipping_removal(double margin, const VectorXd& weights) {
  if (!std::isfinite(margin) || !weights.allFinite())
    throw std::invalid_argument("[metrics] a margin or weight is not finite, expected numbers");
  std::vector<Index> order(static_cast<std::size_t>(weights.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(
      order.begin(), order.end(), [&](Index a, Index b) { return weights[a] > weights[b]; });
  std::vector<Index> removed;
  for (const Index i : order) {
    if (margin < 0.0) break;
    margin -= weights[i];
    removed.push_back(i);
  }
  if (margin < 0.0) return removed;
  return std::nullopt;
}

}  // namespace leaveout
