// SPDX-License-Identifier: MIT
#pragma once
// What a spectrum says: how much of an output is linear in the training set, and what any linear
// attribution can reach.
//
//   B_d    = sum_{|S| = d} f^(S)^2        weight at degree d; B_0 = (E f)^2, Var f = B_1 + .. + B_N
//   h(rho) = sum_d rho^d B_d = E[f(b) f(b')],   b' rho-correlated with b      noise stability
//   B_{>=2}/Var f = 1 - R^2 of the best linear datamodel             the residual
//
// (Saunshi, Gupta, Braverman, Arora, "Understanding Influence Functions and Datamodels via Harmonic
// Analysis", ICLR 2023.) Pairs (b, b') keep each example's membership with probability rho and draw
// it anew otherwise; more generally they have P(1,1) = p^2 + rho v, P(0,0) = (1-p)^2 + rho v and
// P(1,0) = P(0,1) = v (1 - rho) with v = p (1 - p), which also allows
// rho >= -min(p/(1-p), (1-p)/p).
//
// `weights` below are (B_0, .., B_N), (N + 1); `noise_variance` is the variance tau^2 that training
// noise adds to one output, in units of f squared.
//
//   VectorXd weights = degree_weights(spectrum);
//   double residual = residual_fraction(weights).value();
//   double ceiling = lds_ceiling(weights, noise_variance).value();   // for every linear
//   attribution

#include <Eigen/Dense>
#include <optional>

namespace leaveout {

/// B_0, .., B_N of a spectrum (2^N), as a vector (N + 1).
Eigen::VectorXd degree_weights(const Eigen::Ref<const Eigen::VectorXd>& spectrum);

/// The coefficients f^({i}) of a spectrum (2^N), as a vector (N).
Eigen::VectorXd degree_one(const Eigen::Ref<const Eigen::VectorXd>& spectrum);

/// Var f = B_1 + .. + B_N. Throws std::invalid_argument for no weights, as all functions here do.
double spectral_variance(const Eigen::VectorXd& weights);

/// B_{>=2} / Var f; undefined for a constant f.
std::optional<double> residual_fraction(const Eigen::VectorXd& weights);

/// The lowest rho that a pair of subsets can have at rate p: -min(p/(1-p), (1-p)/p).
double lowest_correlation(double p);

/// Throws std::invalid_argument unless lowest_correlation(p) <= rho <= 1.
void check_correlation(double rho, double p);

/// h(rho) = sum_d rho^d B_d. Throws where no pair of subsets has this rho at rate p.
double noise_stability(const Eigen::VectorXd& weights, double p, double rho);

/// A closed interval.
struct Bracket {
  double low = 0.0;
  double high = 0.0;
};

/// What one value of the noise stability says about r = B_{>=2}/Var f. With
/// hbar = (h(rho) - B_0) / Var f and 0 < rho < 1,
///
///   (rho - hbar)/rho <= r <= (rho - hbar)/(rho (1 - rho)),
///
/// since each degree above one holds back between rho - rho^2 and rho of its weight. Not clipped:
/// a noisy hbar gives an unbiased bracket, which may leave [0, 1].
Bracket residual_bracket(double hbar, double rho);

/// The weights that noise alone would show: independent noise of variance `noise_variance` in every
/// entry of a table over n examples (tau^2/R where an entry averages R runs) adds to B_d, on
/// average, noise_variance C(n, d) (2v)^d (1 - 2v)^(n-d), v = p (1 - p). As a vector (n + 1). At
/// p = 1/2 that is a binomial around n/2: a bump there is noise.
Eigen::VectorXd noise_floor(Eigen::Index n, double p, double noise_variance);

/// The same for noise of its own variance in each entry (2^N), as a vector (N + 1).
Eigen::VectorXd noise_floor(const Eigen::Ref<const Eigen::VectorXd>& noise_variances, double p);

/// sqrt(B_1 / (Var f + noise_variance)): the highest correlation over random subsets that any
/// linear attribution can have with single runs. Undefined where nothing varies.
std::optional<double> lds_ceiling(const Eigen::VectorXd& weights, double noise_variance);

/// Pearson's correlation over random subsets, at the rate of the spectrum (2^N), between the sum
/// of the scores (N) of the examples in a subset and one noisy output of the model trained on it:
/// cos(scores, degree one) times the ceiling. Scores are positive where including the example
/// raises the output. Undefined for scores that are all zero and where nothing is linear.
std::optional<double> linear_datamodeling_score(const Eigen::VectorXd& scores,
                                                const Eigen::Ref<const Eigen::VectorXd>& spectrum,
                                                double noise_variance);

/// Squared correlation between true and predicted change of the output from a subset to one that
/// is rho-correlated with it, for the best linear datamodel at rate p:
///
///   B_1 (1 - rho) / (sum_d B_d (1 - rho^d) + noise_variance),
///
/// rho < 1. Undefined where nothing varies.
std::optional<double> counterfactual_r2(const Eigen::VectorXd& weights,
                                        double p,
                                        double rho,
                                        double noise_variance);

}  // namespace leaveout
