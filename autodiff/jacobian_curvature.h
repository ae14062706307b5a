// SPDX-License-Identifier: MIT
#pragma once
// The dense Gauss-Newton matrix from Jacobians of the outputs (see dense_curvature.h):
//
//   G = sum_n J_n' V_n J_n,     V_n = w_n (Hessian of the loss in the outputs),  (O x O)
//
//   Matrix<double> h = Matrix<double>::Zero(P, P);
//   jacobian_curvature(program, batch, theta, 128, 2, h);

#include "autodiff/derivatives.h"

namespace leaveout {

/// True if Gauss-Newton is J' V J with J the Jacobian of `outputs`: no way from a parameter to the
/// objective goes around them, no loss stands before them, and examples meet only in sums.
bool only_through_outputs(const Program<double>& program);

/// Fills h (P x P), which must be zero, exactly symmetric. Throws unless only_through_outputs().
/// Sums are taken in the order of the batch: `threads` does not decide the bits.
void jacobian_curvature(const Program<double>& program,
                        const Batch<double>& batch,
                        const Vector<double>& theta,
                        Index tile,
                        int threads,
                        Matrix<double>& h);

/// Bytes that it takes beside h and a workspace.
std::size_t jacobian_curvature_bytes(const Program<double>& program, Index columns);

}  // namespace leaveout
