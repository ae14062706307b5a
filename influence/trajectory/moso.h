// SPDX-License-Identifier: MIT
#pragma once
// MoSo, the moving-one-sample-out score (Tan et al. 2023), for choosing what to keep: by how much
// the empirical risk of the others rises when training leaves z out,
//
//   M(z) = R_{D without z}(theta trained without z) - R_{D without z}(theta trained on D)
//
// from gradients at m checkpoints for T steps each. G is the mean gradient of the data:
//
//   aligned    sum (T/m) rate w_z <G - w_z g_z, g_z>                    the estimator, w_z = 1/N
//   squared    sum (T/m) rate ( (2N-3) |G|^2 - |g_z|^2 + (2N-4) <G - g_z / N, g_z> ) / (N-1)^2
//
// High scores are kept: those examples pull where the others pull. `aligned` has the removal sign
// and normalisation: it is TracIn at the same checkpoints with the others' risk as the query. Of
// `squared`, which the authors' code calls exact, we take the formula as it stands there and the
// same sum over checkpoints; about twice `aligned` plus a number that all examples share.
//
//   Scores keep = moso_scores(path, choose_checkpoints(path.steps(), {Sampling::random, 10}));
//   keep.values(0, i)                                    // (1 x N)

#include "influence/trajectory/checkpoints.h"
#include "influence/trajectory/cost.h"

namespace leaveout {

enum class MosoForm { aligned, squared };

/// (1 x N), the one query being the training set without the example. Throws std::invalid_argument
/// with fewer than two examples. Meant for weights of 1/N; an example of weight zero has none.
Scores moso_scores(const Trajectory& path,
                   const Checkpoints& checkpoints,
                   MosoForm form = MosoForm::aligned,
                   Cost* cost = nullptr);

}  // namespace leaveout
