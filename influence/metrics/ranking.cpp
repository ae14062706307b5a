// SPDX-License-Identifier: MIT
#include "influence/metrics/ranking.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace leaveout {

using Eigen::Index;

namespace {

void check(const Eigen::VectorXd& scores, const std::vector<bool>& wanted) {
  if (scores.size() != static_cast<Index>(wanted.size()) || wanted.empty())
    throw std::invalid_argument(
        fmt::format("[ranking] expected as many scores as marks and at least one, got {} and {}",
                    scores.size(),
                    wanted.size()));
  for (Index i = 0; i < scores.size(); ++i)
    if (std::isnan(scores(i)))
      throw std::invalid_argument(fmt::format("[ranking] score {} is not a number", i));
}

}  // namespace

Ranking::Ranking(const Eigen::VectorXd& scores, const std::vector<bool>& wanted)
    : seen_{0}, found_{0} {
  check(scores, wanted);
  std::vector<Index> order(wanted.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [&](Index a, Index b) { return scores(a) > scores(b); });
  double seen = 0, found = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    ++seen;
    if (wanted[static_cast<std::size_t>(order[i])]) ++found;
    if (i + 1 < order.size() && scores(order[i + 1]) == scores(order[i])) continue;
    seen_.push_back(seen);
    found_.push_back(found);
  }
}

std::optional<double> Ranking::recall(double inspected) const {
  if (!(inspected >= 0 && inspected <= 1))
    throw std::invalid_argument(
        fmt::format("[ranking] inspected, expected a fraction from 0 to 1, got {}", inspected));
  if (found_.back() == 0) return std::nullopt;
  const double count = inspected * seen_.back();
  const auto after = std::lower_bound(seen_.begin(), seen_.end(), count);
  const auto i = static_cast<std::size_t>(after - seen_.begin());
  if (i == 0) return 0;
  const double share = (count - seen_[i - 1]) / (seen_[i] - seen_[i - 1]);
  return (found_[i - 1] + share * (found_[i] - found_[i - 1])) / found_.back();
}

/// Each group of equal scores beats all others that come after it, and half of its own.
std::optional<double> Ranking::auc() const {
  const double wanted = found_.back();
  const double others = seen_.back() - wanted;
  if (wanted == 0 || others == 0) return std::nullopt;
  double pairs = 0;
  for (std::size_t i = 1; i < seen_.size(); ++i) {
    const double hits = found_[i] - found_[i - 1];
    const double misses = seen_[i] - seen_[i - 1] - hits;
    const double below = others - (seen_[i] - found_[i]);
    pairs += hits * (below + 0.5 * misses);
  }
  return pairs / (wanted * others);
}

}  // namespace leaveout
