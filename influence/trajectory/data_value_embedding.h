// SPDX-License-Identifier: MIT
#pragma once
// Data value embedding (Wang, Song, Zou, Mittal and Jia 2025): the unrolled derivative of SGD in
// which every batch's Hessian is replaced by the second moments of its examples' gradients,
//
//   C_B = (1/b) sum over the batch of N w_i g_i g_i',   g_i of the loss alone.
//
// Then what the rest of the training makes of a change of theta is a matrix that can be carried
// backward, without any query. With K = I after the last step, and for the steps before it
//
//   v_i += rate c_i K g_i  for i in the batch,      K <- K (I - rate (C_B + weight_decay I)),
//
// v_i is i's embedding: the change of theta at the end that removing i makes, and a score is its
// inner product with the query's gradient there. The paper writes K = I - M and has no weight
// decay; that this step's weight decay is in K is our choice, because the training has it.
// Second moments are no Hessian: they agree near the optimum of a well specified likelihood.
//
//   MatrixXd v = data_value_embeddings(path);                         // (P x N)
//   Scores s = data_value_scores(path, queries);                      // (Q x N)

#include "influence/trajectory/trajectory.h"

namespace leaveout {

/// Bytes that it takes: K, the embeddings, and one batch's gradients.
double data_value_bytes(const Trajectory& path);

/// (P x N). For SGD without momentum: throws std::invalid_argument for other rules, and with the
/// numbers where data_value_bytes() is beyond `memory`.
Eigen::MatrixXd data_value_embeddings(const Trajectory& path, double memory = 1e9);

/// (Q x N): inner products with the queries' gradients at the end.
Scores data_value_scores(const Trajectory& path, const QueryLosses& queries, double memory = 1e9);

}  // namespace leaveout
