// SPDX-License-Identifier: MIT
#pragma once
// Dense curvature by seeding the second-order sweeps at pre-activations (see dense_curvature.h).
//
//   Matrix<double> h = Matrix<double>::Zero(P, P);
//   unit_curvature(program, unit_layers(program), batch, theta, Curvature::full, 128, 2, h);
//
// Units are swept a tile at a time; the contraction takes several tiles at once (unit_factors.h).

#include "autodiff/derivatives.h"

namespace leaveout {

/// The layers that units can be seeded in: affine ones that act once on each example. (One that
/// acts on several positions would take a sweep for each unit at each of them.)
std::vector<AffineLayer> unit_layers(const Program<double>& program);

/// Fills the entries of h (P x P) between parameters of `layers`, exactly symmetric, and leaves the
/// others alone. Those it fills must be zero. Throws where there are no layers.
/// The tile size decides the last bits, `threads` does not.
void unit_curvature(const Program<double>& program,
                    const std::vector<AffineLayer>& layers,
                    const Batch<double>& batch,
                    const Vector<double>& theta,
                    Curvature curvature,
                    Index tile,
                    int threads,
                    Matrix<double>& h);

/// Bytes that it takes for a batch of so many columns, beside h and a workspace for each thread.
std::size_t unit_curvature_bytes(const std::vector<AffineLayer>& layers,
                                 Index columns,
                                 Index tile,
                                 int threads);

}  // namespace leaveout
