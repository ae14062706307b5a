// SPDX-License-Identifier: MIT
#pragma once
// The dense Hessian or Gauss-Newton matrix (P x P), three ways.
//
// by_parameters  unit directions through the second-order sweeps, P of them. Works for every
//                Program; its symmetry comes free of any symmetrising: the others' oracle.
// by_units       a direction in [W b] acts on an example as a direction in z = W x + b scaled by an
//                input. So the sweeps are seeded at the U pre-activations, U << P. With
//                M_ac(n) = d2 loss_n / dz_a dz_c and x_b(n) the inputs of a's layer (bias: 1),
//                  H[(a,b),(c,d)] = sum_n x_b(n) [ M_ac(n) x_d(n) + delta_c(n) dx_d(n)/dz_a ],
//                the last term only where c's layer lies above a's (and not for Gauss-Newton).
//                Cost: U sweeps and half a matrix product of P x N x P, whatever the number of
//                outputs. Parameters of other layers (convolutions, layer normalisation) take a
//                sweep each, which ends where they are read: the rest is their columns, mirrored.
// by_jacobian    Gauss-Newton = sum_n w_n J_n' (Hessian of the loss in the outputs) J_n with J from
//                per-example sweeps, one symmetric product per pair of outputs.
//
// `automatic` takes the one with the fewest predicted multiplications. Memory is predicted and,
// where it is not there, refused with the numbers.
//
//   Matrix<double> H = dense_curvature(program, batch, theta, Curvature::full);

#include "autodiff/derivatives.h"

namespace leaveout {

enum class DenseMethod { automatic, by_parameters, by_units, by_jacobian };

struct DenseOptions {
  DenseMethod method = DenseMethod::automatic;
  Index tile = 0;   // examples per tile; 0: chosen from the shapes (never from the threads)
  int threads = 1;  // any number gives the same bits
  std::size_t max_bytes = 0;  // 0: what the machine could give now
};

/// Curvature of the objective at theta, exactly symmetric except by_parameters (symmetric to
/// rounding).
Matrix<double> dense_curvature(const Program<double>& program,
                               const Batch<double>& batch,
                               const Vector<double>& theta,
                               Curvature curvature,
                               const DenseOptions& options = {});

/// What `automatic` stands for.
DenseMethod cheapest_method(const Program<double>& program, Curvature curvature);

/// Bytes that dense_curvature takes, result included.
std::size_t dense_curvature_bytes(const Program<double>& program,
                                  Index columns,
                                  Curvature curvature = Curvature::full,
                                  const DenseOptions& options = {});

}  // namespace leaveout
