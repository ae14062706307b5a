// SPDX-License-Identifier: MIT
#pragma once
// First derivatives and curvature products of a Program: small functions over the sweeps.
//
// Data are taken in tiles of the workspace's capacity, and tiles are added in order: the result
// depends on the tile size in the last bits, never on threads. An objective that is not a sum over
// examples (a penalty in it would count once a tile) needs a workspace for the whole batch.
//
//   Workspace<double> ws(program, 128, 1);
//   Vector<double> g(P), hv(P);
//   double value = gradient(ws, batch, theta, g);
//   curvature_product(ws, batch, theta, v, hv, Curvature::full);       // H v

#include <type_traits>

#include "autodiff/workspace.h"

namespace leaveout {

// The scalar is deduced from the workspace alone, so that vectors and blocks convert.
template <class S>
using ConstRef = Eigen::Ref<const Matrix<std::type_identity_t<S>>>;
template <class S>
using MutRef = Eigen::Ref<Matrix<std::type_identity_t<S>>>;
template <class S>
using MutVectorRef = Eigen::Ref<Vector<std::type_identity_t<S>>>;

/// Throws unless batches of `columns` may be taken in tiles of `tile` (see sums_over_examples).
template <class S>
void require_tiling(const Program<S>& program, Index columns, Index tile);

/// The objective, sum_n w_n loss_n (+ what else the Program adds). theta (P).
template <class S>
S loss(Workspace<S>& ws, const Batch<S>& batch, const Vector<S>& theta);

/// Network outputs Y (O x N).
template <class S>
void outputs(Workspace<S>& ws, const Batch<S>& batch, const Vector<S>& theta, MutRef<S> y);

/// Unweighted losses (1 x N): also the derivative of the objective in the example weights.
template <class S>
void losses(Workspace<S>& ws, const Batch<S>& batch, const Vector<S>& theta, MutRef<S> l);

/// Gradient (P) of the objective, overwritten; returns the objective.
template <class S>
S gradient(Workspace<S>& ws, const Batch<S>& batch, const Vector<S>& theta, MutVectorRef<S> g);

/// Directional derivatives of each example's unweighted loss, L (N x k): g_n' v for each column v
/// of V (P x k). Forward sweeps only: no gradient is formed.
template <class S>
void loss_slopes(Workspace<S>& ws,
                 const Batch<S>& batch,
                 const Vector<S>& theta,
                 const ConstRef<S>& v,
                 MutRef<S> l);

/// HV (P x k) = C V with C the Hessian or the Gauss-Newton matrix, for V (P x k), k up to the
/// workspace's directions per sweep (more are taken in blocks). `slopes`, if asked for, becomes
/// what loss_slopes() says of the same V, (N x k): a by-product of the tangents.
template <class S>
void curvature_product(Workspace<S>& ws,
                       const Batch<S>& batch,
                       const Vector<S>& theta,
                       const ConstRef<S>& v,
                       MutRef<S> hv,
                       Curvature curvature,
                       Matrix<S>* slopes = nullptr);

/// Curvature products at one theta: values and adjoints are computed once and kept, so that each
/// product costs the two second-order sweeps only. For solvers, which ask for many.
template <class S>
class CurvatureProduct {
 public:
  /// Memory: one workspace per tile. `batch` and `program` must outlive the object.
  CurvatureProduct(const Program<S>& program,
                   const Batch<S>& batch,
                   const Vector<S>& theta,
                   Curvature curvature,
                   Index tile = 128,
                   Index directions = 1);
  /// Moves to another theta.
  void move_to(const Vector<S>& theta);
  /// hv (P x k) = C v, blocks of `directions` columns. v and hv must not overlap.
  void apply(const ConstRef<S>& v, MutRef<S> hv);
  /// The objective and its gradient at theta: by-products.
  S value() const { return value_; }
  const Vector<S>& gradient() const { return gradient_; }
  Index size() const { return theta_.size(); }

 private:
  Curvature curvature_;
  Batch<S> batch_;
  Index tile_;
  std::vector<Workspace<S>> tiles_;
  Vector<S> theta_, gradient_;
  Matrix<S> v_, hv_;
  S value_{};
};

/// Third derivative of the objective along u and v: (P), entry i = sum_jk D3_ijk u_j v_k, by
/// complex step on the exact Hessian product: Im(H(theta + i h u) v) / h with h = 1e-30, exact to
/// rounding. `ws` is a workspace of the complex recording of the same Program.
Vector<double> third_derivative(Workspace<std::complex<double>>& ws,
                                const Batch<std::complex<double>>& batch,
                                const Vector<double>& theta,
                                const Vector<double>& u,
                                const Vector<double>& v);

}  // namespace leaveout
