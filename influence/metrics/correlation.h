// SPDX-License-Identifier: MIT
#pragma once
// How well an estimate agrees with the truth, over removed examples, with an error bar.
//
// The law, for n pairs (x_i, y_i) with means a and b:
//
//   Pearson   = sum (x_i - a)(y_i - b) / sqrt(sum (x_i - a)^2 * sum (y_i - b)^2)
//   Spearman  = Pearson of the ranks, tied values sharing their average rank; values closer than
//               1e-12 of the largest magnitude are tied, because their order is rounding
//   Kendall   = (concordant - discordant pairs) / sqrt(pairs not tied in x * pairs not tied in y)
//               tau-b, ties as for Spearman; O(n log n)
//   slope     = sum (x_i - a)(y_i - b) / sum (x_i - a)^2     least squares of y (truth) on x
//   (estimate)
//
// The slope is the calibration: an estimate that is right up to a factor c has correlation 1 and
// slope 1 / c. A number that does not exist (fewer than two pairs, a constant coordinate) is
// `undefined`, an empty optional, and never NaN. Intervals are percentiles of a bootstrap over
// pairs: what would the number have been with other removed examples?
//
//   Agreement a = agreement(estimate, truth, {.resamples = 1000, .seed = 7});
//   std::string cell = to_string(a.pearson);        // "0.93 [0.90, 0.95]" or "undefined"
//   MeanError gap = mean_error(gaps);               // gap.mean, gap.standard_error, gap.n

#include <Eigen/Dense>
#include <cstdint>
#include <optional>
#include <string>

namespace leaveout {

/// A number over n pairs with its bootstrap interval. `low` and `high` mean something only where
/// `resamples` > 0.
struct Estimate {
  std::optional<double> value = {};  ///< Empty where the number is undefined.
  double low = 0.0;                  ///< Lower end of the percentile interval.
  double high = 0.0;                 ///< Upper end of the percentile interval.
  Eigen::Index n = 0;                ///< Pairs.
  Eigen::Index resamples = 0;        ///< Resamples that entered the interval.
  Eigen::Index skipped = 0;  ///< Resamples in which the number was undefined (a constant draw).
};

/// How intervals are made. The same seed gives the same interval, bit for bit.
struct Bootstrap {
  Eigen::Index resamples = 1000;  ///< 0 asks for no interval.
  double level = 0.95;            ///< Coverage, strictly between 0 and 1.
  std::uint64_t seed = 0;
};

/// The three numbers reported together; all three intervals come from the same resamples.
struct Agreement {
  Estimate pearson;
  Estimate spearman;
  Estimate slope;
};

/// A mean with its standard error s / sqrt(n), where s has n - 1 in its denominator. No values:
/// both undefined; one value: the standard error is undefined.
struct MeanError {
  std::optional<double> mean = {};
  std::optional<double> standard_error = {};
  Eigen::Index n = 0;
};

/// Pearson's correlation of x and y (n). Undefined for n < 2 or a constant x or y.
/// All functions here throw std::invalid_argument when the sizes differ or a value is not finite.
std::optional<double> pearson(const Eigen::VectorXd& x, const Eigen::VectorXd& y);

/// Spearman's rank correlation of x and y (n), ties by average ranks. Undefined as for `pearson`.
std::optional<double> spearman(const Eigen::VectorXd& x, const Eigen::VectorXd& y);

/// Kendall's tau-b of x and y (n), ties by merge_ties. Undefined as for `pearson`.
std::optional<double> kendall(const Eigen::VectorXd& x, const Eigen::VectorXd& y);

/// Least-squares slope of `truth` on `estimate` (n), in units of truth per estimate. Undefined for
/// n < 2 or a constant estimate; a constant truth has slope 0.
std::optional<double> slope(const Eigen::VectorXd& estimate, const Eigen::VectorXd& truth);

/// A copy of x (n) in which values closer than 1e-12 of the largest magnitude are equal: each takes
/// the smallest value that is as close to it. What ranks are made of: duplicated examples would
/// otherwise be ordered by their last bits.
Eigen::VectorXd merge_ties(const Eigen::VectorXd& x);

/// Ranks from 1 to n; equal values share the average of the ranks they take up.
Eigen::VectorXd average_ranks(const Eigen::VectorXd& x);

/// The three numbers with their intervals. Pairs are resampled with replacement; a resample in
/// which a coordinate is constant is skipped and counted, separately for each number.
Agreement agreement(const Eigen::VectorXd& estimate,
                    const Eigen::VectorXd& truth,
                    const Bootstrap& bootstrap = {});

/// Mean and standard error of `values` (n).
MeanError mean_error(const Eigen::VectorXd& values);

/// "0.93 [0.90, 0.95]", "0.93" where there is no interval, or "undefined".
std::string to_string(const Estimate& estimate, int decimals = 2);

/// "1.25 ± 0.03" in `digits` significant digits each, "1.25" for a single value, or "undefined".
std::string to_string(const MeanError& mean, int digits = 3);

}  // namespace leaveout
