// SPDX-License-Identifier: MIT
#include "autodiff/unit_curvature.h"

#include <algorithm>
#include <exception>
#include <stdexcept>

#include "autodiff/sweeps.h"

namespace leaveout {

namespace {

using Mat = Matrix<double>;
using Vec = Vector<double>;

/// Columns of weights that one product takes: enough for the product to run at full speed, few
/// enough for a tile of them to stay in cache.
constexpr Index kChunk = 256;

/// One unit of one layer: a sweep each.
struct Unit {
  std::size_t layer;
  Index row;
};

/// What one thread needs: a workspace, and the layers' quantities with examples along columns' rows
/// (n x units), so that products over examples run down contiguous columns.
class UnitSweep {
 public:
  UnitSweep(const Program<double>& program, const Vec& theta, Index tile)
      : layers_(program.dense_layers()), ws_(program, tile, 1), chunk_(tile, 0) {
    ws_.bind_parameters(theta.data());
    ws_.bind_gradient(nullptr);
    x_.resize(layers_.size());
    delta_.resize(layers_.size());
    x_dot_.resize(layers_.size());
    m_.resize(layers_.size());
    Index widest = 0;
    for (const DenseLayer& layer : layers_) widest = std::max(widest, layer.columns());
    chunk_.resize(tile, kChunk + widest);
  }

  /// Values and adjoints of a tile.
  void move_to(const Batch<double>& batch, Index begin, Index count) {
    ws_.bind_batch(batch, begin, count);
    forward(ws_);
    seed(ws_);
    reverse(ws_);
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      x_[l].resize(count, layers_[l].columns());
      x_[l].leftCols(layers_[l].in) = ws_.x(layers_[l].input).transpose();
      if (layers_[l].has_bias) x_[l].col(layers_[l].in).setOnes();
      delta_[l].resize(count, layers_[l].out);
      if (ws_.bar_active(layers_[l].output))
        delta_[l] = ws_.x_bar(layers_[l].output).transpose();
      else
        delta_[l].setZero();
    }
  }

  /// Adds the tile's part of the rows (unit, b) to h, ordered row by row of each [W b]:
  /// h(., (l, a, b)) for all entries from (l, a, 0) on.
  void add(Unit unit, Curvature curvature, Mat& h) {
    sweep(unit, curvature);
    const DenseLayer& from = layers_[unit.layer];
    const Index first = from.offset + unit.row * from.columns();
    auto columns = h.middleCols(first, from.columns());
    Index filled = 0, at = first;
    const auto flush = [&] {
      if (filled == 0) return;
      columns.middleRows(at, filled).noalias() +=
          chunk_.topLeftCorner(x_[unit.layer].rows(), filled).transpose() * x_[unit.layer];
      at += filled;
      filled = 0;
    };
    for (std::size_t l = unit.layer; l < layers_.size(); ++l)
      for (Index c = l == unit.layer ? unit.row : 0; c < layers_[l].out; ++c) {
        fill(l, c, l > unit.layer && curvature == Curvature::full, filled);
        filled += layers_[l].columns();
        if (filled >= kChunk) flush();
      }
    flush();
  }

 private:
  /// Second-order sweeps from pre-activation `unit`, all examples at once.
  void sweep(Unit unit, Curvature curvature) {
    const DenseLayer& from = layers_[unit.layer];
    ws_.bind_directions(nullptr, 1);
    ws_.bind_products(nullptr);
    ws_.sink_dot(from.output, 0).cleared().row(unit.row).setOnes();
    tangent(ws_, from.op + 1);
    reverse_tangent(ws_, curvature, from.op + 1);
    for (std::size_t l = unit.layer; l < layers_.size(); ++l) {
      const DenseLayer& to = layers_[l];
      m_[l] = ws_.x_bar_dot(to.output, 0).transpose();
      if (!ws_.bar_dot_active(to.output)) m_[l].setZero();
      if (l == unit.layer) continue;
      x_dot_[l] = ws_.x_dot(to.input, 0).transpose();
      if (!ws_.dot_active(to.input)) x_dot_[l].setZero();
    }
  }

  /// Columns (c, d) of the chunk, d over the layer's inputs and bias:
  /// M_ac x_d + delta_c dx_d/dz_a.
  void fill(std::size_t l, Index c, bool moving_input, Index at) {
    const Index n = x_[l].rows(), in = layers_[l].in;
    auto block = chunk_.block(0, at, n, layers_[l].columns());
    for (Index d = 0; d < layers_[l].columns(); ++d) {
      if (moving_input && d < in)
        block.col(d) = m_[l].col(c).cwiseProduct(x_[l].col(d)) +
                       delta_[l].col(c).cwiseProduct(x_dot_[l].col(d));
      else
        block.col(d) = m_[l].col(c).cwiseProduct(x_[l].col(d));
    }
  }

  const std::vector<DenseLayer>& layers_;
  Workspace<double> ws_;
  std::vector<Mat> x_, delta_, x_dot_, m_;  // (n x columns), (n x out), (n x in), (n x out)
  Mat chunk_;                               // (n x up to kChunk + widest layer)
};

/// From the row-by-row order of each [W b] to theta's column-by-column order, both triangles.
Mat ordered_as_theta(const std::vector<DenseLayer>& layers, const Mat& h) {
  std::vector<Index> place(static_cast<std::size_t>(h.rows()));
  for (const DenseLayer& layer : layers)
    for (Index a = 0; a < layer.out; ++a)
      for (Index b = 0; b < layer.columns(); ++b)
        place[static_cast<std::size_t>(layer.offset + a * layer.columns() + b)] =
            layer.offset + a + b * layer.out;
  Mat result(h.rows(), h.cols());
  for (Index j = 0; j < h.cols(); ++j)
    for (Index i = j; i < h.rows(); ++i) {
      const Index pi = place[static_cast<std::size_t>(i)], pj = place[static_cast<std::size_t>(j)];
      result(pi, pj) = result(pj, pi) = h(i, j);
    }
  return result;
}

}  // namespace

Matrix<double> unit_curvature(const Program<double>& program, const Batch<double>& batch,
                              const Vector<double>& theta, Curvature curvature, Index tile,
                              int threads) {
  const std::vector<DenseLayer>& layers = program.dense_layers();
  if (layers.empty())
    throw std::invalid_argument(
        "[unit_curvature] program, expected affine layers only: use DenseMethod::by_parameters");
  std::vector<Unit> units;
  for (std::size_t l = 0; l < layers.size(); ++l)
    for (Index a = 0; a < layers[l].out; ++a) units.push_back({l, a});
  const int count = static_cast<int>(units.size());
  Mat h = Mat::Zero(theta.size(), theta.size());
  std::exception_ptr failure;
  // Each unit owns its columns of h, and tiles are added in order: the threads cannot be seen.
#pragma omp parallel num_threads(threads)
  {
    try {
      UnitSweep sweep(program, theta, std::min(tile, batch.columns));
      for (Index begin = 0; begin < batch.columns; begin += tile) {
        sweep.move_to(batch, begin, std::min(tile, batch.columns - begin));
#pragma omp for schedule(dynamic)
        for (int u = 0; u < count; ++u) sweep.add(units[static_cast<std::size_t>(u)], curvature, h);
      }
    } catch (...) {
#pragma omp critical
      failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
  return ordered_as_theta(layers, h);
}

}  // namespace leaveout
