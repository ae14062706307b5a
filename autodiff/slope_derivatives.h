// SPDX-License-Identifier: MIT
#pragma once
// How the examples' slopes change along a direction: of each loss, with gradient g_n and Hessian
// H_n at theta,
//
//   d/ds (v + s w)' g_n(theta + s u)  =  v' H_n u + w' g_n          at s = 0
//
// Neither g_n nor H_n u is formed. Of an affine layer z = W x + b the gradient is delta_n [x_n' 1],
// and the sweeps of a product H u leave the derivatives of both factors along u in the workspace.
// With V, W for the layer's part of v and w,
//
//   v' H_n u = sum over the layers of  delta_dot_n' V [x_n; 1] + delta_n' V [x_dot_n; 0]
//   w' g_n   = sum over the layers of  delta_n' W [x_n; 1]
//
// where a convolution sums over its positions, and a spread column (per_example.h) has no x. So k
// pairs (v, w) take 6 + 3 k products of a layer's size where a gradient takes 3; of the first
// layer, whose x is data and stays, 2 + 2 k where a gradient takes 2.
//
// Other programs are differentiated one example at a time.
//
//   Workspace<double> ws(program, 128, 1);
//   Matrix<double> l(N, k);
//   slope_derivatives(ws, batch, theta, u, v, w, l);

#include "autodiff/derivatives.h"

namespace leaveout {

/// L (N x k), for each column v of V and w of W (P x k). Of the unweighted losses. The workspace
/// needs one direction; but for a layer's worth of columns, nothing is allocated.
void slope_derivatives(Workspace<double>& ws,
                       const Batch<double>& batch,
                       const Vector<double>& theta,
                       const Vector<double>& u,
                       const ConstRef<double>& v,
                       const ConstRef<double>& w,
                       MutRef<double> l);

}  // namespace leaveout
