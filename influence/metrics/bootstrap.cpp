// SPDX-License-Identifier: MIT
#include "influence/metrics/bootstrap.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "datasets/random.h"

namespace leaveout {

using Eigen::Index;

double quantile(const std::vector<double>& sorted, double q) {
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(position));
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double part = position - static_cast<double>(below);
  return sorted[below] + part * (sorted[above] - sorted[below]);
}

std::vector<Index> resample_items(Index items, std::uint64_t seed, Index resample) {
  Random random(seed, {static_cast<std::uint64_t>(resample)});
  std::vector<Index> picks(static_cast<std::size_t>(items));
  for (Index& pick : picks)
    pick = static_cast<Index>(random.below(static_cast<std::uint64_t>(items)));
  return picks;
}

Estimate bootstrap_interval(Index items, const Statistic& statistic, const Bootstrap& bootstrap) {
  if (bootstrap.resamples < 0 || !(bootstrap.level > 0.0 && bootstrap.level < 1.0))
    throw std::invalid_argument(
        fmt::format("[metrics] bootstrap of {} resamples at level {}, expected resamples >= 0 and "
                    "a level between 0 and 1",
                    bootstrap.resamples,
                    bootstrap.level));
  std::vector<Index> all(static_cast<std::size_t>(items));
  std::iota(all.begin(), all.end(), Index{0});
  Estimate e{.value = statistic(all), .n = items};
  if (!e.value) return e;
  std::vector<double> values;
  for (Index r = 0; r < bootstrap.resamples; ++r) {
    if (const auto value = statistic(resample_items(items, bootstrap.seed, r)))
      values.push_back(*value);
    else
      ++e.skipped;
  }
  e.resamples = static_cast<Index>(values.size());
  if (values.empty()) return e;
  std::sort(values.begin(), values.end());
  e.low = quantile(values, 0.5 * (1.0 - bootstrap.level));
  e.high = quantile(values, 0.5 * (1.0 + bootstrap.level));
  return e;
}

}  // namespace leaveout
