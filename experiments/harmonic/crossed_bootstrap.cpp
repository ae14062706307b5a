// SPDX-License-Identifier: MIT
#include "experiments/harmonic/crossed_bootstrap.h"

#include "influence/metrics/bootstrap.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

Estimate crossed_interval(Index items,
                          Index queries,
                          const CrossedStatistic& statistic,
                          const Bootstrap& bootstrap) {
  // The queries of a resample come from streams beyond those of the items.
  Index resample = -1;
  const Statistic both = [&](const Picks& picks) {
    Picks of_queries(static_cast<std::size_t>(queries));
    for (Index q = 0; q < queries; ++q) of_queries[static_cast<std::size_t>(q)] = q;
    if (resample >= 0)
      of_queries = resample_items(queries, bootstrap.seed, bootstrap.resamples + resample);
    ++resample;
    return statistic(picks, of_queries);
  };
  Estimate e = bootstrap_interval(items, both, bootstrap);
  e.n = items * queries;
  return e;
}

VectorXd gather(const MatrixXd& values, const Picks& items, const Picks& queries) {
  return values(queries, items).reshaped();
}

VectorXd gather_pairs(const MatrixXd& values,
                      Index count,
                      const Picks& items,
                      const Picks& queries) {
  Picks columns;
  for (std::size_t a = 0; a < items.size(); ++a)
    for (std::size_t b = a + 1; b < items.size(); ++b)
      if (items[a] != items[b]) columns.push_back(items[a] * count + items[b]);
  return gather(values, columns, queries);
}

}  // namespace leaveout
