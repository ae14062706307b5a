// SPDX-License-Identifier: MIT
#pragma once
// The one loop of every fast transform on the cube {0,1}^N: a linear map of two numbers applied to
// each pair of entries that differ in coordinate i, for i = 0, .., N-1.
//
// A table of 2^N entries is a vector of the N-fold tensor product of R^2, and these transforms are
// tensor products of maps of R^2, one for each coordinate. N 2^(N-1) pairs, in place.
//
//   butterfly(table.data(), n, [](Index) {                       // the sum over all subsets
//     return [](double& without, double& with) { with += without; };
//   });

#include <Eigen/Dense>
#include <algorithm>

namespace leaveout {

/// Applies `pair` to all pairs (b, b with coordinate i) of `size` entries, where stride = 2^i.
template <class Pair>
void butterfly_level(double* table, Eigen::Index size, Eigen::Index stride, const Pair& pair) {
  for (Eigen::Index block = 0; block < size; block += 2 * stride) {
    double* without = table + block;
    double* with = without + stride;
#pragma omp simd
    for (Eigen::Index j = 0; j < stride; ++j) pair(without[j], with[j]);
  }
}

/// Applies pair_of(i)(entry without i, entry with i) at each coordinate i < n of a table of 2^n
/// entries. Halves are finished before they are joined, so that all but the last few levels find
/// their entries in the cache.
template <class PairOf>
void butterfly(double* table, Eigen::Index n, const PairOf& pair_of) {
  constexpr Eigen::Index kInCache = 11;  // 2^11 entries are 16 KiB
  const Eigen::Index whole = std::min(n, kInCache);
  for (Eigen::Index block = 0; block < Eigen::Index{1} << n; block += Eigen::Index{1} << whole)
    for (Eigen::Index i = 0; i < whole; ++i)
      butterfly_level(table + block, Eigen::Index{1} << whole, Eigen::Index{1} << i, pair_of(i));
  for (Eigen::Index i = whole; i < n; ++i)
    butterfly_level(table, Eigen::Index{1} << n, Eigen::Index{1} << i, pair_of(i));
}

}  // namespace leaveout
