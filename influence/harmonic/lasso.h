// SPDX-License-Identifier: MIT
#pragma once
// The lasso datamodel, by coordinate descent on the Gram matrix (Friedman, Hastie, Tibshirani
// 2010).
//
//   minimise  w' G w - 2 c' w + lambda sum |w_i|
//
// Its optimality, with g = c - G w: g_i = sign(w_i) lambda / 2 where w_i != 0, |g_i| <= lambda / 2
// elsewhere. From lambda_max = 2 max |c_i| on all weights are zero. Between penalties of a falling
// path the solution is the next one's start. An update costs O(N) and not O(m): K targets share G.
//
//   double most = lasso_max_penalties(moments)[0];
//   LassoFit fit = lasso_datamodel(moments, VectorXd::Constant(1, 0.1 * most));
//   fit.kkt_residual[0];                      // at most 1e-10 max |c| where fit.converged
//   MatrixXd se = lasso_errors(masks, outputs, fit.model, penalties);

#include "influence/harmonic/datamodel.h"

namespace leaveout {

struct LassoFit {
  Datamodel model;
  Eigen::VectorXd kkt_residual;  ///< Largest violation of optimality of each target, (K).
  bool converged = true;         ///< Of all targets.
};

/// The smallest penalty of each target at which all weights are zero, (K).
Eigen::VectorXd lasso_max_penalties(const SubsetMoments& moments);

/// The solution for penalty lambda_k >= 0 of each target, (K), started from `start` (N x K) or from
/// zero. Weights of examples that do not vary are zero. Throws std::invalid_argument for negative
/// penalties.
LassoFit lasso_datamodel(const SubsetMoments& moments,
                         const Eigen::VectorXd& penalties,
                         const Eigen::MatrixXd& start = {});

/// Standard errors of `model`, the lasso of these subsets (N x m) and outputs (m x K) at these
/// penalties (K), by the jackknife over blocks of the subsets: the fits without one of them, at the
/// same penalties, (N x K). About the lasso's own mean: neither its shrinkage nor the choice of the
/// penalty is in them. A weight that is zero without any of the blocks has error 0: it says that
/// the selection is firm, not that the influence is known to be nothing. Throws as
/// lasso_datamodel, and for fewer than two blocks or fewer subsets than blocks.
Eigen::MatrixXd lasso_errors(const Eigen::MatrixXd& masks,
                             const Eigen::MatrixXd& outputs,
                             const Datamodel& model,
                             const Eigen::VectorXd& penalties,
                             Eigen::Index blocks = 20);

/// `count` penalties from `highest` down to `ratio` * highest, geometric. Throws
/// std::invalid_argument for count < 1 or a ratio outside (0, 1).
Eigen::VectorXd geometric_path(double highest, Eigen::Index count, double ratio);

}  // namespace leaveout
