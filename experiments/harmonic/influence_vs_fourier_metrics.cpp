// SPDX-License-Identifier: MIT
// The numbers of a comparison, with their intervals.
#include <algorithm>
#include <cmath>

#include "experiments/harmonic/crossed_bootstrap.h"
#include "experiments/harmonic/influence_vs_fourier_report.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr Bootstrap kBootstrap = {.resamples = 500, .seed = 1};

/// What is drawn anew: training examples, or groups, or the one item there is.
Index drawn_items(const FourierComparison& c) {
  return c.of_pairs() ? c.examples : c.exact.cols();
}

VectorXd drawn(const FourierComparison& c,
               const MatrixXd& v,
               const Picks& items,
               const Picks& queries) {
  return c.of_pairs() ? gather_pairs(v, c.examples, items, queries) : gather(v, items, queries);
}

std::optional<double> ratio(double above, double below) {
  return below > 0 ? std::optional(above / below) : std::nullopt;
}

double error_norm(const FourierComparison& c,
                  const MatrixXd& predicted,
                  const Picks& items,
                  const Picks& queries) {
  return (drawn(c, predicted, items, queries) - drawn(c, c.exact, items, queries)).norm();
}

std::optional<double> error_of(const FourierComparison& c,
                               const MatrixXd& predicted,
                               const Picks& items,
                               const Picks& queries) {
  return ratio(error_norm(c, predicted, items, queries), drawn(c, c.exact, items, queries).norm());
}

Estimate interval_of(const FourierComparison& c, const CrossedStatistic& statistic) {
  return crossed_interval(drawn_items(c), c.exact.rows(), statistic, kBootstrap);
}

using Correlation = std::optional<double> (*)(const VectorXd& estimate, const VectorXd& truth);

}  // namespace

Estimate relative_error(const FourierComparison& c, const std::string& method) {
  const MatrixXd* m = c.find(method);
  if (!m) return {};
  return interval_of(
      c, [&](const Picks& items, const Picks& queries) { return error_of(c, *m, items, queries); });
}

Estimate error_ratio(const FourierComparison& c,
                     const std::string& method,
                     const std::string& other) {
  const MatrixXd *m = c.find(method), *o = c.find(other);
  if (!m || !o) return {};
  return interval_of(c, [&](const Picks& items, const Picks& queries) {
    return ratio(error_norm(c, *m, items, queries), error_norm(c, *o, items, queries));
  });
}

Agreement agreement_of(const FourierComparison& c, const std::string& method) {
  const MatrixXd* m = c.find(method);
  if (!m) return {};
  const auto interval = [&](Correlation how) {
    return interval_of(c, [&](const Picks& items, const Picks& queries) {
      return how(drawn(c, *m, items, queries), drawn(c, c.exact, items, queries));
    });
  };
  return {interval(pearson), interval(spearman), interval(slope)};
}

Estimate total_ratio(const FourierComparison& c, const std::string& method) {
  const MatrixXd* m = c.find(method);
  if (!m) return {};
  return interval_of(c, [&](const Picks& items, const Picks& queries) {
    return ratio(drawn(c, *m, items, queries).sum(), drawn(c, c.exact, items, queries).sum());
  });
}

namespace {

/// The comparisons at all sizes that know the method, ascending.
std::vector<const FourierComparison*> at_sizes(const FourierResult& r,
                                               const std::string& quantity,
                                               const std::string& method) {
  const bool removal = quantity == "removal";
  std::vector<Index> sizes = r.sizes;
  if (removal) sizes.insert(sizes.end(), r.larger.begin(), r.larger.end());
  std::vector<const FourierComparison*> found;
  for (const Index n : sizes) {
    const FourierComparison* c = r.find(quantity, removal ? 0 : r.p, removal ? 1 : 0, n);
    if (c && c->find(method)) found.push_back(c);
  }
  return found;
}

/// Of the drawn items those that there are in a comparison.
Picks below(const Picks& items, Index count) {
  Picks there;
  for (const Index i : items)
    if (i < count) there.push_back(i);
  return there;
}

}  // namespace

Estimate size_exponent(const FourierResult& r,
                       const std::string& quantity,
                       const std::string& method) {
  const std::vector<const FourierComparison*> found = at_sizes(r, quantity, method);
  const auto sizes = static_cast<Index>(found.size());
  if (sizes < 2) return {};
  Index items_most = 0;
  for (const FourierComparison* c : found) items_most = std::max(items_most, drawn_items(*c));
  const auto exponent = [&](const Picks& items, const Picks& queries) -> std::optional<double> {
    VectorXd log_n(sizes), log_error(sizes);
    for (Index k = 0; k < sizes; ++k) {
      const FourierComparison& c = *found[static_cast<std::size_t>(k)];
      const auto error = error_of(c, *c.find(method), below(items, drawn_items(c)), queries);
      if (!error || !(*error > 0)) return {};
      log_n(k) = std::log(static_cast<double>(c.examples));
      log_error(k) = std::log(*error);
    }
    return slope(log_n, log_error);
  };
  return crossed_interval(items_most, r.queries, exponent, kBootstrap);
}

}  // namespace leaveout
