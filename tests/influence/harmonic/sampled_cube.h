// SPDX-License-Identifier: MIT
#pragma once
// All subsets of a few examples, with everything about a function of them by direct sums: the truth
// for estimators that see samples.
//
//   SampledCube cube(random_table(6, seed), 0.3);
//   cube.masks, cube.probabilities, cube.spectrum, cube.degrees, cube.influence

#include <Eigen/Core>
#include <bit>
#include <cmath>
#include <cstdint>

#include "datasets/random.h"

namespace leaveout {

/// Column b is subset b: bit i of b = example i is in, (n x 2^n).
inline Eigen::MatrixXd all_masks(Eigen::Index n) {
  Eigen::MatrixXd masks(n, Eigen::Index{1} << n);
  for (Eigen::Index b = 0; b < masks.cols(); ++b)
    for (Eigen::Index i = 0; i < n; ++i) masks(i, b) = (b >> i) & 1 ? 1.0 : 0.0;
  return masks;
}

inline Eigen::Index index_of(const Eigen::VectorXd& mask) {
  Eigen::Index b = 0;
  for (Eigen::Index i = 0; i < mask.size(); ++i)
    if (mask[i] == 1.0) b |= Eigen::Index{1} << i;
  return b;
}

inline Eigen::VectorXd random_table(Eigen::Index n, std::uint64_t seed) {
  Random random(seed);
  return random.normal_matrix(Eigen::Index{1} << n, 1).col(0);
}

struct SampledCube {
  Eigen::VectorXd table;  // (2^n)
  double p;
  Eigen::MatrixXd masks;          // (n x 2^n)
  Eigen::VectorXd probabilities;  // (2^n)
  Eigen::MatrixXd basis;          // phi_S(b): (subsets S x subsets b)
  Eigen::VectorXd spectrum;       // (2^n)
  Eigen::VectorXd degrees;        // B_0, ..., B_n
  Eigen::VectorXd influence;      // E[f(R with i) - f(R without i)], (n)

  SampledCube(const Eigen::VectorXd& f, double inclusion) : table(f), p(inclusion) {
    const auto n =
        static_cast<Eigen::Index>(std::bit_width(static_cast<std::size_t>(f.size())) - 1);
    masks = all_masks(n);
    const double s = std::sqrt(p * (1 - p));
    probabilities.setOnes(f.size());
    basis.setOnes(f.size(), f.size());
    for (Eigen::Index b = 0; b < f.size(); ++b)
      for (Eigen::Index i = 0; i < n; ++i) {
        probabilities[b] *= masks(i, b) == 1 ? p : 1 - p;
        for (Eigen::Index set = 0; set < f.size(); ++set)
          if ((set >> i) & 1) basis(set, b) *= (masks(i, b) - p) / s;
      }
    spectrum = basis * probabilities.cwiseProduct(f);
    degrees.setZero(n + 1);
    for (Eigen::Index set = 0; set < f.size(); ++set)
      degrees[std::popcount(static_cast<std::size_t>(set))] += spectrum[set] * spectrum[set];
    influence.setZero(n);
    for (Eigen::Index b = 0; b < f.size(); ++b)
      for (Eigen::Index i = 0; i < n; ++i)
        if (masks(i, b) == 1)
          influence[i] += probabilities[b] / p * (f[b] - f[b ^ (Eigen::Index{1} << i)]);
  }
  double variance() const { return degrees.tail(degrees.size() - 1).sum(); }
  double beyond_linear() const { return degrees.tail(degrees.size() - 2).sum(); }
  double stability(double rho) const {
    double h = 0;
    for (Eigen::Index d = degrees.size() - 1; d >= 0; --d) h = h * rho + degrees[d];
    return h;
  }
  /// f of each column, (columns x 1).
  Eigen::MatrixXd outputs(const Eigen::MatrixXd& subsets) const {
    Eigen::MatrixXd y(subsets.cols(), 1);
    for (Eigen::Index k = 0; k < subsets.cols(); ++k) y(k, 0) = table[index_of(subsets.col(k))];
    return y;
  }
};

/// (mean, standard error of the mean) of values, for "within 4 standard errors".
struct MeanAndError {
  double mean, error;
};
inline MeanAndError mean_and_error(const Eigen::VectorXd& x) {
  const double mean = x.mean();
  const double n = static_cast<double>(x.size());
  return {mean, std::sqrt((x.array() - mean).square().sum() / (n * (n - 1)))};
}

/// How many standard errors the mean square of these z-scores lies from 1, by their own spread.
inline double calibration(const Eigen::VectorXd& z) {
  const MeanAndError squares = mean_and_error(z.cwiseAbs2());
  return (squares.mean - 1) / squares.error;
}

}  // namespace leaveout
