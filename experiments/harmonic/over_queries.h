// SPDX-License-Identifier: MIT
#pragma once
// The mean of a number of each query.
//
//   Estimate e = over_queries(r.queries(), [&](Index q) { return residual(r, q); });

#include <functional>

#include "influence/metrics/correlation.h"

namespace leaveout {

/// Mean over those of the queries where `metric` is defined, with its 95 % interval (Student's t).
/// `n` counts them.
Estimate over_queries(Eigen::Index queries,
                      const std::function<std::optional<double>(Eigen::Index query)>& metric);

}  // namespace leaveout
