// SPDX-License-Identifier: MIT
#pragma once
// Linear datamodels: the output of training on a subset, predicted from who is in it (Ilyas, Park,
// Engstrom, Leclerc, Madry, ICML 2022).
//
//   minimise  sum_k q_k (y_k - w_0 - sum_i w_i b_ik)^2 + penalty(w),    sum_k q_k = 1
//
// over masks b (columns = subsets) and outputs y. The intercept is not penalised. Where subsets are
// ~ B_p and v = p (1 - p), the population weights are functions of the average influence
// a_i = E[f(R with i) - f(R without i)] alone (Saunshi, Gupta, Braverman, Arora, ICLR 2023):
//
//   least squares              w_i = a_i
//   ridge  lambda sum w_i^2    w_i = a_i / (1 + lambda / v)
//   lasso  lambda sum |w_i|    w_i = sign(a_i) max(|a_i| - lambda / (2 v), 0)
//
// Equal q by default; q_k = P(S_k) over all 2^N subsets makes the same call the population
// regression. A positive weight means that including the example raises the output.
//
//   DatamodelRegression regression(masks, outputs);      // (N x m), (m x K)
//   Datamodel model = regression.ols();
//   MatrixXd se = regression.ols_errors(model).robust;   // (N x K)

#include <Eigen/Core>
#include <optional>
#include <vector>

namespace leaveout {

/// One linear model for each of K targets.
struct Datamodel {
  Eigen::MatrixXd weights;     ///< (N x K), in units of output per inclusion.
  Eigen::VectorXd intercepts;  ///< (K)

  /// Predicted outputs of subsets, masks (N x m): (m x K).
  Eigen::MatrixXd predict(const Eigen::MatrixXd& masks) const;
};

/// 1 - (mean squared error) / (variance of the outputs) of each target on subsets that the fit has
/// not seen. Empty where the outputs are constant.
std::vector<std::optional<double>> held_out_r2(const Datamodel& model,
                                               const Eigen::MatrixXd& masks,
                                               const Eigen::MatrixXd& outputs);

/// How sure least-squares weights are.
struct OlsErrors {
  Eigen::VectorXd residual_variance;  ///< RSS / (m - N - 1), (K): estimates B_{>=2} + noise.
  Eigen::MatrixXd classical;  ///< Standard errors if the residual were equally large everywhere.
  Eigen::MatrixXd robust;     ///< HC2 of MacKinnon and White (1985): it need not be. (N x K) both.
};

/// What least squares knows of its data; all penalties and all targets share the Gram matrix.
struct SubsetMoments {
  Eigen::VectorXd mask_mean;    ///< (N)
  Eigen::VectorXd output_mean;  ///< (K)
  Eigen::MatrixXd gram;         ///< Covariance of the masks, (N x N).
  Eigen::MatrixXd cross;        ///< Covariance of masks and outputs, (N x K).

  /// The model of these weights whose mean error is zero.
  Datamodel with_intercepts(Eigen::MatrixXd weights) const;
};

/// Moments under sample weights q (m), non-negative with sum 1.
SubsetMoments subset_moments(const Eigen::MatrixXd& masks,
                             const Eigen::MatrixXd& outputs,
                             const Eigen::VectorXd& q);

/// The ridge solution for penalty lambda_k > 0 of each target, (K).
Datamodel ridge_datamodel(const SubsetMoments& moments, const Eigen::VectorXd& penalties);

class DatamodelRegression {
 public:
  /// masks (N x m) of 0 and 1, outputs (m x K), sample_weights (m) or empty for equal ones. Throws
  /// std::invalid_argument for shapes, values, or an example that is in all subsets or in none.
  DatamodelRegression(const Eigen::MatrixXd& masks,
                      const Eigen::MatrixXd& outputs,
                      const Eigen::VectorXd& sample_weights = {});

  /// Least squares. Where subsets all have one size the weights are known up to a constant: then
  /// the ones of smallest norm, whose sum is zero. Throws for m <= N + 1 and for other dependencies
  /// between examples (two that are always together).
  Datamodel ols() const;
  /// Throws for a penalty that is not positive. One penalty for all targets, or one for each (K).
  Datamodel ridge(double penalty) const;
  Datamodel ridge(const Eigen::VectorXd& penalties) const;

  /// Of `model` = ols(). Throws where sample weights were given, and for subsets of one size.
  OlsErrors ols_errors(const Datamodel& model) const;

  /// Standard errors of `model` = ridge(penalties), (N x K): by how much its weights would differ
  /// for other subsets of the same distribution. They are about the mean of the ridge estimator:
  /// its bias, the shrinkage, is not in them. With L = (gram + lambda)^-1 (masks - mean) / m, the
  /// hat matrix H and the residuals e = (I - H) y,
  ///
  ///   SE_i^2 = sum_k L_ik^2 e_k^2 / ((I - H)^2)_kk - (sum_k L_ik e_k)^2 / m.
  ///
  /// The first term is HC2 (of equal noise e_k^2 keeps the part ((I - H)^2)_kk); the second takes
  /// off what the penalty balances in the mean. Penalty 0 gives the robust errors of ols(), and
  /// throws where they do.
  Eigen::MatrixXd ridge_errors(const Datamodel& model, const Eigen::VectorXd& penalties) const;

  const SubsetMoments& moments() const { return moments_; }

 private:
  /// How weights and residuals depend on the outputs, for one penalty.
  struct Smoother {
    Eigen::MatrixXd influence;  // L, dw_i / dy_k, (N x m)
    Eigen::VectorXd kept;       // diagonal of (I - H)^2, (m)
  };
  Smoother smoother(double penalty) const;

  Eigen::MatrixXd masks_;           // (N x m)
  Eigen::MatrixXd outputs_;         // (m x K)
  Eigen::VectorXd sample_weights_;  // (m), sum 1
  bool weighted_;
  SubsetMoments moments_;
};

}  // namespace leaveout
