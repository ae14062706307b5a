// SPDX-License-Identifier: MIT
#include "influence/harmonic/mean_differences.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "influence/harmonic/cube.h"
#include "influence/harmonic/mask_pool.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

MatrixXd centred_columns(const MatrixXd& outputs) {
  return outputs.rowwise() - outputs.colwise().mean();
}

/// Variance of a mean of n values with this sum and sum of squares.
double mean_variance(double sum, double squares, double n) {
  return std::max(0.0, squares - sum * sum / n) / (n * (n - 1.0));
}

}  // namespace

InfluenceEstimates difference_of_means(const MatrixXd& masks, const MatrixXd& outputs) {
  check_pool(masks, outputs);
  const MatrixXd y = centred_columns(outputs);         // (m x K)
  const MatrixXd in = masks * y;                       // sums where i is in, (N x K)
  const MatrixXd in_squares = masks * y.cwiseAbs2();   // (N x K)
  const VectorXd counts = masks.rowwise().sum();       // (N)
  const VectorXd squares = y.colwise().squaredNorm();  // (K)
  const double m = static_cast<double>(masks.cols());
  InfluenceEstimates a{MatrixXd(in.rows(), in.cols()), MatrixXd(in.rows(), in.cols())};
  for (Index i = 0; i < in.rows(); ++i) {
    const double with = counts[i], without = m - counts[i];
    if (with < 2.0 || without < 2.0)
      throw std::invalid_argument(fmt::format(
          "[datamodel] example {} is in {} of {} subsets, expected at least two with it and two "
          "without; draw more subsets",
          i,
          with,
          m));
    for (Index k = 0; k < in.cols(); ++k) {
      // The outputs are centred, so those without i sum to minus those with it.
      a.values(i, k) = in(i, k) / with + in(i, k) / without;
      a.standard_errors(i, k) =
          std::sqrt(mean_variance(in(i, k), in_squares(i, k), with) +
                    mean_variance(in(i, k), squares[k] - in_squares(i, k), without));
    }
  }
  return a;
}

InfluenceEstimates correlation_influence(const MatrixXd& masks, const MatrixXd& outputs, double p) {
  check_pool(masks, outputs);
  check_rate(p);
  const double m = static_cast<double>(masks.cols());
  if (m < 3.0)
    throw std::invalid_argument(
        fmt::format("[datamodel] a correlation over {} subsets, expected at least 3", m));
  const double v = p * (1.0 - p);
  const MatrixXd y = centred_columns(outputs);                            // (m x K)
  const MatrixXd b = masks.colwise() - VectorXd(masks.rowwise().mean());  // (N x m)
  const MatrixXd sums = b * y;                                            // (N x K)
  const MatrixXd squares = b.cwiseAbs2() * y.cwiseAbs2();                 // (N x K)
  InfluenceEstimates a;
  a.values = sums / ((m - 1.0) * v);
  // The spread of the m products about their mean.
  a.standard_errors =
      ((squares - sums.cwiseAbs2() / m).cwiseMax(0.0) / (m * (m - 1.0))).cwiseSqrt() / v;
  return a;
}

}  // namespace leaveout
