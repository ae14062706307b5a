// SPDX-License-Identifier: MIT
#pragma once
// HyDRA (Chen, Li, Yu, Wu and Miao 2021): the hypergradient of the training in an example's weight,
// carried forward through descent with momentum and weight decay. Per step, with h = d theta / d
// (N times i's weight),
//
//   q = weight_decay h + (N/b) 1[i in batch] g_i  (+ H_B h in the Hessian form)
//   m <- momentum m + q,      h <- h - rate m,      contribution_i = -(1/N) grad F' h_i
//
// A contribution is positive where removing i raises F: removal normalisation, as everywhere. So
// u = -h / N is the tangent of removal_tangents(), and both forms are settings of the unrolled
// derivative, which also gives all examples at once by its walk backward:
//
//   hessian   the exact derivative (batch Hessians of the losses and weight decay)
//   fast      weight decay's part of the curvature alone; without weight decay, first order
//
// The other optimisers, which the paper does not have, come with the unrolled derivative.
//
//   Scores fast = hydra_scores(path, queries, Hydra::fast);           // (Q x N)
//   MatrixXd u = removal_tangents(path, {{3}}, hydra_options(Hydra::fast));

#include "influence/trajectory/unrolled.h"

namespace leaveout {

enum class Hydra { fast, hessian };

/// The setting of removal_tangents() and unrolled_values() that is HyDRA.
UnrollOptions hydra_options(Hydra form);

/// (Q x N), with the queries' gradients at the end.
Scores hydra_scores(const Trajectory& path, const QueryLosses& queries, Hydra form);

}  // namespace leaveout
