// SPDX-License-Identifier: MIT
#pragma once
// Influence on few parameters, and exactly what it leaves out.
//
// Split theta into a subset w and the rest, and the matrix H = [A B; B' C] and gradients with it.
// With the Schur complement S = C - B' A^-1 B and r(g) = g_rest - B' A^-1 g_w, the part of a
// gradient that the subset does not explain, the Schur-complement identity says
//
//   g_t' H^-1 g_i  =  g_tw' A^-1 g_iw  +  r(g_t)' S^-1 r(g_i).
//
// The first term is the influence when w alone may move: exact, to first order, for retraining w
// with the rest frozen. The second is the correction to full influence. H is damped and has the
// weight decay in it. It need not be positive definite; where it is, so are A and S, and the
// self-influence on a subset is never larger than the full one.
//
//   std::vector<Index> head = parameter_subset(model.spec(), "last_layer");
//   RestrictedInfluence r = restricted_influence(h, head, query_gradients, train_gradients, n);
//   r.restricted, r.correction;                  // (Q x n) each; positive: the example helps
//   compare(r).certain_signs;                    // share of pairs with |correction| < |restricted|
//
// Without the P x P matrix, for the first term alone:
//
//   MatrixXd a = principal_block(damp(curvature, damping), head);          // (w x w)
//   Solution steps = restricted_steps(a, subset_gradients(model, train, theta, head), n);
//   MatrixXd scores = subset_gradients(model, query, theta, head).transpose() * steps.x;

#include <vector>

#include "influence/curvature/linear_operator.h"
#include "influence/solvers/solution.h"
#include "models/objective.h"

namespace leaveout {

/// Both terms of the identity in removal normalisation (1/N), with the sign of scores.h.
struct RestrictedInfluence {
  Eigen::MatrixXd restricted;  // (Q x n) query' A^-1 train / N
  Eigen::MatrixXd correction;  // (Q x n) r(query)' S^-1 r(train) / N
  /// Negative eigenvalues of A and of S. Their sum is the number of negative eigenvalues of H
  /// (Haynsworth 1968): with any, there are pairs for which `restricted` exceeds the full value.
  Index negative_in_subset = 0, negative_in_rest = 0;
  bool converged = false;  // every linear system to kDirectTolerance
  std::string message;     // what did not; empty if nothing

  /// Full influence, (Q x n).
  Eigen::MatrixXd full() const { return restricted + correction; }
};

/// `h` (P x P) symmetric, `subset` ascending entries of theta, `query` (P x Q) and `train` (P x n)
/// gradients as columns, `train_size` N. A subset of everything has no correction. Throws
/// std::invalid_argument on shapes that do not fit, on a subset that is not ascending within theta,
/// on a matrix that is not symmetric, and where A or S is singular (it says which, and the cure).
RestrictedInfluence restricted_influence(const Eigen::MatrixXd& h,
                                         const std::vector<Index>& subset,
                                         const Eigen::MatrixXd& query,
                                         const Eigen::MatrixXd& train,
                                         Index train_size);

/// How far the first term can stand for the whole, over all pairs (query, train).
struct RestrictedComparison {
  double certain_signs = 0;     // share with |correction| < |restricted|: the signs must agree
  double equal_signs = 0;       // share with the sign of the full influence
  double correction_share = 0;  // sum |correction| / (sum |restricted| + sum |correction|)
};

/// Throws std::invalid_argument where there are no pairs, or no influence at all.
RestrictedComparison compare(const RestrictedInfluence& r);

/// H(subset, subset), (w x w), by products with w unit vectors: 2 P numbers for each of 32 at a
/// time, and never P x P.
Eigen::MatrixXd principal_block(const LinearOperator& h, const std::vector<Index>& subset);

/// The entries `subset` of each example's loss gradient, (w x N), taken a few examples at a time.
Eigen::MatrixXd subset_gradients(const Model& model,
                                 const Dataset& data,
                                 const Eigen::VectorXd& theta,
                                 const std::vector<Index>& subset);

/// A^-1 train / N: what each removal does to the subset, (w x n), with its residuals and the
/// number of negative eigenvalues of A. Throws as restricted_influence.
Solution restricted_steps(const Eigen::MatrixXd& a, const Eigen::MatrixXd& train, Index train_size);

/// `steps` (w x n) as steps of theta that are zero outside the subset, (P x n).
Eigen::MatrixXd scatter(const Eigen::MatrixXd& steps,
                        const std::vector<Index>& subset,
                        Index parameters);

}  // namespace leaveout
