// SPDX-License-Identifier: MIT
#pragma once
// Functions of a training set: f(b) for all 2^N subsets b of N examples, and their coefficients in
// three bases, each reached in place by a fast transform of N 2^N operations.
//
// Example i is in subset b where bit i of b is set. Under inclusion of each example with
// probability p, independently, these functions are orthonormal (O'Donnell, "Analysis of Boolean
// Functions", 2014, chapter 8):
//
//   phi_S(b) = prod_{i in S} (b_i - p) / sqrt(p (1-p)),     f = sum_S f^(S) phi_S,
//   f^(S)    = E[f(b) phi_S(b)],                            E f^2 = sum_S f^(S)^2.
//
// A spectrum lies where its table lay: entry S is f^(S). The dividends m of game theory (the
// Moebius transform) are the coefficients of the monomials: f(b) = sum_{T subset of b} m(T).
//
//   VectorXd f = ...;                  // (2^N) outputs of 2^N trained models
//   to_spectrum(f, 0.5);               // f[0] is now the mean, f[1 << i] the coefficient of i
//   change_rate(f, 0.5, 0.9);          // the spectrum at p = 0.9, without a way back to the table

#include <Eigen/Dense>
#include <bit>
#include <cstdint>

namespace leaveout {

/// |S| of a subset given by its bits.
inline int subset_size(std::uint64_t subset) {
  return std::popcount(subset);
}
inline int subset_size(Eigen::Index subset) {
  return subset_size(static_cast<std::uint64_t>(subset));
}

/// N of a table with 2^N entries. Throws std::invalid_argument when `entries` is no power of two.
Eigen::Index cube_dimension(Eigen::Index entries);

/// Throws std::invalid_argument unless p, the probability of inclusion, is strictly between 0
/// and 1.
void check_rate(double p);

/// Throws std::invalid_argument where the group, one bit for each member, names an example beyond
/// the n there are.
void check_group(std::uint64_t group, Eigen::Index n);

/// Table f(b) to spectrum f^(S) at rate p, in place (2^N). Never amplifies rounding. All functions
/// here throw std::invalid_argument for a length that is no power of two and for a rate outside
/// (0, 1).
void to_spectrum(Eigen::Ref<Eigen::VectorXd> table, double p);

/// The same where example i has the rate p[i] of its own, p (N).
void to_spectrum(Eigen::Ref<Eigen::VectorXd> table, const Eigen::VectorXd& p);

/// Spectrum at rate p to table, in place (2^N). Rounding grows by up to
/// max(sqrt(p/(1-p)), sqrt((1-p)/p)) for each example: exact use wants p near 1/2 (change_rate).
void to_table(Eigen::Ref<Eigen::VectorXd> spectrum, double p);

/// The same where example i has the rate p[i] of its own, p (N).
void to_table(Eigen::Ref<Eigen::VectorXd> spectrum, const Eigen::VectorXd& p);

/// Table f(b) to dividends m(T) = sum_{b subset of T} (-1)^(|T| - |b|) f(b), in place (2^N).
void to_dividends(Eigen::Ref<Eigen::VectorXd> table);

/// Dividends to table f(b) = sum_{T subset of b} m(T), in place (2^N).
void dividends_to_table(Eigen::Ref<Eigen::VectorXd> dividends);

/// Spectrum at rate p to the spectrum of the same function at rate q, in place (2^N).
void change_rate(Eigen::Ref<Eigen::VectorXd> spectrum, double p, double q);

/// The noise operator: f^(S) becomes rho^|S| f^(S), in place (2^N). The new function is
/// E[f(b') | b], where b' keeps each example's membership with probability rho and draws it anew
/// otherwise. rho may be any finite number here.
void apply_noise(Eigen::Ref<Eigen::VectorXd> spectrum, double rho);

}  // namespace leaveout
