// SPDX-License-Identifier: MIT
#pragma once
// At which noise levels to train, and how to read B_1 off.
//
// The noise stability h(rho) = E[f(b) f(b')] over rho-correlated pairs is the polynomial
// sum_d rho^d B_d, so its slope at zero is the linear part B_1, and B_{>=2} = h(1) - B_0 - B_1
// needs no datamodel (Saunshi, Gupta, Braverman, Arora, ICLR 2023). A plan says which levels, how
// many pairs at each, and how B_1 comes from the estimates of h:
//
//   the paper's RESIDUALESTIMATION   levels 0, rho, 2 rho; non-negative least squares of degree 2
//   linear                           B_1 = sum_j c_j h(rho_j), c_j = l_j'(0) with l_j the Lagrange
//                                    basis on the levels; outputs centred; n_j ~ |c_j|
//
// Levels that are symmetric about zero cancel even degrees. {-r, r} is (h(r) - h(-r)) / (2 r);
// {-2r, -r, r, 2r} is Richardson's (8 o(r) - o(2r)) / (6 r), o = odd part of h; Chebyshev levels
// are the best compromise of noise and bias.
//
//   StabilityPlan paper = paper_plan(0.5, 0.2, 4000);
//   StabilityPlan plan = linear_plan(0.5, chebyshev_levels(4, 0.7), 2000);

#include <Eigen/Core>
#include <vector>

namespace leaveout {

struct StabilityPlan {
  double p = 0.5;                   ///< Inclusion probability.
  Eigen::VectorXd levels;           ///< rho_j, (J)
  std::vector<Eigen::Index> pairs;  ///< n_j >= 2, (J)
  /// Subsets for h(1). With none, the variance is that of all outputs, training noise included.
  Eigen::Index top_subsets = 0;
  /// Trainings of each of these: 1, and h(1) is a mean of squares, training noise included; or 2
  /// with different seeds, and it is a mean of products, free of it.
  Eigen::Index top_runs = 1;
  /// Degree of the polynomial fitted under non-negativity; 0: linear, without constraints.
  Eigen::Index nnls_degree = 0;
  /// Whether outputs are taken about the mean of them all, so that B_0 = 0 and its noise is gone.
  bool centred = true;
};

/// The paper's plan for about this many trainings, equally many pairs at each level and subsets for
/// h(1): trainings = 6 n + top_runs n. For another split change `pairs` and `top_subsets`. Throws
/// std::invalid_argument for rho outside (0, 1/2] and budgets of less than two pairs a level.
StabilityPlan paper_plan(double p, double rho, Eigen::Index trainings, Eigen::Index top_runs = 1);

/// Centred outputs, weights from the levels, pairs split by split_pairs. Throws for equal levels,
/// fewer than two, or levels out of the range of correlated_masks.
StabilityPlan linear_plan(double p, const Eigen::VectorXd& levels, Eigen::Index total_pairs);

/// r cos((2j - 1) pi / (2K)), j = 1, ..., K, falling. Throws unless K is even and positive (an odd
/// K has a level 0, which says nothing about the slope) and 0 < r <= 1.
Eigen::VectorXd chebyshev_levels(Eigen::Index count, double r);

/// c_j of B_1 = sum c_j h(rho_j), (J): the coefficient of rho in the least-squares polynomial of
/// this degree with terms from rho^lowest on (0, or 1 where B_0 = 0). With as many terms as levels
/// it is the derivative at 0 of the interpolating polynomial.
Eigen::VectorXd slope_weights(const Eigen::VectorXd& levels,
                              Eigen::Index degree,
                              Eigen::Index lowest = 0);

/// The weights of a plan where no constraint of non-negativity acts.
Eigen::VectorXd slope_weights(const StabilityPlan& plan);

/// n_j ~ |c_j|, which makes the noise of sum c_j h_j smallest where all pairs are equally noisy; at
/// least two each. Throws for less than two pairs a level.
std::vector<Eigen::Index> split_pairs(const Eigen::VectorXd& weights, Eigen::Index total);

/// All trainings of a plan.
Eigen::Index trainings(const StabilityPlan& plan);

/// sum_j c_j rho_j^k: how much of B_k ends in the estimate of B_1 (1 for k = 1 is right).
double bias_coefficient(const Eigen::VectorXd& levels,
                        const Eigen::VectorXd& weights,
                        Eigen::Index k);

/// The largest |bias_coefficient| of degrees 3, ..., highest.
double worst_bias_coefficient(const Eigen::VectorXd& levels,
                              const Eigen::VectorXd& weights,
                              Eigen::Index highest = 40);

/// E[B_1 estimate] - B_1 where no constraint acts; degree_weights = (B_0, B_1, ...). The estimate
/// of B_{>=2} is off by the opposite.
double predicted_bias(const StabilityPlan& plan, const Eigen::VectorXd& degree_weights);

/// Standard error of the B_1 estimate where no constraint acts, for outputs that are normal with
/// these degree weights and training noise tau^2. Checked to hold within a fifth where they are not
/// quite.
double predicted_error(const StabilityPlan& plan,
                       const Eigen::VectorXd& degree_weights,
                       double noise_variance = 0.0);

}  // namespace leaveout
