// SPDX-License-Identifier: MIT
#pragma once
// Per-example gradients by hand: contractions of the factors that a gradient leaves behind.
//
//   all      g_n = [delta_n x_n' | delta_n] for each layer, as columns (P x N)
//   Gram     g_m' g_n = sum over layers of (Delta' Delta) * (X' X + 1)
//   norms    |g_n|^2  = sum over layers of |delta_n|^2 (|x_n|^2 + 1)
//
//   hand.gradient(theta, data, g);                      // all weights 1, one tile
//   hand_gram(hand.factors(data), gram);

#include "autodiff/bench/hand.h"

namespace leaveout {

/// `all` (P x N) is overwritten; it keeps its memory when it has the size already.
void hand_materialise(const std::vector<HandMlp::Factors>& factors,
                      Eigen::Index parameter_count,
                      Eigen::MatrixXd& all);
/// gram (N x N).
void hand_gram(const std::vector<HandMlp::Factors>& factors, Eigen::MatrixXd& gram);
/// Squared norms (N).
void hand_norms(const std::vector<HandMlp::Factors>& factors, Eigen::VectorXd& norms);

}  // namespace leaveout
