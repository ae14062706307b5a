// SPDX-License-Identifier: MIT
#include "influence/metrics/trend.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <stdexcept>

#include "datasets/random.h"

namespace leaveout {

namespace {

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

/// A resample in two levels: clusters, then curves of each.
double resampled_mean(const std::vector<std::vector<double>>& clusters, Random& random) {
  double sum = 0;
  std::size_t count = 0;
  for (std::size_t c = 0; c < clusters.size(); ++c) {
    const std::vector<double>& drawn = clusters[random.below(clusters.size())];
    for (std::size_t i = 0; i < drawn.size(); ++i) sum += drawn[random.below(drawn.size())];
    count += drawn.size();
  }
  return sum / static_cast<double>(count);
}

}  // namespace

Estimate trend(const Eigen::VectorXd& grid,
               const std::vector<Curve>& curves,
               const Bootstrap& bootstrap) {
  std::map<std::uint64_t, std::vector<double>> by_cluster;
  std::vector<double> all;
  Estimate e;
  for (const Curve& curve : curves) {
    if (curve.values.size() != grid.size())
      throw std::invalid_argument(fmt::format(
          "[trend] curve, expected {} values, got {}", grid.size(), curve.values.size()));
    const std::optional<double> rho = spearman(grid, curve.values);
    if (!rho) continue;
    by_cluster[curve.cluster].push_back(*rho);
    all.push_back(*rho);
  }
  e.n = static_cast<Eigen::Index>(all.size());
  if (all.empty()) return e;
  e.value = mean(all);
  if (bootstrap.resamples == 0) return e;
  std::vector<std::vector<double>> clusters;
  for (auto& [seed, values] : by_cluster) clusters.push_back(std::move(values));
  std::vector<double> means;
  Random random(bootstrap.seed, {0x7472656e64 /* "trend" */});
  for (Eigen::Index b = 0; b < bootstrap.resamples; ++b)
    means.push_back(resampled_mean(clusters, random));
  std::sort(means.begin(), means.end());
  const auto at = [&](double share) {
    return means[static_cast<std::size_t>(share * static_cast<double>(means.size() - 1))];
  };
  e.low = at((1 - bootstrap.level) / 2);
  e.high = at((1 + bootstrap.level) / 2);
  e.resamples = bootstrap.resamples;
  return e;
}

}  // namespace leaveout
