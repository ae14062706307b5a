// SPDX-License-Identifier: MIT
#include "autodiff/slope_derivatives.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "autodiff/layer_product.h"
#include "autodiff/sweeps.h"

namespace leaveout {

namespace {

using Map = ConstMatrixMap<double>;

void require_shapes(Index parameters,
                    Index columns,
                    const Vector<double>& theta,
                    const Vector<double>& u,
                    const ConstRef<double>& v,
                    const ConstRef<double>& w,
                    const MutRef<double>& l) {
  const auto require = [](const char* what, Index expected, Index got) {
    if (got != expected)
      throw std::invalid_argument(
          fmt::format("[slope_derivatives] {}, expected {}, got {}", what, expected, got));
  };
  require("theta's size", parameters, theta.size());
  require("u's size", parameters, u.size());
  require("V's rows", parameters, v.rows());
  require("W's rows", parameters, w.rows());
  require("W's columns", v.cols(), w.cols());
  require("L's rows", columns, l.rows());
  require("L's columns", v.cols(), l.cols());
}

/// Values, adjoints of the losses, and the derivatives of both along u. Sums over the examples, the
/// gradient and the Hessian's product with u, only where there is a place for them (P).
void sweep(Workspace<double>& ws,
           const Vector<double>& u,
           double* g = nullptr,
           double* hu = nullptr) {
  ws.bind_gradient(g);
  prepare(ws);
  reverse_from(ws, ws.program().roles().losses);
  ws.bind_directions(u.data(), 1);
  ws.bind_products(hu);
  tangent(ws);
  reverse_tangent(ws, Curvature::full);
}

/// One affine layer of a tile, after its sweeps.
class LayerPart {
 public:
  LayerPart(const Workspace<double>& ws, const AffineLayer& place, double* scratch)
      : ws_(ws), place_(place), z_(scratch, place.out, place.positions * ws.columns()) {}

  /// Adds to l (columns) what the layer has of v' H_n u + w' g_n. v, w (P).
  template <class Column>
  void add(const double* v, const double* w, Column l) {
    if (ws_.bar_dot_active(place_.output)) {
      put(v, place_.in > 0 ? ws_.x(place_.input) : none(), place_.has_bias, true);
      contract(ws_.x_bar_dot(place_.output, 0), l);
    }
    if (ws_.bar_active(place_.output)) {
      put(w, place_.in > 0 ? ws_.x(place_.input) : none(), place_.has_bias, true);
      if (place_.in > 0 && ws_.dot_active(place_.input))
        put(v, ws_.x_dot(place_.input, 0), false, false);
      contract(ws_.x_bar(place_.output), l);
    }
  }

 private:
  Map none() const { return {nullptr, 0, ws_.columns()}; }
  /// z = or += the layer's values of x with these parameters, with or without its bias.
  void put(const double* parameters, const Map& x, bool bias, bool fresh) {
    const double* const own = parameters + place_.offset;
    multiply<double>({own, place_.out, place_.in},
                     false,
                     {x.data(), place_.in, z_.cols()},
                     {z_, fresh},
                     bias ? own + place_.out * place_.in : nullptr);
  }
  /// Adds delta_n' z_n over the layer's positions.
  template <class Column>
  void contract(const Map& delta, Column& l) const {
    const Map z(z_.data(), delta.rows(), delta.cols());
    l += delta.cwiseProduct(z).colwise().sum().transpose();
  }

  const Workspace<double>& ws_;
  const AffineLayer& place_;
  MatrixMap<double> z_;  // (out x positions columns)
};

void factored(Workspace<double>& ws,
              const Batch<double>& batch,
              const Vector<double>& u,
              const ConstRef<double>& v,
              const ConstRef<double>& w,
              MutRef<double>& l) {
  const Program<double>& program = ws.program();
  const auto layers = {&program.affine_layers(), &program.spread_columns()};
  Index widest = 0;
  for (const auto* kind : layers)
    for (const AffineLayer& layer : *kind) widest = std::max(widest, layer.out * layer.positions);
  Vector<double> scratch(widest * std::min(ws.capacity(), batch.columns));
  l.setZero();
  for (Index begin = 0; begin < batch.columns; begin += ws.capacity()) {
    ws.bind_batch(batch, begin, std::min(ws.capacity(), batch.columns - begin));
    sweep(ws, u);
    for (const auto* kind : layers)
      for (const AffineLayer& layer : *kind) {
        LayerPart part(ws, layer, scratch.data());
        for (Index j = 0; j < v.cols(); ++j)
          part.add(v.col(j).data(), w.col(j).data(), l.col(j).segment(begin, ws.columns()));
      }
  }
}

/// What every Program can do, and the oracle for the factored form.
void one_by_one(Workspace<double>& ws,
                const Batch<double>& batch,
                const Vector<double>& u,
                const ConstRef<double>& v,
                const ConstRef<double>& w,
                MutRef<double>& l) {
  Vector<double> g(u.size()), hu(u.size());
  for (Index n = 0; n < batch.columns; ++n) {
    ws.bind_batch(batch, n, 1);
    sweep(ws, u, g.data(), hu.data());
    ws.finish_gradient();
    ws.finish_products();
    l.row(n) = hu.transpose() * v + g.transpose() * w;
  }
}

}  // namespace

void slope_derivatives(Workspace<double>& ws,
                       const Batch<double>& batch,
                       const Vector<double>& theta,
                       const Vector<double>& u,
                       const ConstRef<double>& v,
                       const ConstRef<double>& w,
                       MutRef<double> l) {
  const Program<double>& program = ws.program();
  require_shapes(program.parameter_count(), batch.columns, theta, u, v, w, l);
  ws.bind_parameters(theta.data());
  if (program.factored())
    factored(ws, batch, u, v, w, l);
  else
    one_by_one(ws, batch, u, v, w, l);
  ws.bind_gradient(nullptr);
  ws.bind_products(nullptr);
}

}  // namespace leaveout
