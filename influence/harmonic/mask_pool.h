// SPDX-License-Identifier: MIT
#pragma once
// Random training subsets, as matrices of 0 and 1: entry (i, k) says whether subset k holds
// example i.
//
//   B_p          each example is in with probability p, independently
//   fixed size   uniform over the subsets of k examples
//   rho-pairs    (b, b') with both members ~ B_p and E[phi_i(b) phi_i(b')] = rho: keep example i
//                with probability rho, else draw it again. As pair probabilities, v = p (1 - p):
//                P11 = p^2 + rho v, P00 = (1 - p)^2 + rho v, P10 = P01 = v (1 - rho), which has a
//                meaning for negative rho too, down to -min(p/(1-p), (1-p)/p)
//
// Subset k has a random stream of its own: the first m of a larger pool are the pool of m.
//
//   MatrixXd masks = bernoulli_masks(examples, 0.5, 4000, seed);       // (N x m)
//   MaskPairs pairs = correlated_masks(examples, 0.5, -0.3, 500, seed);

#include <Eigen/Core>
#include <cstdint>

namespace leaveout {

/// Subsets ~ B_p, (n x m). All functions here throw std::invalid_argument for counts below one
/// and probabilities outside (0, 1).
Eigen::MatrixXd bernoulli_masks(Eigen::Index n, double p, Eigen::Index m, std::uint64_t seed);

/// Example i is in with probability p_i, (n x m). The same numbers as above where all p_i are p.
Eigen::MatrixXd bernoulli_masks(const Eigen::VectorXd& p, Eigen::Index m, std::uint64_t seed);

/// Subsets of exactly `size` of n examples, (n x m). Throws for a size outside 1, ..., n - 1.
Eigen::MatrixXd fixed_size_masks(Eigen::Index n,
                                 Eigen::Index size,
                                 Eigen::Index m,
                                 std::uint64_t seed);

/// Pair k: columns k of the two members, (n x pairs) each.
struct MaskPairs {
  Eigen::MatrixXd first;
  Eigen::MatrixXd second;
};

/// rho-correlated pairs. rho = 1: the same subset twice. Pools of different `stream` are
/// independent: one for each noise level. Throws where no pair has this rho (check_correlation).
MaskPairs correlated_masks(Eigen::Index n,
                           double p,
                           double rho,
                           Eigen::Index pairs,
                           std::uint64_t seed,
                           std::uint64_t stream = 0);

/// Throws std::invalid_argument unless every entry is 0 or 1, there is an output row for each
/// subset, and outputs are finite. masks (n x m), outputs (m x k).
void check_pool(const Eigen::MatrixXd& masks, const Eigen::MatrixXd& outputs);

}  // namespace leaveout
