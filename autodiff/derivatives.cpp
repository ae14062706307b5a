// SPDX-License-Identifier: MIT
#include "autodiff/derivatives.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "autodiff/sweeps.h"

namespace leaveout {

namespace {

/// Binds one tile of the batch after another and calls `body(begin, count)`.
template <class S, class Body>
void for_each_tile(Workspace<S>& ws, const Batch<S>& batch, Body&& body) {
  for (Index begin = 0; begin < batch.columns; begin += ws.capacity()) {
    const Index count = std::min(ws.capacity(), batch.columns - begin);
    ws.bind_batch(batch, begin, count);
    body(begin, count);
  }
}

template <class S>
void require_size(const Program<S>& program, const char* what, Index got) {
  if (got != program.parameter_count())
    throw std::invalid_argument(fmt::format(
        "[derivatives] {}, expected {} rows, got {}", what, program.parameter_count(), got));
}

template <class S>
void require_products(const Program<S>& program, const ConstRef<S>& v, const MutRef<S>& hv) {
  require_size(program, "V", v.rows());
  require_size(program, "HV", hv.rows());
  if (hv.cols() != v.cols())
    throw std::invalid_argument(fmt::format(
        "[derivatives] HV, expected as many columns as V, {}, got {}", v.cols(), hv.cols()));
}

template <class S>
S objective_value(const Workspace<S>& ws) {
  return ws.x(ws.program().roles().objective)(0, 0);
}

/// The losses' tangents of directions j, ..., j + k - 1 in the tile that begins there.
template <class S>
void collect_slopes(const Workspace<S>& ws, Index begin, Index j, MutRef<S> to) {
  const SlotId losses = ws.program().roles().losses;
  for (Index t = 0; t < ws.directions(); ++t) {
    auto part = to.col(j + t).segment(begin, ws.columns());
    if (ws.dot_active(losses, t))
      part = ws.x_dot(losses, t).row(0).transpose();
    else
      part.setZero();
  }
}

/// Forward over the tiles, copying one slot's columns to `to`.
template <class S>
void collect(
    Workspace<S>& ws, const Batch<S>& batch, const Vector<S>& theta, SlotId slot, MutRef<S> to) {
  require_size(ws.program(), "theta", theta.size());
  if (to.rows() != ws.program().slot(slot).rows || to.cols() != batch.columns)
    throw std::invalid_argument(fmt::format("[derivatives] result, expected {} x {}, got {} x {}",
                                            ws.program().slot(slot).rows,
                                            batch.columns,
                                            to.rows(),
                                            to.cols()));
  ws.bind_parameters(theta.data());
  for_each_tile(ws, batch, [&](Index begin, Index count) {
    forward(ws);
    to.middleCols(begin, count) = ws.x(slot);
  });
}

}  // namespace

template <class S>
void require_tiling(const Program<S>& program, Index columns, Index tile) {
  if (tile < columns && !program.sums_over_examples())
    throw std::invalid_argument(
        fmt::format("[derivatives] tile, expected all {} columns at once because the objective is "
                    "not a sum over "
                    "examples, got {}",
                    columns,
                    tile));
}

template <class S>
S loss(Workspace<S>& ws, const Batch<S>& batch, const Vector<S>& theta) {
  require_size(ws.program(), "theta", theta.size());
  require_tiling(ws.program(), batch.columns, ws.capacity());
  S total(0);
  ws.bind_parameters(theta.data());
  for_each_tile(ws, batch, [&](Index, Index) {
    forward(ws);
    total += objective_value(ws);
  });
  return total;
}

template <class S>
void outputs(Workspace<S>& ws, const Batch<S>& batch, const Vector<S>& theta, MutRef<S> y) {
  collect(ws, batch, theta, ws.program().roles().outputs, y);
}

template <class S>
void losses(Workspace<S>& ws, const Batch<S>& batch, const Vector<S>& theta, MutRef<S> l) {
  collect(ws, batch, theta, ws.program().roles().losses, l);
}

template <class S>
S gradient(Workspace<S>& ws, const Batch<S>& batch, const Vector<S>& theta, MutVectorRef<S> g) {
  require_size(ws.program(), "theta", theta.size());
  require_size(ws.program(), "gradient", g.size());
  require_tiling(ws.program(), batch.columns, ws.capacity());
  S total(0);
  ws.bind_parameters(theta.data());
  ws.bind_gradient(g.data());
  for_each_tile(ws, batch, [&](Index, Index) {
    forward(ws);
    total += objective_value(ws);
    seed(ws);
    reverse(ws);
  });
  ws.finish_gradient();
  ws.bind_gradient(nullptr);
  return total;
}

template <class S>
void loss_slopes(Workspace<S>& ws,
                 const Batch<S>& batch,
                 const Vector<S>& theta,
                 const ConstRef<S>& v,
                 MutRef<S> l) {
  require_size(ws.program(), "theta", theta.size());
  require_size(ws.program(), "V", v.rows());
  if (v.outerStride() != v.rows()) {  // sweeps want P apart
    const Matrix<S> packed = v;
    return loss_slopes<S>(ws, batch, theta, packed, l);
  }
  ws.bind_parameters(theta.data());
  for_each_tile(ws, batch, [&](Index begin, Index) {
    prepare(ws);
    for (Index j = 0; j < v.cols(); j += ws.max_directions()) {
      ws.bind_directions(v.col(j).data(), std::min(ws.max_directions(), v.cols() - j));
      tangent(ws);
      collect_slopes<S>(ws, begin, j, l);
    }
  });
}

template <class S>
void curvature_product(Workspace<S>& ws,
                       const Batch<S>& batch,
                       const Vector<S>& theta,
                       const ConstRef<S>& v,
                       MutRef<S> hv,
                       Curvature curvature,
                       Matrix<S>* slopes) {
  require_size(ws.program(), "theta", theta.size());
  require_products(ws.program(), v, hv);
  require_tiling(ws.program(), batch.columns, ws.capacity());
  if (v.outerStride() != v.rows() || hv.outerStride() != hv.rows()) {  // sweeps want P apart
    const Matrix<S> packed = v;
    Matrix<S> product(hv.rows(), hv.cols());
    curvature_product<S>(ws, batch, theta, packed, product, curvature, slopes);
    hv = product;
    return;
  }
  if (batch.columns == 0) hv.setZero();
  if (slopes) slopes->resize(batch.columns, v.cols());
  ws.bind_parameters(theta.data());
  ws.bind_gradient(nullptr);
  for_each_tile(ws, batch, [&](Index begin, Index) {
    prepare(ws);
    seed(ws);
    reverse_for(ws, curvature);
    for (Index j = 0; j < v.cols(); j += ws.max_directions()) {
      const Index k = std::min(ws.max_directions(), v.cols() - j);
      ws.bind_directions(v.col(j).data(), k);
      ws.bind_products(hv.col(j).data(), begin > 0);
      tangent(ws);
      if (slopes) collect_slopes<S>(ws, begin, j, *slopes);
      reverse_tangent(ws, curvature);
      ws.finish_products();
    }
  });
  ws.bind_products(nullptr);
}

template <class S>
CurvatureProduct<S>::CurvatureProduct(const Program<S>& program,
                                      const Batch<S>& batch,
                                      const Vector<S>& theta,
                                      Curvature curvature,
                                      Index tile,
                                      Index directions)
    : curvature_(curvature),
      batch_(batch),
      tile_(std::min(tile, batch.columns)),
      gradient_(program.parameter_count()),
      v_(program.parameter_count(), directions),
      hv_(program.parameter_count(), directions) {
  require_tiling(program, batch.columns, tile_);
  for (Index begin = 0; begin < batch.columns; begin += tile_)
    tiles_.emplace_back(program, std::min(tile_, batch.columns - begin), directions);
  move_to(theta);
}

template <class S>
void CurvatureProduct<S>::move_to(const Vector<S>& theta) {
  if (theta.size() != gradient_.size())
    throw std::invalid_argument(fmt::format(
        "[derivatives] theta, expected {} rows, got {}", gradient_.size(), theta.size()));
  theta_ = theta;
  value_ = S(0);
  if (tiles_.empty()) gradient_.setZero();
  for (std::size_t i = 0; i < tiles_.size(); ++i) {
    Workspace<S>& ws = tiles_[i];
    ws.bind_batch(batch_, static_cast<Index>(i) * tile_, ws.capacity());
    ws.bind_parameters(theta_.data());
    ws.bind_gradient(gradient_.data(), i > 0);
    forward(ws);
    value_ += objective_value(ws);
    seed(ws);
    reverse(ws);
    ws.finish_gradient();
    ws.bind_gradient(nullptr);
  }
}

template <class S>
void CurvatureProduct<S>::apply(const ConstRef<S>& v, MutRef<S> hv) {
  if (tiles_.empty()) {
    hv.setZero();
    return;
  }
  require_products(tiles_.front().program(), v, hv);
  for (Index j = 0; j < v.cols(); j += v_.cols()) {
    const Index k = std::min(v_.cols(), v.cols() - j);
    // Sweeps want columns P apart. Where they are, nothing is copied: for wide nets that would cost
    // a tenth of a product.
    const bool reads = k == 1 || v.outerStride() == v.rows();
    const bool writes = k == 1 || hv.outerStride() == hv.rows();
    if (!reads) v_.leftCols(k) = v.middleCols(j, k);
    for (std::size_t i = 0; i < tiles_.size(); ++i) {
      Workspace<S>& ws = tiles_[i];
      ws.bind_directions(reads ? v.col(j).data() : v_.data(), k);
      ws.bind_products(writes ? hv.col(j).data() : hv_.data(), i > 0);
      tangent(ws);
      reverse_tangent(ws, curvature_);
      ws.finish_products();
    }
    if (!writes) hv.middleCols(j, k) = hv_.leftCols(k);
  }
}

Vector<double> third_derivative(Workspace<std::complex<double>>& ws,
                                const Batch<std::complex<double>>& batch,
                                const Vector<double>& theta,
                                const Vector<double>& u,
                                const Vector<double>& v) {
  using Complex = std::complex<double>;
  constexpr double h = 1e-30;  // its square underflows against 1: no truncation, no cancellation
  const Vector<Complex> at = theta.cast<Complex>() + Complex(0, h) * u.cast<Complex>();
  const Matrix<Complex> direction = v.cast<Complex>();
  Matrix<Complex> product(theta.size(), 1);
  curvature_product<Complex>(ws, batch, at, direction, product, Curvature::full);
  return product.col(0).imag() / h;
}

#define LEAVEOUT_INSTANTIATE(S)                                                           \
  template void require_tiling(const Program<S>&, Index, Index);                          \
  template S loss(Workspace<S>&, const Batch<S>&, const Vector<S>&);                      \
  template void outputs(Workspace<S>&, const Batch<S>&, const Vector<S>&, MutRef<S>);     \
  template void losses(Workspace<S>&, const Batch<S>&, const Vector<S>&, MutRef<S>);      \
  template S gradient(Workspace<S>&, const Batch<S>&, const Vector<S>&, MutVectorRef<S>); \
  template void loss_slopes(                                                              \
      Workspace<S>&, const Batch<S>&, const Vector<S>&, const ConstRef<S>&, MutRef<S>);   \
  template void curvature_product(Workspace<S>&,                                          \
                                  const Batch<S>&,                                        \
                                  const Vector<S>&,                                       \
                                  const ConstRef<S>&,                                     \
                                  MutRef<S>,                                              \
                                  Curvature,                                              \
                                  Matrix<S>*);                                            \
  template class CurvatureProduct<S>;
LEAVEOUT_INSTANTIATE(float)
LEAVEOUT_INSTANTIATE(double)
LEAVEOUT_INSTANTIATE(std::complex<double>)
#undef LEAVEOUT_INSTANTIATE

}  // namespace leaveout
