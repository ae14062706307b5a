// SPDX-License-Identifier: MIT
#pragma once
// Columns of a dense curvature, one unit direction of theta for each (see dense_curvature.h).
//
// A direction in a parameter moves nothing before the first operation that reads it: the tangent
// sweep starts there. The rows of parameters that are read before it are the columns of those
// parameters, mirrored, so the reverse sweep may end there too.
//
//   Matrix<double> h = Matrix<double>::Zero(P, P);
//   parameter_curvature(program, program.parameters(), Columns::whole, batch, theta, c, 128, 2, h);

#include "autodiff/derivatives.h"

namespace leaveout {

/// whole: every row of a column is computed, so that the symmetry comes free of any symmetrising.
/// mirrored: an entry is computed once where it can be, and copied to its mirror place.
enum class Columns { whole, mirrored };

/// Fills the columns of `slots` in h (P x P), which must be zero; mirrored: and their rows.
/// The tile size decides the last bits, `threads` does not.
void parameter_curvature(const Program<double>& program,
                         const std::vector<SlotId>& slots,
                         Columns columns,
                         const Batch<double>& batch,
                         const Vector<double>& theta,
                         Curvature curvature,
                         Index tile,
                         int threads,
                         Matrix<double>& h);

/// Directions that go through one sweep: few where the tile is wide enough (docs in the .cpp).
Index directions_at_once(Index tile);

}  // namespace leaveout
