// SPDX-License-Identifier: MIT
#pragma once
// Per-example gradients, without forming them where a contraction is wanted.
//
// For an affine layer z = W x + b the gradient of example n is delta_n [x_n' 1], a product of two
// short columns. Keeping the columns (the factors) gives, layer by layer,
//
//   norms   |g_n|^2   = sum |delta_n|^2 (|x_n|^2 + 1)
//   Gram    g_m' g_n  = sum (Delta' Delta) * (X' X + 1)          (* entry by entry)
//   product g_n' v    = sum over the layer of Delta * ([W b]_v [X; 1])
//
// A layer that acts on L positions (a convolution) has the sum over positions of such products,
// Delta_n [X_n' 1] with L columns in each factor. It has few parameters and many positions: its
// norms and Gram matrix are taken from that small matrix, formed for a few examples at a time.
//
// A column b that is spread over the examples (a gain or a shift of a layer norm, the bias of a
// transposed convolution) is the case without W: its gradient is delta_n, summed over positions.
//
// Programs with other parameters are differentiated one example at a time and kept as columns.
//
//   PerExample<double> g = per_example_gradients(ws, batch, theta);
//   Matrix<double> K = gram(g, g);         // (N x N)
//
// Gradients are of the unweighted losses; Jacobians are of single outputs.

#include "autodiff/derivatives.h"

namespace leaveout {

template <class S>
struct PerExample {
  struct Layer {
    AffineLayer place;
    Matrix<S> delta;  // (out L x N), adjoint of z
    Matrix<S> x;      // (in L x N)
  };
  std::vector<Layer> layers;  // factored form, or
  Matrix<S> columns;          // (P x N), one gradient a column
  Index parameter_count = 0;
  Index count = 0;  // N
};

/// Gradients of each example's loss at theta.
template <class S>
PerExample<S> per_example_gradients(Workspace<S>& ws,
                                    const Batch<S>& batch,
                                    const Vector<S>& theta);
/// Derivatives of output `o` of each example.
template <class S>
PerExample<S> output_gradients(Workspace<S>& ws,
                               const Batch<S>& batch,
                               const Vector<S>& theta,
                               Index o);

/// All gradients as columns: into `all` (P x N), which is overwritten, or into a matrix of their
/// own. They are many numbers, and fresh memory costs more than they do: who asks often keeps
/// `all`.
template <class S>
void materialise(const PerExample<S>& g, MutRef<S> all);
template <class S>
Matrix<S> materialise(const PerExample<S>& g);
/// g_n' v for each column v of V (P x k): (N x k).
template <class S>
Matrix<S> inner_products(const PerExample<S>& g, const ConstRef<S>& v);
/// a_m' b_n: (M x N). Of gradients with themselves (the same object twice) one triangle is computed
/// and mirrored, for half the price and exactly symmetric.
template <class S>
Matrix<S> gram(const PerExample<S>& a, const PerExample<S>& b);
/// |g_n|^2: (N).
template <class S>
Vector<S> squared_norms(const PerExample<S>& g);

/// Jacobian of the outputs, (P x O N): column n O + o is the gradient of output o of example n.
template <class S>
Matrix<S> jacobian(Workspace<S>& ws, const Batch<S>& batch, const Vector<S>& theta);

}  // namespace leaveout
