// SPDX-License-Identifier: MIT
#include "influence/harmonic/set_functions.h"

#include <fmt/format.h>

#include <stdexcept>

#include "autodiff/vector_math.h"
#include "influence/harmonic/cube.h"

namespace leaveout {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

/// value(number of members in b) for all subsets b of n examples.
template <class Value>
VectorXd table_of_counts(Index n, std::uint64_t cluster, const Value& value) {
  constexpr Index kMost = 40;  // 8 TiB: what is refused here is a mistake
  if (n < 0 || n > kMost) {
    throw std::invalid_argument(fmt::format(
        "[harmonic] a table over {} examples, expected 0 to {}; its size is 2^N", n, kMost));
  }
  check_group(cluster, n);
  VectorXd table(Index{1} << n);  // (2^n)
  for (Index b = 0; b < table.size(); ++b)
    table[b] = value(subset_size(static_cast<std::uint64_t>(b) & cluster));
  return table;
}

}  // namespace

VectorXd threshold_cluster(Index n, std::uint64_t cluster, int needed) {
  return table_of_counts(n, cluster, [needed](int count) { return count >= needed ? 1.0 : 0.0; });
}

VectorXd log_odds_cluster(Index n, std::uint64_t cluster, double intercept, double slope) {
  return table_of_counts(n, cluster, [=](int count) { return intercept + slope * count; });
}

VectorXd probabilities(const VectorXd& log_odds) {
  VectorXd p(log_odds.size());  // (n)
  vmath::sigmoid(log_odds.data(), p.data(), p.size());
  return p;
}

}  // namespace leaveout
