// SPDX-License-Identifier: MIT
#pragma once
// Reproducible numbers for tests of the lower folders, which see no other generator.
//
//   TestNumbers numbers(7);
//   Matrix<double> x = numbers.normal(3, 5);     // (3 x 5), the same on every machine

#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>

#include "autodiff/types.h"

namespace leaveout {

class TestNumbers {
 public:
  explicit TestNumbers(std::uint64_t seed) : state_(seed) {}

  /// Uniform in [low, high): the splitmix64 sequence, its upper 53 bits.
  double uniform(double low = 0, double high = 1) {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return low + (high - low) * static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
  }
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }
  Matrix<double> uniform(Index rows, Index cols, double low, double high) {
    return Matrix<double>::NullaryExpr(rows, cols, [&] { return uniform(low, high); });
  }
  Matrix<double> normal(Index rows, Index cols) {
    return Matrix<double>::NullaryExpr(rows, cols, [&] { return normal(); });
  }

 private:
  std::uint64_t state_;
};

/// Logarithms entry by entry. (g++ 12 warns inside Eigen's own vectorised log.)
template <class A>
Matrix<double> logs(const Eigen::DenseBase<A>& a) {
  return a.derived().unaryExpr([](double x) { return std::log(x); }).matrix();
}

/// max |a - b| / max |b|, and infinity where something is not finite: `CHECK(distance(a, b) <
/// 1e-12)` fails on NaN.
template <class A, class B>
double distance(const Eigen::MatrixBase<A>& a, const Eigen::MatrixBase<B>& b) {
  if (a.rows() != b.rows() || a.cols() != b.cols() || !a.allFinite() || !b.allFinite())
    return std::numeric_limits<double>::infinity();
  if (b.size() == 0) return 0;
  const double scale = b.cwiseAbs().maxCoeff(), gap = (a - b).cwiseAbs().maxCoeff();
  return scale > 0 ? gap / scale : gap;
}

}  // namespace leaveout
