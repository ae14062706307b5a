// SPDX-License-Identifier: MIT
#pragma once
// Dense curvature by seeding the second-order sweeps at pre-activations (see dense_curvature.h).
//
//   Matrix<double> H = unit_curvature(program, batch, theta, Curvature::full, 128, 2);

#include "autodiff/derivatives.h"

namespace leaveout {

/// Exactly symmetric (P x P). Needs program.dense_layers(); throws where there are none.
/// The tile size decides the last bits, `threads` does not.
Matrix<double> unit_curvature(const Program<double>& program,
                              const Batch<double>& batch,
                              const Vector<double>& theta,
                              Curvature curvature,
                              Index tile,
                              int threads);

}  // namespace leaveout
