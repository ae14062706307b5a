// SPDX-License-Identifier: MIT
#pragma once
// TracIn (Pruthi et al. 2020): an example's influence is what the steps that used it did to a
// query's loss F. With c_i = N w_i / b the share of i in a step's batch, g_i its gradient there:
//
//   ideal         sum over the steps that drew i of F(theta_t) - F(theta_{t+1})
//   first order   sum over the same steps of        c_i rate_t <grad F(theta_t), g_i(theta_t)>
//   checkpoints   sum over chosen theta_t of  (T/m) w_i rate_t <grad F(theta_t), g_i(theta_t)>
//   self          F = loss_i:                 (T/m) w_i rate_t |g_i|^2
//   Grad-Dot      the end alone:                    w_i <grad F, g_i>
//   Grad-Cos      the end alone:                    w_i <grad F, g_i> / (|grad F| |g_i|)
//
// The ideal scores of all examples add up to F(theta_0) - F(theta_T). It is defined for batches of
// one; a larger batch's change is split here in proportion to the members' weights, which is our
// choice: members of one batch then differ by nothing but their weights.
//
// Ideal and first order use who was in which batch: who never was has exactly none. The others
// expect everybody in every batch with the share w_i = 1/N. Removal's normalisation: in that of
// per_unit_weight (times N) Grad-Dot and Grad-Cos are the bare products. The rate is the step's;
// of momentum or Adam it is not all that moves theta, and only the ideal form looks at that.
//
//   Scores s = tracin_checkpoints(path, queries, choose_checkpoints(path.steps(), {}));

#include "influence/trajectory/checkpoints.h"
#include "influence/trajectory/cost.h"

namespace leaveout {

/// All (Q x N), positive where the example lowered the query's loss. `cost`, if any, is added to.
Scores tracin_ideal(const Trajectory& path, const QueryLosses& queries, Cost* cost = nullptr);
Scores tracin_first_order(const Trajectory& path, const QueryLosses& queries, Cost* cost = nullptr);
Scores tracin_checkpoints(const Trajectory& path,
                          const QueryLosses& queries,
                          const Checkpoints& checkpoints,
                          Cost* cost = nullptr);

/// (N), never negative: wrong labels are among the highest.
Eigen::VectorXd tracin_self_influence(const Trajectory& path,
                                      const Checkpoints& checkpoints,
                                      Cost* cost = nullptr);

/// At the end of the training. An example or a query without gradient has cosine 0.
Scores grad_dot(const Trajectory& path, const QueryLosses& queries);
Scores grad_cos(const Trajectory& path, const QueryLosses& queries);

}  // namespace leaveout
