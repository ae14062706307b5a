// SPDX-License-Identifier: MIT
#include "influence/harmonic/lasso.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "influence/harmonic/block_jackknife.h"
#include "influence/harmonic/mask_pool.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr double kTolerance = 1e-10;  // of max |c|
constexpr Index kMaxSweeps = 20000;

/// One target's problem: w' G w - 2 c' w + lambda |w|_1.
class CoordinateDescent {
 public:
  CoordinateDescent(const MatrixXd& gram, const VectorXd& cross, double penalty)
      : gram_(gram), cross_(cross), half_(0.5 * penalty) {}

  /// Improves w until optimal to `tolerance`; returns the violation that is left.
  double solve(VectorXd& w, double tolerance) {
    double violation = refresh(w);
    for (Index sweep = 0; sweep < kMaxSweeps && violation > tolerance; ++sweep) {
      for (Index i = 0; i < w.size(); ++i) step(w, i);
      // The gradient that was carried along collects rounding: the verdict is on a fresh one.
      if (worst(w) <= tolerance || sweep % 100 == 99) violation = refresh(w);
    }
    return violation;
  }

 private:
  void step(VectorXd& w, Index i) {
    const double curvature = gram_(i, i);
    if (curvature == 0.0) {
      w[i] = 0.0;
      return;
    }
    const double z = gradient_[i] + curvature * w[i];
    const double next = std::copysign(std::max(std::abs(z) - half_, 0.0), z) / curvature;
    if (next == w[i]) return;
    gradient_.noalias() -= (next - w[i]) * gram_.col(i);
    w[i] = next;
  }
  double refresh(const VectorXd& w) {
    gradient_ = cross_ - gram_ * w;
    return worst(w);
  }
  double worst(const VectorXd& w) const {
    double worst = 0.0;
    for (Index i = 0; i < w.size(); ++i)
      worst = std::max(worst,
                       w[i] == 0.0 ? std::abs(gradient_[i]) - half_
                                   : std::abs(gradient_[i] - std::copysign(half_, w[i])));
    return worst;
  }

  const MatrixXd& gram_;   // (N x N)
  const VectorXd& cross_;  // (N)
  double half_;
  VectorXd gradient_;  // c - G w, (N)
};

}  // namespace

VectorXd lasso_max_penalties(const SubsetMoments& moments) {
  return 2.0 * moments.cross.cwiseAbs().colwise().maxCoeff().transpose();
}

LassoFit lasso_datamodel(const SubsetMoments& moments,
                         const VectorXd& penalties,
                         const MatrixXd& start) {
  const MatrixXd& cross = moments.cross;  // (N x K)
  if (penalties.size() != cross.cols() || !(penalties.array() >= 0.0).all() ||
      !penalties.allFinite())
    throw std::invalid_argument(
        fmt::format("[datamodel] {} lasso penalties for {} targets, expected one each, none "
                    "negative",
                    penalties.size(),
                    cross.cols()));
  MatrixXd weights = start.size() > 0 ? start : MatrixXd::Zero(cross.rows(), cross.cols());
  LassoFit fit;
  fit.kkt_residual.resize(cross.cols());
  for (Index k = 0; k < cross.cols(); ++k) {
    const VectorXd c = cross.col(k);
    const double tolerance = kTolerance * c.cwiseAbs().maxCoeff();
    VectorXd w = weights.col(k);
    fit.kkt_residual[k] = CoordinateDescent(moments.gram, c, penalties[k]).solve(w, tolerance);
    fit.converged = fit.converged && fit.kkt_residual[k] <= tolerance;
    weights.col(k) = w;
  }
  fit.model = moments.with_intercepts(weights);
  return fit;
}

MatrixXd lasso_errors(const MatrixXd& masks,
                      const MatrixXd& outputs,
                      const Datamodel& model,
                      const VectorXd& penalties,
                      Index blocks) {
  check_pool(masks, outputs);
  const Index m = masks.cols();
  if (blocks < 2 || m < blocks)
    throw std::invalid_argument(
        fmt::format("[datamodel] {} subsets in {} blocks, expected at least two blocks and a "
                    "subset in each",
                    m,
                    blocks));
  std::vector<MatrixXd> without;
  for (Index b = 0; b < blocks; ++b) {
    VectorXd q = VectorXd::Ones(m);
    const Index first = block_start(b, m, blocks);
    q.segment(first, block_start(b + 1, m, blocks) - first).setZero();
    const SubsetMoments moments = subset_moments(masks, outputs, q / q.sum());
    without.push_back(lasso_datamodel(moments, penalties, model.weights).model.weights);
  }
  return jackknife_errors(without);
}

VectorXd geometric_path(double highest, Index count, double ratio) {
  if (count < 1 || !(ratio > 0.0 && ratio < 1.0))
    throw std::invalid_argument(fmt::format(
        "[datamodel] a path of {} penalties down to {} of the highest, expected at least one and "
        "a ratio between 0 and 1",
        count,
        ratio));
  VectorXd path(count);  // (count)
  for (Index l = 0; l < count; ++l)
    path[l] =
        l == 0 ? highest
               : highest * std::pow(ratio, static_cast<double>(l) / static_cast<double>(count - 1));
  return path;
}

}  // namespace leaveout
