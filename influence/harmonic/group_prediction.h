// SPDX-License-Identifier: MIT
#pragma once
// What first and second derivatives in the weights predict: of groups that leave, and of the
// Fourier spectrum of f(b) = F at the corner w = b, b_i ~ Bernoulli(p).
//
//   F(w + d) = F + sum_i F_i d_i + (1/2) sum_ij F_ij d_i d_j + ...       i = j included
//
// Groups: d = -w on the group, at w = 1 or at w = p 1. Spectrum: expanded at w = p 1, not at 1.
// With d_i = b_i - p, v = p (1 - p), s = sqrt v: E d = 0, E d^2 = v, and d^2 = v + (1 - 2p) d, so
//
//   E f = F + (v/2) sum_i F_ii     f_hat_i = s (F_i + (1/2)(1 - 2p) F_ii)     f_hat_ij = v F_ij
//
// exactly where F is quadratic, and up to third derivatives elsewhere. To leading order f_hat_i is
// s F_i, and B_1 = v sum_i F_i^2.
//
//   WeightedResponse at(objective, VectorXd::Constant(n, p), start);
//   VectorXd f_i = at.first(query, kind).row(0);
//   MatrixXd f_ij = at.second(query, 0, kind).full();
//   double b1 = predict_spectrum(p, f, f_i, f_ij).b1();
//   double influence = group_influence({0, 3}, f_i, f_ij, p);     // f with it minus f without it
//
// The second order without its third-derivative term is the same with PairTerms::without_third().

#include "influence/harmonic/weighted_response.h"
#include "influence/responses.h"

namespace leaveout {

/// F with the group at its weight minus F without it, from `first` (N) at weights `weight` for all:
/// positive where including the group raises the output. First order: a sum over examples.
double group_influence(const Group& group, const Eigen::VectorXd& first, double weight = 1);
/// The same to second order, second (N x N).
double group_influence(const Group& group,
                       const Eigen::VectorXd& first,
                       const Eigen::MatrixXd& second,
                       double weight = 1);

struct SpectrumPrediction {
  double mean = 0;         // f_hat of the empty set, E f
  Eigen::VectorXd first;   // (N) f_hat_i; the datamodel weight of i is first(i) / s
  Eigen::MatrixXd second;  // (N x N) f_hat_ij, symmetric with a zero diagonal; empty: not predicted

  double b1() const { return first.squaredNorm(); }
  double b2() const { return second.squaredNorm() / 2; }
};

/// Leading order, from F and F_i (N) at w = p 1: no degree two.
SpectrumPrediction predict_spectrum(double p, double value, const Eigen::VectorXd& first);
/// With all that F_ij (N x N) says.
SpectrumPrediction predict_spectrum(double p,
                                    double value,
                                    const Eigen::VectorXd& first,
                                    const Eigen::MatrixXd& second);

/// The path of Basu, You and Feizi 2020, on which the weights keep their sum: those of a group of
/// share pi are 1 + eps, the others 1 - eps pi / (1 - pi), and eps = -1 removes the group.
///
///   theta(eps) = theta + eps theta1 + eps^2 theta2 + ...,  A = (1/N) sum_i a_i Hess loss_i, a =
///   dw/deps theta1 = -H^-1 (1/N) sum_i a_i grad loss_i,   theta2 = -H^-1 A theta1 - H^-1 T[theta1,
///   theta1] / 2
///
/// Without a penalty theta1 = -(1 / ((1 - pi) N)) H^-1 sum over the group of grad loss_i.
struct NormalisedRemoval {
  Eigen::VectorXd theta1;  // (P)
  Eigen::VectorXd theta2;  // (P) with the third derivative
  Eigen::VectorXd third;   // (P) its part of theta2, which the paper leaves out

  /// theta without the group minus theta with it, to second order, (P).
  Eigen::VectorXd step() const { return theta2 - theta1; }
  Eigen::VectorXd step_without_third() const { return step() - third; }
};

/// Throws std::invalid_argument unless `at` has all weights 1 and the group is neither empty nor
/// everything.
NormalisedRemoval normalised_removal(const WeightedResponse& at, const Group& group);

}  // namespace leaveout
