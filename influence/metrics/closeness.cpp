// SPDX-License-Identifier: MIT
#include "influence/metrics/closeness.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "influence/metrics/bootstrap.h"

namespace leaveout {

using Eigen::Index;
using Eigen::VectorXd;

namespace {

void check(const VectorXd& estimate, const VectorXd& truth) {
  if (estimate.size() != truth.size() || !estimate.allFinite() || !truth.allFinite())
    throw std::invalid_argument(
        fmt::format("[metrics] estimates and true values, expected pairs of finite numbers, got {} "
                    "and {}{}",
                    estimate.size(),
                    truth.size(),
                    estimate.size() == truth.size() ? ", not all finite" : ""));
}

/// x divided by its largest magnitude, so that no square under- or overflows.
VectorXd unit(const VectorXd& x) {
  return x / x.cwiseAbs().maxCoeff();
}

/// Share of each item in the k largest places, (n): 1, 0, or between where ties compete for them.
VectorXd places(const VectorXd& x, Index k, TopBy by) {
  const VectorXd merged = merge_ties(by == TopBy::magnitude ? VectorXd(x.cwiseAbs()) : x);
  VectorXd sorted = merged;  // (n) descending
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  const double last = sorted(k - 1);
  const auto above = static_cast<double>((merged.array() > last).count());
  const auto tied = static_cast<double>((merged.array() == last).count());
  const double share = (static_cast<double>(k) - above) / tied;
  return merged.unaryExpr([&](double v) { return v > last ? 1.0 : v == last ? share : 0.0; });
}

}  // namespace

std::optional<double> relative_error(const VectorXd& estimate, const VectorXd& truth) {
  check(estimate, truth);
  if (truth.isZero(0)) return std::nullopt;
  const double size = truth.cwiseAbs().maxCoeff();
  return (estimate / size - truth / size).norm() / (truth / size).norm();
}

std::optional<double> best_scale(const VectorXd& estimate, const VectorXd& truth) {
  check(estimate, truth);
  if (estimate.isZero(0)) return std::nullopt;
  if (truth.isZero(0)) return 0.0;
  const VectorXd e = unit(estimate), t = unit(truth);
  return e.dot(t) / e.squaredNorm() *
         (truth.cwiseAbs().maxCoeff() / estimate.cwiseAbs().maxCoeff());
}

std::optional<double> scaled_error(const VectorXd& estimate, const VectorXd& truth) {
  check(estimate, truth);
  if (truth.isZero(0)) return std::nullopt;
  if (estimate.isZero(0)) return 1.0;
  const VectorXd e = unit(estimate), t = unit(truth);
  return (e.dot(t) / e.squaredNorm() * e - t).norm() / t.norm();
}

Estimate sign_agreement(const VectorXd& estimate,
                        const VectorXd& truth,
                        const Bootstrap& bootstrap) {
  check(estimate, truth);
  const auto share = [&](const std::vector<Index>& picks) -> std::optional<double> {
    Index signs = 0, agreed = 0;
    for (const Index i : picks) {
      if (truth(i) == 0) continue;
      ++signs;
      if (truth(i) > 0 ? estimate(i) > 0 : estimate(i) < 0) ++agreed;
    }
    if (signs == 0) return std::nullopt;
    return static_cast<double>(agreed) / static_cast<double>(signs);
  };
  return bootstrap_interval(truth.size(), share, bootstrap);
}

double top_k_overlap(const VectorXd& estimate, const VectorXd& truth, Index k, TopBy by) {
  check(estimate, truth);
  if (k < 1 || k > truth.size())
    throw std::invalid_argument(
        fmt::format("[metrics] top k, expected 1 to {}, got {}", truth.size(), k));
  return places(estimate, k, by).dot(places(truth, k, by)) / static_cast<double>(k);
}

}  // namespace leaveout
