// SPDX-License-Identifier: MIT
#include "autodiff/per_example.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <type_traits>

#include "autodiff/memory.h"
#include "autodiff/sweeps.h"

namespace leaveout {

namespace {

/// Factors of all examples, tile by tile.
template <class S>
void fill_factors(
    Workspace<S>& ws, const Batch<S>& batch, SlotId from, Index row, PerExample<S>& g) {
  ws.bind_gradient(nullptr);
  for (const auto* layers : {&ws.program().affine_layers(), &ws.program().spread_columns()})
    for (const AffineLayer& layer : *layers)
      g.layers.push_back({layer,
                          Matrix<S>(layer.out * layer.positions, batch.columns),
                          Matrix<S>(layer.in * layer.positions, batch.columns)});
  for (Index begin = 0; begin < batch.columns; begin += ws.capacity()) {
    const Index count = std::min(ws.capacity(), batch.columns - begin);
    ws.bind_batch(batch, begin, count);
    prepare(ws);
    reverse_from(ws, from, row);
    for (auto& layer : g.layers) {
      if (layer.place.in > 0) layer.x.middleCols(begin, count) = ws.x(layer.place.input);
      if (ws.bar_active(layer.place.output))
        layer.delta.middleCols(begin, count) = ws.x_bar(layer.place.output);
      else
        layer.delta.middleCols(begin, count).setZero();
    }
  }
}

/// One example at a time: what every Program can do, and the oracle for the factored form.
template <class S>
void fill_columns(
    Workspace<S>& ws, const Batch<S>& batch, SlotId from, Index row, PerExample<S>& g) {
  g.columns.resize(g.parameter_count, batch.columns);
  for (Index n = 0; n < batch.columns; ++n) {
    ws.bind_batch(batch, n, 1);
    ws.bind_gradient(g.columns.col(n).data());
    prepare(ws);
    reverse_from(ws, from, row);
    ws.finish_gradient();
  }
  ws.bind_gradient(nullptr);
}

template <class S>
PerExample<S> differentiate(
    Workspace<S>& ws, const Batch<S>& batch, const Vector<S>& theta, SlotId from, Index row) {
  if (theta.size() != ws.program().parameter_count())
    throw std::invalid_argument(fmt::format("[per_example] theta, expected {} numbers, got {}",
                                            ws.program().parameter_count(),
                                            theta.size()));
  PerExample<S> g;
  g.parameter_count = theta.size();
  g.count = batch.columns;
  ws.bind_parameters(theta.data());
  if (ws.program().factored())
    fill_factors(ws, batch, from, row, g);
  else
    fill_columns(ws, batch, from, row, g);
  return g;
}

/// [W b] of one example's gradient: Delta_n [X_n' 1] over the positions. (size) numbers at `to`.
template <class S>
void form(const typename PerExample<S>::Layer& layer, Index n, S* to) {
  const AffineLayer& place = layer.place;
  MatrixMap<S> w(to, place.out, place.in);
  Eigen::Map<Vector<S>> b(to + w.size(), place.has_bias ? place.out : 0);
  if (place.positions == 1) {  // an outer product, and known to be one
    w.noalias() = layer.delta.col(n) * layer.x.col(n).transpose();
    if (place.has_bias) b = layer.delta.col(n);
  } else {
    const ConstMatrixMap<S> delta(layer.delta.col(n).data(), place.out, place.positions);
    const ConstMatrixMap<S> x(layer.x.col(n).data(), place.in, place.positions);
    w.noalias() = delta * x.transpose();
    if (place.has_bias) b = delta.rowwise().sum();
  }
}

/// The same for examples [begin, begin + count), as columns.
template <class S>
Matrix<S> formed(const typename PerExample<S>::Layer& layer, Index begin, Index count) {
  Matrix<S> columns(layer.place.size(), count);
  for (Index i = 0; i < count; ++i) form<S>(layer, begin + i, columns.col(i).data());
  return columns;
}

/// As many examples as are formed at a time: about a megabyte of them.
Index slab(const AffineLayer& place) {
  return std::max<Index>(1, (Index(1) << 17) / place.size());
}

/// a' b. Of a matrix with itself the lower triangle; nothing is said of the rest.
template <class S>
Matrix<S> products(const Matrix<S>& a, const Matrix<S>& b) {
  if constexpr (std::is_floating_point_v<S>)  // of complex numbers it would conjugate
    if (&a == &b) {
      Matrix<S> result = Matrix<S>::Zero(a.cols(), a.cols());
      result.template selfadjointView<Eigen::Lower>().rankUpdate(a.transpose());
      return result;
    }
  return a.transpose() * b;
}

/// Adds a layer's part of a_m' b_n, from columns formed a slab at a time; of a layer with itself
/// the lower triangle.
template <class S>
void add_formed_gram(const typename PerExample<S>::Layer& a,
                     const typename PerExample<S>::Layer& b,
                     Matrix<S>& result) {
  const Index step = slab(a.place);
  for (Index m = 0; m < result.rows(); m += step) {
    const Matrix<S> left = formed<S>(a, m, std::min(step, result.rows() - m));
    const Index end = &a == &b ? m : result.cols();
    for (Index n = 0; n < end; n += step) {
      const Matrix<S> right = formed<S>(b, n, std::min(step, end - n));
      result.block(m, n, left.cols(), right.cols()).noalias() += left.transpose() * right;
    }
    if (&a == &b) result.block(m, m, left.cols(), left.cols()) += products<S>(left, left);
  }
}

}  // namespace

template <class S>
PerExample<S> per_example_gradients(Workspace<S>& ws,
                                    const Batch<S>& batch,
                                    const Vector<S>& theta) {
  return differentiate(ws, batch, theta, ws.program().roles().losses, 0);
}

template <class S>
PerExample<S> output_gradients(Workspace<S>& ws,
                               const Batch<S>& batch,
                               const Vector<S>& theta,
                               Index o) {
  return differentiate(ws, batch, theta, ws.program().roles().outputs, o);
}

template <class S>
void materialise(const PerExample<S>& g, MutRef<S> all) {
  if (all.rows() != g.parameter_count || all.cols() != g.count)
    throw std::invalid_argument(
        fmt::format("[per_example] gradients, expected {} x {}, got {} x {}",
                    g.parameter_count,
                    g.count,
                    all.rows(),
                    all.cols()));
  if (g.layers.empty()) all = g.columns;
  for (Index n = 0; n < g.count; ++n)
    for (const auto& layer : g.layers) form<S>(layer, n, all.col(n).data() + layer.place.offset);
}

template <class S>
Matrix<S> materialise(const PerExample<S>& g) {
  Matrix<S> all(g.parameter_count, g.count);
  prefer_large_pages(all.data(), static_cast<std::size_t>(all.size()) * sizeof(S));
  materialise<S>(g, all);
  return all;
}

template <class S>
Matrix<S> inner_products(const PerExample<S>& g, const ConstRef<S>& v) {
  if (g.layers.empty()) return g.columns.transpose() * v;
  Matrix<S> result = Matrix<S>::Zero(g.count, v.cols());
  for (Index k = 0; k < v.cols(); ++k)
    for (const auto& layer : g.layers) {
      const AffineLayer& place = layer.place;
      const ConstMatrixMap<S> w(v.col(k).data() + place.offset, place.out, place.columns());
      const ConstMatrixMap<S> x(layer.x.data(), place.in, place.positions * g.count);
      Matrix<S> wx = w.leftCols(place.in) * x;  // (out x L N)
      if (place.has_bias) wx.colwise() += w.col(place.in);
      wx.resize(place.out * place.positions, g.count);
      result.col(k) += layer.delta.cwiseProduct(wx).colwise().sum().transpose();
    }
  return result;
}

template <class S>
Matrix<S> gram(const PerExample<S>& a, const PerExample<S>& b) {
  Matrix<S> result = Matrix<S>::Zero(a.count, b.count);
  if (a.layers.empty() && b.layers.empty())
    result = products(a.columns, b.columns);
  else if (a.layers.empty() || b.layers.empty())
    return materialise(a).transpose() * materialise(b);
  for (std::size_t l = 0; l < a.layers.size(); ++l) {
    const auto& la = a.layers[l];
    const auto& lb = b.layers[l];
    if (la.place.positions > 1) {
      add_formed_gram<S>(la, lb, result);
      continue;
    }
    const Matrix<S> dd = products(la.delta, lb.delta);
    Matrix<S> xx = products(la.x, lb.x);
    if (la.place.has_bias) xx.array() += S(1);
    result += dd.cwiseProduct(xx);
  }
  if (&a == &b) result.template triangularView<Eigen::StrictlyUpper>() = result.transpose();
  return result;
}

template <class S>
Vector<S> squared_norms(const PerExample<S>& g) {
  const auto squares = [](const Matrix<S>& m) {
    return Vector<S>(m.cwiseProduct(m).colwise().sum().transpose());
  };
  if (g.layers.empty()) return squares(g.columns);
  Vector<S> result = Vector<S>::Zero(g.count);
  for (const auto& layer : g.layers) {
    if (layer.place.positions > 1) {
      const Index step = slab(layer.place);
      for (Index n = 0; n < g.count; n += step) {
        const Index count = std::min(step, g.count - n);
        result.segment(n, count) += squares(formed<S>(layer, n, count));
      }
      continue;
    }
    Vector<S> xx = squares(layer.x);
    if (layer.place.has_bias) xx.array() += S(1);
    result += squares(layer.delta).cwiseProduct(xx);
  }
  return result;
}

template <class S>
Matrix<S> jacobian(Workspace<S>& ws, const Batch<S>& batch, const Vector<S>& theta) {
  const Index outs = ws.program().output_count();
  Matrix<S> all(theta.size(), outs * batch.columns);
  using EveryFew = Eigen::Map<Matrix<S>, 0, Eigen::OuterStride<>>;
  for (Index o = 0; o < outs; ++o)
    materialise<S>(
        output_gradients(ws, batch, theta, o),
        EveryFew(all.data() + o * all.rows(), all.rows(), batch.columns, outs * all.rows()));
  return all;
}

#define LEAVEOUT_INSTANTIATE(S)                                                                   \
  template PerExample<S> per_example_gradients(Workspace<S>&, const Batch<S>&, const Vector<S>&); \
  template PerExample<S> output_gradients(                                                        \
      Workspace<S>&, const Batch<S>&, const Vector<S>&, Index);                                   \
  template void materialise(const PerExample<S>&, MutRef<S>);                                     \
  template Matrix<S> materialise(const PerExample<S>&);                                           \
  template Matrix<S> inner_products(const PerExample<S>&, const ConstRef<S>&);                    \
  template Matrix<S> gram(const PerExample<S>&, const PerExample<S>&);                            \
  template Vector<S> squared_norms(const PerExample<S>&);                                         \
  template Matrix<S> jacobian(Workspace<S>&, const Batch<S>&, const Vector<S>&);
LEAVEOUT_INSTANTIATE(double)
LEAVEOUT_INSTANTIATE(std::complex<double>)
#undef LEAVEOUT_INSTANTIATE

}  // namespace leaveout
