// SPDX-License-Identifier: MIT
#pragma once
// The linear datamodel that infinitely many trainings would give: closed forms of least squares,
// ridge and lasso over random subsets (Saunshi, Gupta, Braverman, Arora, ICLR 2023, theorem 2.2).
//
// Subsets are drawn at rate p, and the datamodel g = intercept + sum_i slope_i x_i minimises
// E(f - g)^2 + penalty * sum_i slope_i^2 (ridge) or |slope_i| (lasso), the intercept free. Centred
// features are independent, so the problem separates: with sigma the standard deviation of a
// feature and f^_i the degree-one coefficients,
//
//   least squares  slope_i = f^_i / sigma                          E(f - g)^2 = B_{>=2}
//   ridge          slope_i = sigma f^_i / (sigma^2 + penalty)
//   lasso          slope_i = soft(f^_i, penalty / (2 sigma)) / sigma
//
// The three have the same signs and (lasso: on its support) the same order. Training noise adds
// its variance to the risk and changes no slope.
//
// A penalty means another thing in other coordinates: x in {-1, 1} has sigma = 2 sqrt(p (1-p)),
// b in {0, 1} half of it and half the x-penalty on |slope|, a quarter on slope^2.
//
//   to_spectrum(f, p);
//   LinearDatamodel g = population_lasso(f, p, 0.1, Coordinates::zero_one);
//   std::vector<Eigen::Index> chosen = g.support();

#include <Eigen/Dense>
#include <vector>

namespace leaveout {

/// What a feature is where its example is included, and where it is not.
enum class Coordinates {
  zero_one,      ///< 1 and 0: least-squares slopes are datamodel weights a_i(p).
  plus_minus,    ///< 1 and -1: half of that.
  standardised,  ///< The basis phi_i, of mean 0 and variance 1: slopes are coefficients.
};

/// g = intercept + sum_i slopes[i] x_i. Slopes are positive where inclusion raises the output.
struct LinearDatamodel {
  double intercept = 0.0;  ///< In units of the output f, as the slopes.
  Eigen::VectorXd slopes;  ///< (N)
  double risk = 0.0;       ///< E(f - g)^2 over random subsets, without penalty.

  /// The examples with a slope other than 0, ascending.
  std::vector<Eigen::Index> support() const;
};

/// The best linear datamodel; its risk is B_{>=2}. `spectrum` (2^N) is that of f at rate p. Throws
/// std::invalid_argument for a length that is no power of two, a rate outside (0, 1) and, below, a
/// penalty that is negative or not finite.
LinearDatamodel population_least_squares(const Eigen::Ref<const Eigen::VectorXd>& spectrum,
                                         double p,
                                         Coordinates coordinates);

/// Minimises E(f - g)^2 + penalty * sum slopes^2.
LinearDatamodel population_ridge(const Eigen::Ref<const Eigen::VectorXd>& spectrum,
                                 double p,
                                 double penalty,
                                 Coordinates coordinates);

/// Minimises E(f - g)^2 + penalty * sum |slopes|. Its support are the examples with
/// |a_i(p)| > penalty / (2 p (1-p)) in 0/1 coordinates.
LinearDatamodel population_lasso(const Eigen::Ref<const Eigen::VectorXd>& spectrum,
                                 double p,
                                 double penalty,
                                 Coordinates coordinates);

/// Minimises E(f - g)^2 / 2 + penalty * sum |slopes| over standardised features, the problem that
/// the solver of Ilyas et al. 2022 ("Datamodels") is given: slopes soft(f^_i, penalty).
LinearDatamodel population_standardised_lasso(const Eigen::Ref<const Eigen::VectorXd>& spectrum,
                                              double p,
                                              double penalty);

/// Least squares over the subsets of exactly `size` examples, each as likely, in 0/1 coordinates.
/// Their number of members is constant, so slopes are determined up to a common constant; these
/// have sum 0, the least norm:
///
///   slope_i = (N-1)/N (E[f | i in S] - E[f | i not in S]),     intercept = E f.
///
/// Close to a_i(size/N) minus its mean over i. `table` (2^N); only its entries of that size are
/// read. Throws unless 0 < size < N.
LinearDatamodel fixed_size_datamodel(const Eigen::Ref<const Eigen::VectorXd>& table,
                                     Eigen::Index size);

}  // namespace leaveout
