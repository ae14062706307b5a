// SPDX-License-Identifier: MIT
#pragma once
// How much of the variance of an output is linear, or of second degree, in who is included, from a
// plain pool of subsets ~ B_p and without fitting a datamodel.
//
//   B_d = sum over |S| = d of fhat_S^2,      fhat_S = E[f phi_S],   phi_i = (b_i - p) /
//   sqrt(p(1-p))
//
// is a mean over pairs of different subsets k != l (a U-statistic; for d = 1 as of Kong and
// Valiant 2018),
//
//   B_d  ~  mean of yc_k yc_l e_d(phi_1k phi_1l, ..., phi_Nk phi_Nl),
//
// e_1(x) = sum x_i, e_2(x) = ((sum x_i)^2 - sum x_i^2) / 2. Each pair's outputs are centred at the
// mean of the other m - 2, so the mean is exactly unbiased; the noise of the trainings is
// independent between k and l and drops out. Standard errors: block jackknife.
//
//   DegreeOne one = degree_one_weights(masks, outputs, p)[target];
//   one.residual.value;                      // share of the variance beyond any linear datamodel

#include <Eigen/Core>
#include <vector>

#include "influence/harmonic/measured.h"

namespace leaveout {

/// Of one target.
struct DegreeOne {
  Measured weight;    ///< B_1
  Measured variance;  ///< Var f (with repeats) or Var f + noise (without).
  Measured residual;  ///< 1 - B_1 / variance
};

/// B_1 of each target in O(m N): masks (N x m) ~ B_p, outputs (m x K), repeats (m x K) the same
/// subsets trained with other seeds, or empty. With repeats the variance is the covariance of the
/// two, free of training noise, and B_1 is of their mean. All functions throw
/// std::invalid_argument for shapes, m < 5, fewer than three blocks, or constant outputs.
std::vector<DegreeOne> degree_one_weights(const Eigen::MatrixXd& masks,
                                          const Eigen::MatrixXd& outputs,
                                          double p,
                                          const Eigen::MatrixXd& repeats = {},
                                          Eigen::Index blocks = 40);

/// B_2 of each target in O(m^2 (N + K)), in m / blocks rows of the (m x m) kernel at a time.
std::vector<Measured> degree_two_weights(const Eigen::MatrixXd& masks,
                                         const Eigen::MatrixXd& outputs,
                                         double p,
                                         Eigen::Index blocks = 40);

}  // namespace leaveout
