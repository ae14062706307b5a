// SPDX-License-Identifier: MIT
#pragma once
// Student's t: the interval of a mean over a handful of seeds, where a bootstrap is too narrow.
//
//   mean ± t(0.975, n - 1) s / sqrt(n),      s with n - 1 in its denominator
//
// exact for normal values. With five values t is 2.776, not 1.96.
//
//   Estimate e = mean_interval(recall_of_each_seed);      // "0.86 [0.81, 0.91]"

#include "influence/metrics/correlation.h"

namespace leaveout {

/// P(T <= t) for `dof` >= 1 degrees of freedom, by the finite sums for whole degrees of freedom
/// (Abramowitz and Stegun 26.7.3 and 26.7.4), and beyond |t| = 2 by the incomplete beta
/// function's series, which keeps the digits of small tails.
double student_cdf(double t, Eigen::Index dof);

/// The t with P(T <= t) = p, 0 < p < 1, to 1e-12 of itself. Throws std::invalid_argument otherwise.
double student_quantile(double p, Eigen::Index dof);

/// Mean of `values` (n) with its interval of this coverage. One value: no interval (low = high =
/// the value, `resamples` = 0); none: undefined. `resamples` = n where there is an interval: the
/// values that it is made of.
Estimate mean_interval(const Eigen::VectorXd& values, double level = 0.95);

}  // namespace leaveout
