// SPDX-License-Identifier: MIT
#pragma once
// Two estimates of the average influence a_i = E[f(R with i) - f(R without i)] from a pool ~ B_p
// that look at one example at a time:
//
//   difference of means   mean of y where i is in - mean of y where i is out (Feldman, Zhang 2020)
//   correlation           (1/v) sum_k (y_k - mean y)(b_ik - mean b_i) / (m - 1),  v = p (1 - p)
//
// Both have variance about (V_y - v a_i^2) / (m v) with V_y the variance of the outputs: the
// effects of the other examples are noise to them, as they are not to least squares. A positive
// value means that including the example raises the output.
//
//   InfluenceEstimates a = difference_of_means(masks, outputs);
//   a.values(i, k); a.standard_errors(i, k);

#include <Eigen/Core>

namespace leaveout {

/// Of example i on target k, (N x K).
struct InfluenceEstimates {
  Eigen::MatrixXd values;
  Eigen::MatrixXd standard_errors;
};

/// masks (N x m), outputs (m x K). Needs no p, and holds for subsets of one size as well, where the
/// others' number differs by one between in and out. Standard error: Welch's. Throws
/// std::invalid_argument where an example is in, or out, fewer than two times.
InfluenceEstimates difference_of_means(const Eigen::MatrixXd& masks,
                                       const Eigen::MatrixXd& outputs);

/// The same for subsets ~ B_p with this p. Unbiased. Throws for m < 3.
InfluenceEstimates correlation_influence(const Eigen::MatrixXd& masks,
                                         const Eigen::MatrixXd& outputs,
                                         double p);

}  // namespace leaveout
