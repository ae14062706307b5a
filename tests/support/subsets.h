// SPDX-License-Identifier: MIT
#pragma once
// Averages over random subsets by going through all of them: slow, and plain enough to believe.
//
//   VectorXd f = random_table(5, 7);                        // normal outputs of 2^5 subsets
//   double mean = expectation(5, 0.3, [&](Index b) { return f[b]; });

#include <Eigen/Dense>
#include <cmath>

#include "datasets/random.h"

namespace leaveout {

inline bool contains(Eigen::Index subset, Eigen::Index example) {
  return (subset >> example & 1) != 0;
}

/// Independent standard normal outputs for all subsets of n examples (2^n).
inline Eigen::VectorXd random_table(Eigen::Index n, std::uint64_t seed) {
  return Random(seed, {2}).normal_matrix(Eigen::Index{1} << n, 1);
}

/// The probability of drawing subset b when example i is included with probability p[i], p (N).
inline double probability(Eigen::Index b, const Eigen::VectorXd& p) {
  double product = 1;
  for (Eigen::Index i = 0; i < p.size(); ++i) product *= contains(b, i) ? p[i] : 1 - p[i];
  return product;
}

/// phi_S(b), straight from its definition, p (N).
inline double basis(Eigen::Index s, Eigen::Index b, const Eigen::VectorXd& p) {
  double product = 1;
  for (Eigen::Index i = 0; i < p.size(); ++i)
    if (contains(s, i))
      product *= ((contains(b, i) ? 1.0 : 0.0) - p[i]) / std::sqrt(p[i] * (1 - p[i]));
  return product;
}

/// E value(b) over random subsets b of n examples, each included with probability p.
template <class Value>
double expectation(Eigen::Index n, double p, const Value& value) {
  const Eigen::VectorXd rates = Eigen::VectorXd::Constant(n, p);
  double sum = 0;
  for (Eigen::Index b = 0; b < Eigen::Index{1} << n; ++b) sum += probability(b, rates) * value(b);
  return sum;
}

/// E value(b, b') over rho-correlated pairs of subsets of n examples at rate p.
template <class Value>
double pair_expectation(Eigen::Index n, double p, double rho, const Value& value) {
  const double v = p * (1 - p);
  double sum = 0;
  for (Eigen::Index b = 0; b < Eigen::Index{1} << n; ++b)
    for (Eigen::Index c = 0; c < Eigen::Index{1} << n; ++c) {
      double weight = 1;
      for (Eigen::Index i = 0; i < n; ++i) {
        const bool in = contains(b, i), also = contains(c, i);
        weight *= in && also   ? p * p + rho * v
                  : in || also ? v * (1 - rho)
                               : (1 - p) * (1 - p) + rho * v;
      }
      sum += weight * value(b, c);
    }
  return sum;
}

}  // namespace leaveout
