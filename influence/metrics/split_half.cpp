// SPDX-License-Identifier: MIT
#include "influence/metrics/split_half.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "datasets/random.h"
#include "influence/metrics/bootstrap.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// Splits averaged over; up to five repetitions have no more different ones.
constexpr Index kSplits = 15;

VectorXd mean_of(const MatrixXd& rows, const Index* which, Index count) {
  VectorXd sum = VectorXd::Zero(rows.cols());
  for (Index i = 0; i < count; ++i) sum += rows.row(which[i]).transpose();
  return sum / static_cast<double>(count);
}

VectorXd pick(const VectorXd& values, const std::vector<Index>& picks) {
  VectorXd picked(static_cast<Index>(picks.size()));  // (picks)
  for (std::size_t i = 0; i < picks.size(); ++i) picked[static_cast<Index>(i)] = values[picks[i]];
  return picked;
}

}  // namespace

double spearman_brown(double r, double length) {
  const double below = 1.0 + (length - 1.0) * r;
  return below > 0.0 ? std::max(-1.0, length * r / below) : -1.0;
}

SplitHalf split_half(const MatrixXd& repetitions, const Bootstrap& bootstrap) {
  if (!repetitions.allFinite())
    throw std::invalid_argument(
        "[metrics] a repetition is not finite, expected finite numbers; drop the runs that "
        "diverged");
  SplitHalf result;
  result.repetitions = repetitions.rows();
  result.half_size = repetitions.rows() / 2;
  const Index m = result.half_size;
  if (m == 0) return result;
  std::vector<std::pair<VectorXd, VectorXd>> splits;  // the two means, (items) each
  for (Index s = 0; s < kSplits; ++s) {
    Random random(bootstrap.seed, {0x73706c6974 /* "split" */, static_cast<std::uint64_t>(s)});
    const std::vector<Index> order = random.permutation(repetitions.rows());
    splits.emplace_back(mean_of(repetitions, order.data(), m),
                        mean_of(repetitions, order.data() + m, m));
  }
  const Statistic agreement_of_halves =
      [&](const std::vector<Index>& picks) -> std::optional<double> {
    double sum = 0.0;
    for (const auto& [a, b] : splits) {
      const auto rho = spearman(pick(a, picks), pick(b, picks));
      if (!rho) return std::nullopt;
      sum += *rho;
    }
    return sum / static_cast<double>(kSplits);
  };
  result.half = bootstrap_interval(repetitions.cols(), agreement_of_halves, bootstrap);
  result.reliability = result.half;
  if (!result.half.value) return result;
  const double length = static_cast<double>(repetitions.rows()) / static_cast<double>(m);
  for (double* end :
       {&*result.reliability.value, &result.reliability.low, &result.reliability.high})
    *end = spearman_brown(*end, length);
  if (*result.reliability.value >= 0) result.ceiling = std::sqrt(*result.reliability.value);
  return result;
}

}  // namespace leaveout
