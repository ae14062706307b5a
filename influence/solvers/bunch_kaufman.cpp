// SPDX-License-Identifier: MIT
#include "influence/solvers/bunch_kaufman.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "influence/solvers/solution.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// Balances the growth of one pivot of size 2 against two of size 1.
const double kAlpha = (1 + std::sqrt(17.0)) / 8;

}  // namespace

BunchKaufman::BunchKaufman(MatrixXd a)
    : f_(std::move(a)), off_(VectorXd::Zero(f_.rows())), order_(f_.rows()) {
  const Index n = f_.rows();
  std::iota(order_.begin(), order_.end(), Index{0});
  double largest = 0;
  for (Index j = 0; j < n; ++j)
    largest = std::max(largest, f_.col(j).tail(n - j).cwiseAbs().maxCoeff());

  for (Index k = 0; k < n;) {
    const Pivot pivot = choose(k);
    exchange(k, pivot.first);
    if (pivot.second < 0) {
      eliminate_one(k);
      k += 1;
    } else {
      exchange(k + 1, pivot.second);  // never row k, whose largest entry the walk has passed
      eliminate_two(k);
      k += 2;
    }
  }
  count(rounding_level(n) * largest);
}

/// Row of the largest entry off the diagonal of `column` in the rows k.. not yet eliminated.
Index BunchKaufman::largest_off_diagonal(Index k, Index column, double& size) const {
  const Index n = f_.rows();
  Index best = -1;
  size = 0;
  for (Index i = k; i < n; ++i) {
    if (i == column) continue;
    const double entry = std::abs(i > column ? f_(i, column) : f_(column, i));
    if (entry <= size) continue;
    size = entry;
    best = i;
  }
  return best;
}

BunchKaufman::Pivot BunchKaufman::choose(Index k) const {
  double lambda = 0;
  Index column = k;
  Index row = largest_off_diagonal(k, column, lambda);
  if (row < 0 || std::abs(f_(k, k)) >= kAlpha * lambda) return {k, -1};
  // Walk like a rook to an entry that is the largest of its row and of its column. lambda grows at
  // each turn, so the walk ends.
  while (true) {
    double sigma = 0;
    const Index next = largest_off_diagonal(k, row, sigma);
    if (std::abs(f_(row, row)) >= kAlpha * sigma) return {row, -1};
    if (sigma <= lambda) return {column, row};
    column = row;
    row = next;
    lambda = sigma;
  }
}

/// Exchanges rows and columns k and `other` >= k of the symmetric matrix, and the rows of L.
void BunchKaufman::exchange(Index k, Index other) {
  if (other == k) return;
  const Index n = f_.rows();
  const Index between = other - k - 1;
  f_.row(k).head(k).swap(f_.row(other).head(k));
  std::swap(f_(k, k), f_(other, other));
  for (Index i = k + 1; i <= k + between; ++i) std::swap(f_(i, k), f_(other, i));
  f_.col(k).tail(n - other - 1).swap(f_.col(other).tail(n - other - 1));
  std::swap(order_[k], order_[other]);
}

void BunchKaufman::eliminate_one(Index k) {
  const Index n = f_.rows();
  const double d = f_(k, k);
  if (d == 0) return;  // then the whole column is zero, or the walk had found another pivot
  const VectorXd w = f_.col(k).tail(n - k - 1);  // (n-k-1)
  f_.col(k).tail(n - k - 1) /= d;
  for (Index j = k + 1; j < n; ++j) f_.col(j).tail(n - j) -= f_(j, k) * w.tail(n - j);
}

void BunchKaufman::eliminate_two(Index k) {
  const Index n = f_.rows();
  const Index m = n - k - 2;
  // D^-1 with the off-diagonal entry, the largest of the three, taken out against overflow.
  const double e = f_(k + 1, k);
  const double p = f_(k, k) / e;
  const double q = f_(k + 1, k + 1) / e;
  const double s = 1 / ((p * q - 1) * e);  // p q < alpha^2 < 1
  off_(k) = e;
  f_(k + 1, k) = 0;
  const VectorXd w1 = f_.col(k).tail(m);      // (m)
  const VectorXd w2 = f_.col(k + 1).tail(m);  // (m)
  f_.col(k).tail(m) = s * (q * w1 - w2);
  f_.col(k + 1).tail(m) = s * (p * w2 - w1);
  for (Index j = k + 2; j < n; ++j)
    f_.col(j).tail(n - j) -= f_(j, k) * w1.tail(n - j) + f_(j, k + 1) * w2.tail(n - j);
}

void BunchKaufman::count(double zero_level) {
  const Index n = f_.rows();
  const auto add = [&](double value) {
    ++(std::abs(value) <= zero_level ? inertia_.zero
       : value < 0                   ? inertia_.negative
                                     : inertia_.positive);
  };
  for (Index k = 0; k < n; ++k) {
    if (off_(k) == 0) {
      add(f_(k, k));
      continue;
    }
    const double mean = 0.5 * (f_(k, k) + f_(k + 1, k + 1));
    const double radius = std::hypot(0.5 * (f_(k, k) - f_(k + 1, k + 1)), off_(k));
    add(mean - radius);
    add(mean + radius);
    ++k;
  }
}

MatrixXd BunchKaufman::solve(const MatrixXd& b) const {
  const Index n = f_.rows();
  MatrixXd x(n, b.cols());  // (n x k)
  for (Index i = 0; i < n; ++i) x.row(i) = b.row(order_[i]);
  f_.triangularView<Eigen::UnitLower>().solveInPlace(x);
  for (Index k = 0; k < n; ++k) {
    if (off_(k) == 0) {
      x.row(k) /= f_(k, k);
      continue;
    }
    const double e = off_(k);
    const double p = f_(k, k) / e;
    const double q = f_(k + 1, k + 1) / e;
    const double s = 1 / ((p * q - 1) * e);
    const Eigen::RowVectorXd first = x.row(k);  // (1 x k)
    x.row(k) = s * (q * first - x.row(k + 1));
    x.row(k + 1) = s * (p * x.row(k + 1) - first);
    ++k;
  }
  f_.triangularView<Eigen::UnitLower>().transpose().solveInPlace(x);
  MatrixXd result(n, b.cols());  // (n x k)
  for (Index i = 0; i < n; ++i) result.row(order_[i]) = x.row(i);
  return result;
}

MatrixXd BunchKaufman::unit_lower() const {
  return f_.triangularView<Eigen::UnitLower>();
}

MatrixXd BunchKaufman::block_diagonal() const {
  MatrixXd d = f_.diagonal().asDiagonal();
  for (Index k = 0; k + 1 < f_.rows(); ++k)
    if (off_(k) != 0) d(k, k + 1) = d(k + 1, k) = off_(k);
  return d;
}

}  // namespace leaveout
