// SPDX-License-Identifier: MIT
#include "influence/metrics/query_correlation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "influence/metrics/bootstrap.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

void check_pair(const MatrixXd& estimate, const MatrixXd& truth) {
  if (estimate.rows() != truth.rows() || estimate.cols() != truth.cols())
    throw std::invalid_argument(
        fmt::format("[metrics] estimates are {} x {} but true values {} x {}, expected pairs",
                    estimate.rows(),
                    estimate.cols(),
                    truth.rows(),
                    truth.cols()));
  if (!estimate.allFinite() || !truth.allFinite())
    throw std::invalid_argument(
        "[metrics] a value is not finite, expected finite numbers; drop the runs that diverged");
}

/// Values in ascending order: gives the ranks of any resample without sorting again.
class Sorted {
 public:
  explicit Sorted(const VectorXd& unmerged) : order_(static_cast<std::size_t>(unmerged.size())) {
    const VectorXd values = merge_ties(unmerged);
    std::iota(order_.begin(), order_.end(), Index{0});
    std::sort(
        order_.begin(), order_.end(), [&](Index a, Index b) { return values[a] < values[b]; });
    for (std::size_t i = 1; i <= order_.size(); ++i)
      if (i == order_.size() || values[order_[i]] != values[order_[i - 1]]) ends_.push_back(i);
  }

  /// Average ranks where value i occurs counts(i) times, about their mean, (n). They are multiples
  /// of 1/2, so nothing is rounded.
  void centred_ranks(const VectorXd& counts, VectorXd& ranks) const {
    const double middle = 0.5 * (counts.sum() + 1.0);
    double before = 0.0;
    std::size_t first = 0;
    for (const std::size_t end : ends_) {
      double tied = 0.0;
      for (std::size_t i = first; i < end; ++i) tied += counts[order_[i]];
      for (std::size_t i = first; i < end; ++i)
        ranks[order_[i]] = before + 0.5 * (tied + 1.0) - middle;
      before += tied;
      first = end;
    }
  }

 private:
  std::vector<Index> order_;       // (n)
  std::vector<std::size_t> ends_;  // past the last of each run of equal values
};

/// Spearman of pairs with multiplicities.
class ResampledSpearman {
 public:
  ResampledSpearman(const VectorXd& x, const VectorXd& y)
      : x_(x), y_(y), rank_x_(x.size()), rank_y_(x.size()) {}

  std::optional<double> operator()(const VectorXd& counts) {
    x_.centred_ranks(counts, rank_x_);
    y_.centred_ranks(counts, rank_y_);
    const double xx = (counts.array() * rank_x_.array().square()).sum();
    const double yy = (counts.array() * rank_y_.array().square()).sum();
    if (xx == 0.0 || yy == 0.0) return std::nullopt;
    const double xy = (counts.array() * rank_x_.array() * rank_y_.array()).sum();
    return std::clamp(xy / std::sqrt(xx * yy), -1.0, 1.0);
  }

 private:
  Sorted x_, y_;
  VectorXd rank_x_, rank_y_;  // (n)
};

/// How often each column is among the picks, once for every row: (rows * columns).
VectorXd entry_counts(const std::vector<Index>& picks, Index rows) {
  VectorXd counts = VectorXd::Zero(rows * static_cast<Index>(picks.size()));
  for (const Index column : picks) counts.segment(column * rows, rows).array() += 1.0;
  return counts;
}

/// Over all entries of two matrices, by the columns that were drawn.
class PooledSpearman {
 public:
  PooledSpearman(const MatrixXd& estimate, const MatrixXd& truth)
      : rows_(estimate.rows()), entries_(estimate.reshaped(), truth.reshaped()) {}
  std::optional<double> operator()(const std::vector<Index>& picks) {
    return entries_(entry_counts(picks, rows_));
  }

 private:
  Index rows_;
  ResampledSpearman entries_;
};

}  // namespace

Estimate mean_query_spearman(const MatrixXd& estimate,
                             const MatrixXd& truth,
                             const Bootstrap& bootstrap) {
  check_pair(estimate, truth);
  std::vector<ResampledSpearman> queries;
  for (Index q = 0; q < estimate.rows(); ++q)
    queries.emplace_back(estimate.row(q).transpose(), truth.row(q).transpose());
  const Statistic mean = [&](const std::vector<Index>& picks) -> std::optional<double> {
    const VectorXd counts = entry_counts(picks, 1);
    double sum = 0.0;
    Index defined = 0;
    for (ResampledSpearman& query : queries)
      if (const auto rho = query(counts)) {
        sum += *rho;
        ++defined;
      }
    if (defined == 0) return std::nullopt;
    return sum / static_cast<double>(defined);
  };
  return bootstrap_interval(estimate.cols(), mean, bootstrap);
}

Estimate pooled_spearman(const MatrixXd& estimate,
                         const MatrixXd& truth,
                         const Bootstrap& bootstrap) {
  check_pair(estimate, truth);
  PooledSpearman pooled(estimate, truth);
  return bootstrap_interval(
      estimate.cols(), [&](const std::vector<Index>& picks) { return pooled(picks); }, bootstrap);
}

Estimate spearman_difference(const MatrixXd& estimate_a,
                             const MatrixXd& truth_a,
                             const MatrixXd& estimate_b,
                             const MatrixXd& truth_b,
                             const Bootstrap& bootstrap) {
  check_pair(estimate_a, truth_a);
  check_pair(estimate_b, truth_b);
  if (estimate_a.cols() != estimate_b.cols())
    throw std::invalid_argument(
        fmt::format("[metrics] {} and {} removed examples, expected the same ones in both",
                    estimate_a.cols(),
                    estimate_b.cols()));
  PooledSpearman a(estimate_a, truth_a), b(estimate_b, truth_b);
  const Statistic difference = [&](const std::vector<Index>& picks) -> std::optional<double> {
    const auto first = a(picks), second = b(picks);
    if (!first || !second) return std::nullopt;
    return *first - *second;
  };
  return bootstrap_interval(estimate_a.cols(), difference, bootstrap);
}

}  // namespace leaveout
