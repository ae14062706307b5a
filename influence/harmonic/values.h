// SPDX-License-Identifier: MIT
#pragma once
// The values of the examples of a game, all from one table f(b) over the 2^N subsets (entry b is
// the subset with bits b). Positive: including the example raises the output.
//
// Each value averages the marginal contribution f(S + i) - f(S) over the coalitions S without i.
// Within a size all coalitions count alike; the values differ in what each size k = 0, .., N-1
// counts, and these coefficients sum to 1 (semivalues; Dubey, Neyman, Weber 1981):
//
//   Shapley 1/N,     Banzhaf C(N-1,k) 2^-(N-1),     leave-one-out: only k = N-1,
//   datamodel weight at rate p, which is the weighted Banzhaf value:  C(N-1,k) p^k (1-p)^(N-1-k),
//   Beta-Shapley (Kwon, Zou 2022): the same, averaged over p with density Beta(beta, alpha).
//
// The datamodel weight is a_i(p) = f^({i}) / sqrt(p (1-p)), a polynomial in p of degree N-1 whose
// integral over (0, 1) is the Shapley value.
//
//   VectorXd shapley = shapley_values(f);                      // (N), sums to f(all) - f(none)
//   VectorXd linear = datamodel_weights(f, 0.5);               // (N), Banzhaf
//   MatrixXd pairs = pair_interactions(f, 0.5);                // (N x N)
//
// All functions throw std::invalid_argument for a table whose length is no power of two and for a
// rate outside (0, 1).

#include <Eigen/Dense>

namespace leaveout {

/// Mean of f(S + i) - f(S) over the coalitions S of size k without i: row k, column i of (N x N).
/// One pass of N 2^(N-1) operations, after which every semivalue is a product.
Eigen::MatrixXd contributions_by_size(const Eigen::Ref<const Eigen::VectorXd>& table);

/// The semivalue that gives all coalitions of size k together the weight coefficients[k] (N), as a
/// vector (N). Throws unless the coefficients sum to 1 up to 1e-10. They may be negative.
Eigen::VectorXd semivalue(const Eigen::Ref<const Eigen::VectorXd>& table,
                          const Eigen::VectorXd& coefficients);

/// 1/n for each size, (n). Throws for n outside 0..62, as the other coefficients do.
Eigen::VectorXd shapley_coefficients(Eigen::Index n);

/// C(n-1,k) p^k (1-p)^(n-1-k), (n).
Eigen::VectorXd banzhaf_coefficients(Eigen::Index n, double p);

/// C(n-1,k) B(k + beta, n-1-k + alpha) / B(beta, alpha), (n), for alpha, beta > 0; (1, 1) is
/// Shapley's. alpha > beta favours small coalitions.
Eigen::VectorXd beta_shapley_coefficients(Eigen::Index n, double alpha, double beta);

/// a_i(p), the mean of f(S + i) - f(S) over random S at rate p: slopes of the least-squares linear
/// datamodel in 0/1 coordinates (N).
Eigen::VectorXd datamodel_weights(const Eigen::Ref<const Eigen::VectorXd>& table, double p);

/// Banzhaf's value: datamodel weights at p = 1/2 (N).
Eigen::VectorXd banzhaf_values(const Eigen::Ref<const Eigen::VectorXd>& table);

/// Shapley's value (N).
Eigen::VectorXd shapley_values(const Eigen::Ref<const Eigen::VectorXd>& table);

/// f(all) - f(all without i), (N).
Eigen::VectorXd leave_one_out_values(const Eigen::Ref<const Eigen::VectorXd>& table);

/// f({i}) - f(none), (N).
Eigen::VectorXd add_one_values(const Eigen::Ref<const Eigen::VectorXd>& table);

/// The same as leave_one_out_values, from the spectrum at rate p (2^N):
/// sum_{S contains i} f^(S) u^(|S|-1) / s, u = sqrt((1-p)/p), s = sqrt(p(1-p)). For small p that
/// amplifies errors of the spectrum by up to u^N: the full set is hardly ever drawn there.
Eigen::VectorXd leave_one_out_from_spectrum(const Eigen::Ref<const Eigen::VectorXd>& spectrum,
                                            double p);

/// Mean of f(S+i+j) - f(S+i) - f(S+j) + f(S) over random S at rate p: (N x N), symmetric, with a
/// diagonal of zeros.
Eigen::MatrixXd pair_interactions(const Eigen::Ref<const Eigen::VectorXd>& table, double p);

/// Points and weights of a quadrature rule.
struct Quadrature {
  Eigen::VectorXd nodes;    // (points)
  Eigen::VectorXd weights;  // (points)
};

/// Gauss-Legendre on (0, 1): exact for polynomials of degree 2 points - 1. Throws for points < 1.
Quadrature gauss_legendre(Eigen::Index points);

/// sum_k weights[k] a_i(nodes[k]), (N). With gauss_legendre((N + 1) / 2) that is the Shapley value,
/// exactly; with the weights multiplied by a density of p, another semivalue.
Eigen::VectorXd datamodel_weights_over_rates(const Eigen::Ref<const Eigen::VectorXd>& table,
                                             const Quadrature& rates);

}  // namespace leaveout
