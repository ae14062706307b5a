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
Eigen::MatrixXd all_masks(Eigen::Index n);

Eigen::Index index_of(const Eigen::VectorXd& mask);

Eigen::VectorXd random_table(Eigen::Index n, std::uint64_t seed);

struct SampledCube {
  Eigen::VectorXd table;  // (2^n)
  double p;
  Eigen::MatrixXd masks;          // (n x 2^n)
  Eigen::VectorXd probabilities;  // (2^n)
  Eigen::MatrixXd basis;          // phi_S(b): (subsets S x subsets b)
  Eigen::VectorXd spectrum;       // (2^n)
  Eigen::VectorXd degrees;        // B_0, ..., B_n
  Eigen::VectorXd influence;      // E[f(R with i) - f(R without i)], (n)

  SampledCube(const Eigen::VectorXd& f, double inclusion);
  double variance() const;
  double beyond_linear() const;
  double stability(double rho) const;
  /// f of each column, (columns x 1).
  Eigen::MatrixXd outputs(const Eigen::MatrixXd& subsets) const;
};

/// (mean, standard error of the mean) of values, for "within 4 standard errors".
struct MeanAndError {
  double mean, error;
};
MeanAndError mean_and_error(const Eigen::VectorXd& x);

/// How many standard errors the mean square of these z-scores lies from 1, by their own spread.
double calibration(const Eigen::VectorXd& z);

}  // namespace leaveout
