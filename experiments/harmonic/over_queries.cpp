// SPDX-License-Identifier: MIT
#include "experiments/harmonic/over_queries.h"

#include <vector>

#include "influence/metrics/student.h"

namespace leaveout {

using Eigen::Index;

Estimate over_queries(Index queries,
                      const std::function<std::optional<double>(Index query)>& metric) {
  std::vector<double> values;
  for (Index q = 0; q < queries; ++q)
    if (const std::optional<double> v = metric(q)) values.push_back(*v);
  return mean_interval(
      Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Index>(values.size())));
}

}  // namespace leaveout
