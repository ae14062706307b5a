// SPDX-License-Identifier: MIT
#pragma once
// How far a truth that was measured several times agrees with itself.
//
// A truth that is a mean over S seeds still has noise. With the seeds in two halves of m, the
// Spearman r of the halves' means tells how much, and the law of Spearman and Brown (1910) carries
// it from m seeds to S:
//
//   reliability = k r / (1 + (k - 1) r),   k = S / m
//
// It is the correlation to expect between this mean and that of S further seeds. An estimate equal
// to the truth without noise would reach its square root: the noise ceiling. (The law is exact for
// Pearson, and for Spearman close enough to read a table by.)
//
//   SplitHalf s = split_half(changes, {.resamples = 500});    // (seeds x removed)
//   s.half.value, s.reliability.value, s.ceiling

#include "influence/metrics/correlation.h"

namespace leaveout {

/// The correlation of means over `length` times as many measurements, from that of single ones. Not
/// below -1. spearman_brown(1/2, 2) = 2/3.
double spearman_brown(double r, double length);

struct SplitHalf {
  Estimate half;         ///< Spearman between means of halves, itself a mean over splits.
  Estimate reliability;  ///< Of the mean over all repetitions.
  std::optional<double> ceiling = {};  ///< sqrt(reliability); empty where that is negative.
  Eigen::Index repetitions = 0;
  Eigen::Index half_size = 0;
};

/// `repetitions` (S x items): one measurement of all items in each row. Halves have S / 2 rows (one
/// stays out of a split where S is odd); splits are drawn by the bootstrap's seed. The interval is
/// by a bootstrap over items. Fewer than two repetitions: undefined. Throws std::invalid_argument
/// for a value that is not finite.
SplitHalf split_half(const Eigen::MatrixXd& repetitions, const Bootstrap& bootstrap = {});

}  // namespace leaveout
