// SPDX-License-Identifier: MIT
#pragma once
// Products with a small matrix on the left, as the layers of small networks are.
//
// A general product packs both factors into panels before it multiplies, and works on tiles of rows
// that a layer of 20 units leaves half empty. Here the small factor alone is packed, into whole
// vectors of rows padded with zeros, and a block of the result stays in registers while the sum
// over the inner size runs:
//
//   multiply_small       Y (m x n)  = A (m x k) B (k x n)       or +=,   + b 1'
//   accumulate_small     C (m x k)  = Y (m x n) B (k x n)'      or +=
//   sum_columns_small    s (m)      = Y 1                       or +=
//
// m from kSmallestRows to kLargestRows, n large. The sum runs in the order of the inner index, so
// that the result depends on the numbers alone. Eigen's own product is the oracle of the tests, and
// what is used for every other shape.
//
//   if (small_enough(m, k, n)) multiply_small(a, m, k, false, b, n, y, false);

#include <Eigen/Core>

namespace leaveout {

inline constexpr Eigen::Index kSmallestRows = 4, kLargestRows = 32, kLargestInner = 256;

/// Is a product of these sizes faster here? m, k: the small factor's, n: columns of the others.
constexpr bool small_enough(Eigen::Index m, Eigen::Index k, Eigen::Index n) {
  return m >= kSmallestRows && m <= kLargestRows && k <= kLargestInner && n >= 16;
}

/// y (m x n) = a b, or += if `add`, + the column bias (m) if there is one. a (m x k), or its
/// transpose (k x m) if `transposed`; b (k x n). All column by column without gaps. Nothing may
/// overlap.
void multiply_small(const double* a,
                    Eigen::Index m,
                    Eigen::Index k,
                    bool transposed,
                    const double* b,
                    Eigen::Index n,
                    double* y,
                    bool add,
                    const double* bias = nullptr);

/// c (m x k) = y b', or += if `add`. y (m x n), b (k x n), column by column without gaps.
void accumulate_small(const double* y,
                      Eigen::Index m,
                      const double* b,
                      Eigen::Index k,
                      Eigen::Index n,
                      double* c,
                      bool add);

/// sums (m) = y 1, or += if `add`: the columns of y (m x n) added up.
void sum_columns_small(const double* y, Eigen::Index m, Eigen::Index n, double* sums, bool add);

}  // namespace leaveout
