// SPDX-License-Identifier: MIT
#pragma once
// Names shared by the whole engine: matrices are column-major and *columns are examples*.
//
//   MatrixMap<double> X(data, rows, cols);    // a view, never an owner

#include <Eigen/Core>
#include <complex>

namespace leaveout {

using Eigen::Index;

template <class S>
using Matrix = Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic>;
template <class S>
using Vector = Eigen::Matrix<S, Eigen::Dynamic, 1>;
template <class S>
using MatrixMap = Eigen::Map<Matrix<S>>;
template <class S>
using ConstMatrixMap = Eigen::Map<const Matrix<S>>;

/// A column n times side by side, and a row n times on top of itself. Matrix::replicate would
/// divide once for every entry to find the place of a shape that it does not know to be a vector.
template <class S>
auto side_by_side(const ConstMatrixMap<S>& column, Index n) {
  using Column = Eigen::Map<const Vector<S>>;
  return Eigen::Replicate<Column, 1, Eigen::Dynamic>(Column(column.data(), column.rows()), 1, n);
}
template <class S>
auto on_top_of_itself(const ConstMatrixMap<S>& row, Index n) {
  using Row = Eigen::Map<const Eigen::Matrix<S, 1, Eigen::Dynamic>>;
  return Eigen::Replicate<Row, Eigen::Dynamic, 1>(Row(row.data(), row.cols()), n, 1);
}

/// The same numbers with another number of rows: columns that hold several short columns each
/// (an image's positions, say) become those short columns.
template <class S>
ConstMatrixMap<S> with_rows(const ConstMatrixMap<S>& m, Index rows) {
  return {m.data(), rows, m.size() / rows};
}

/// Which second derivative a sweep computes. `gauss_newton` drops the curvature of everything below
/// the loss (the residual term R of H = G + R) and nothing else; it is the same code path.
enum class Curvature { full, gauss_newton };

/// The real part decides comparisons, so that the same code runs on complex numbers (complex step).
inline float real_part(float x) {
  return x;
}
inline double real_part(double x) {
  return x;
}
inline double real_part(const std::complex<double>& x) {
  return x.real();
}

}  // namespace leaveout
