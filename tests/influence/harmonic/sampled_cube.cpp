// SPDX-License-Identifier: MIT
#include "tests/influence/harmonic/sampled_cube.h"

#include <bit>
#include <cmath>

namespace leaveout {

Eigen::MatrixXd all_masks(Eigen::Index n) {
  Eigen::MatrixXd masks(n, Eigen::Index{1} << n);
  for (Eigen::Index b = 0; b < masks.cols(); ++b)
    for (Eigen::Index i = 0; i < n; ++i) masks(i, b) = (b >> i) & 1 ? 1.0 : 0.0;
  return masks;
}

Eigen::Index index_of(const Eigen::VectorXd& mask) {
  Eigen::Index b = 0;
  for (Eigen::Index i = 0; i < mask.size(); ++i)
    if (mask[i] == 1.0) b |= Eigen::Index{1} << i;
  return b;
}

Eigen::VectorXd random_table(Eigen::Index n, std::uint64_t seed) {
  Random random(seed);
  return random.normal_matrix(Eigen::Index{1} << n, 1).col(0);
}

MeanAndError mean_and_error(const Eigen::VectorXd& x) {
  const double mean = x.mean();
  const double n = static_cast<double>(x.size());
  return {mean, std::sqrt((x.array() - mean).square().sum() / (n * (n - 1)))};
}

double calibration(const Eigen::VectorXd& z) {
  const MeanAndError squares = mean_and_error(z.cwiseAbs2());
  return (squares.mean - 1) / squares.error;
}

SampledCube::SampledCube(const Eigen::VectorXd& f, double inclusion) : table(f), p(inclusion) {
  const auto n = static_cast<Eigen::Index>(std::bit_width(static_cast<std::size_t>(f.size())) - 1);
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

double SampledCube::variance() const {
  return degrees.tail(degrees.size() - 1).sum();
}

double SampledCube::beyond_linear() const {
  return degrees.tail(degrees.size() - 2).sum();
}

double SampledCube::stability(double rho) const {
  double h = 0;
  for (Eigen::Index d = degrees.size() - 1; d >= 0; --d) h = h * rho + degrees[d];
  return h;
}

Eigen::MatrixXd SampledCube::outputs(const Eigen::MatrixXd& subsets) const {
  Eigen::MatrixXd y(subsets.cols(), 1);
  for (Eigen::Index k = 0; k < subsets.cols(); ++k) y(k, 0) = table[index_of(subsets.col(k))];
  return y;
}

}  // namespace leaveout
