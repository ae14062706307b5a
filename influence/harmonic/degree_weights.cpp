// SPDX-License-Identifier: MIT
#include "influence/harmonic/degree_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "influence/harmonic/block_jackknife.h"
#include "influence/harmonic/cube.h"
#include "influence/harmonic/mask_pool.h"

namespace leaveout {

using Eigen::Index;
using Eigen::Matrix3d;
using Eigen::MatrixXd;
using Eigen::Vector3d;
using Eigen::VectorXd;

namespace {

Index checked_blocks(const MatrixXd& masks, const MatrixXd& outputs, double p, Index blocks) {
  check_rate(p);
  check_pool(masks, outputs);
  const Index m = masks.cols();
  if (m < 5 || blocks < 3)
    throw std::invalid_argument(fmt::format(
        "[harmonic] {} subsets in {} blocks, expected at least 5 in 3 or more", m, blocks));
  for (Index k = 0; k < outputs.cols(); ++k)
    if (outputs.col(k).minCoeff() == outputs.col(k).maxCoeff())
      throw std::invalid_argument(fmt::format(
          "[harmonic] output {} is the same for all subsets, expected one that varies", k));
  return std::min(blocks, m);
}

/// phi, (N x m).
MatrixXd basis(const MatrixXd& masks, double p) {
  return (masks.array() - p) / std::sqrt(p * (1.0 - p));
}

/// 1, y, y^2 of each subset, (m x 3), y centred: all that a pair's centring needs.
MatrixXd powers(const VectorXd& output) {
  MatrixXd f(output.size(), 3);
  f.col(0).setOnes();
  f.col(1) = output.array() - output.mean();
  f.col(2) = f.col(1).cwiseAbs2();
  return f;
}

/// Sums of one target over blocks, which add up over any choice of blocks.
struct BlockSums {
  MatrixXd pairs;   // (3 blocks x 3 blocks): sum over k in b, l in c, k != l, of T_kl f_k f_l'
  MatrixXd single;  // (3 x blocks): sum over k in b of f_k

  explicit BlockSums(Index blocks)
      : pairs(MatrixXd::Zero(3 * blocks, 3 * blocks)), single(MatrixXd::Zero(3, blocks)) {}

  auto pair(Index b, Index c) { return pairs.block<3, 3>(3 * b, 3 * c); }

  /// To be called once, when all blocks are in.
  void finish() {
    total_.setZero();
    rows_.assign(static_cast<std::size_t>(single.cols()), Matrix3d::Zero());
    for (Index b = 0; b < single.cols(); ++b) {
      for (Index c = 0; c < single.cols(); ++c) rows_[static_cast<std::size_t>(b)] += pair(b, c);
      total_ += rows_[static_cast<std::size_t>(b)];
    }
  }
  /// Of all subsets but those of blocks b and c (negative: none).
  double u_statistic(Index b, Index c) const {
    Matrix3d s = total_;
    Vector3d f = single.rowwise().sum();
    for (const Index gone : {b, c})
      if (gone >= 0) {
        const Matrix3d& row = rows_[static_cast<std::size_t>(gone)];
        s -= row + row.transpose() - pairs.block<3, 3>(3 * gone, 3 * gone);
        f -= single.col(gone);
      }
    if (b >= 0 && c >= 0)  // taken off twice
      s += pairs.block<3, 3>(3 * b, 3 * c) + pairs.block<3, 3>(3 * c, 3 * b);
    return centred_mean(s, f[0], f[1] / f[0]);
  }

 private:
  /// The mean of T_kl (y_k - c_kl)(y_l - c_kl) with c_kl the mean of the n - 2 others. About the
  /// mean of all n, y_k - c_kl = ((n - 1) y_k + y_l) / (n - 2).
  static double centred_mean(const Matrix3d& s, double n, double mean) {
    const double shift = mean * mean * s(0, 0) - 2.0 * mean * s(1, 0);
    const double products = s(1, 1) + shift, squares = s(2, 0) + shift;
    return (((n - 1.0) * (n - 1.0) + 1.0) * products + 2.0 * (n - 1.0) * squares) /
           ((n - 2.0) * (n - 2.0) * n * (n - 1.0));
  }

  Matrix3d total_;
  std::vector<Matrix3d> rows_;  // sums over c of pair(b, c)
};

BlockSums degree_one_sums(const MatrixXd& phi, const VectorXd& output, Index blocks) {
  const Index m = phi.cols();
  const MatrixXd f = powers(output);
  const VectorXd own = phi.colwise().squaredNorm();  // T_kk, (m)
  BlockSums sums(blocks);
  MatrixXd features(phi.rows(), 3 * blocks);  // sum over k in b of phi_k f_k', (N x 3 blocks)
  for (Index b = 0; b < blocks; ++b) {
    const Index first = block_start(b, m, blocks);
    const Index size = block_start(b + 1, m, blocks) - first;
    const auto fb = f.middleRows(first, size);
    features.middleCols<3>(3 * b).noalias() = phi.middleCols(first, size) * fb;
    sums.single.col(b) = fb.colwise().sum().transpose();
    sums.pair(b, b) = -(fb.transpose() * own.segment(first, size).asDiagonal() * fb);
  }
  sums.pairs.noalias() += features.transpose() * features;
  sums.finish();
  return sums;
}

/// Rows `first`, ..., `first + size - 1` of e_2, zero where k = l, (size x m).
MatrixXd second_kernel(const MatrixXd& phi, double p, Index first, Index size) {
  // phi^2 = 1 + skew phi, so sum phi^2 phi'^2 needs no product of its own.
  const double skew = (1.0 - 2.0 * p) / std::sqrt(p * (1.0 - p));
  const double n = static_cast<double>(phi.rows());
  const VectorXd sum = phi.colwise().sum();                         // (m)
  MatrixXd kernel = phi.middleCols(first, size).transpose() * phi;  // (size x m)
  for (Index l = 0; l < phi.cols(); ++l) {
    const auto inner = kernel.col(l).array();
    kernel.col(l) = 0.5 * (inner.square() - n - skew * (sum.segment(first, size).array() + sum[l]) -
                           skew * skew * inner);
  }
  for (Index k = 0; k < size; ++k) kernel(k, first + k) = 0.0;
  return kernel;
}

}  // namespace

std::vector<DegreeOne> degree_one_weights(const MatrixXd& masks,
                                          const MatrixXd& outputs,
                                          double p,
                                          const MatrixXd& repeats,
                                          Index wanted_blocks) {
  const Index blocks = checked_blocks(masks, outputs, p, wanted_blocks), m = masks.cols();
  const bool repeated = repeats.size() > 0;
  if (repeated && (repeats.rows() != m || repeats.cols() != outputs.cols() || !repeats.allFinite()))
    throw std::invalid_argument(
        "[harmonic] repeats have another shape than outputs, or are not "
        "finite, expected the same subsets and targets");
  const MatrixXd phi = basis(masks, p);
  std::vector<DegreeOne> result;
  for (Index k = 0; k < outputs.cols(); ++k) {
    const VectorXd y = outputs.col(k);
    const VectorXd z = repeated ? VectorXd(repeats.col(k)) : y;
    const BlockSums sums = degree_one_sums(phi, repeated ? VectorXd(0.5 * (y + z)) : y, blocks);
    MatrixXd moments(4, blocks);  // per block: subsets, sums of y, z and y z
    const VectorXd yc = y.array() - y.mean(), zc = z.array() - z.mean();
    for (Index b = 0; b < blocks; ++b) {
      const Index first = block_start(b, m, blocks);
      const Index size = block_start(b + 1, m, blocks) - first;
      moments.col(b) << static_cast<double>(size), yc.segment(first, size).sum(),
          zc.segment(first, size).sum(), yc.segment(first, size).dot(zc.segment(first, size));
    }
    const auto variance = [&](Index b, Index c) {
      Eigen::Vector4d s = moments.rowwise().sum();
      for (const Index gone : {b, c})
        if (gone >= 0) s -= moments.col(gone);
      return (s[3] - s[1] * s[2] / s[0]) / (s[0] - 1.0);
    };
    const auto weight = [&](Index b, Index c) { return sums.u_statistic(b, c); };
    result.push_back({block_jackknife(blocks, weight),
                      block_jackknife(blocks, variance),
                      block_jackknife(blocks, [&](Index b, Index c) {
                        return 1.0 - weight(b, c) / variance(b, c);
                      })});
  }
  return result;
}

std::vector<Measured> degree_two_weights(const MatrixXd& masks,
                                         const MatrixXd& outputs,
                                         double p,
                                         Index wanted_blocks) {
  const Index blocks = checked_blocks(masks, outputs, p, wanted_blocks), m = masks.cols();
  const MatrixXd phi = basis(masks, p);
  std::vector<MatrixXd> f;
  for (Index k = 0; k < outputs.cols(); ++k) f.push_back(powers(outputs.col(k)));
  std::vector<BlockSums> sums(f.size(), BlockSums(blocks));
  for (Index b = 0; b < blocks; ++b) {
    const Index first = block_start(b, m, blocks);
    const Index size = block_start(b + 1, m, blocks) - first;
    const MatrixXd kernel = second_kernel(phi, p, first, size);
    for (std::size_t k = 0; k < f.size(); ++k) {
      const auto fb = f[k].middleRows(first, size);
      const MatrixXd left = fb.transpose() * kernel;  // (3 x m)
      sums[k].single.col(b) = fb.colwise().sum().transpose();
      for (Index c = 0; c < blocks; ++c) {
        const Index other = block_start(c, m, blocks);
        const Index others = block_start(c + 1, m, blocks) - other;
        sums[k].pair(b, c) = left.middleCols(other, others) * f[k].middleRows(other, others);
      }
    }
  }
  std::vector<Measured> result;
  for (BlockSums& s : sums) {
    s.finish();
    result.push_back(
        block_jackknife(blocks, [&](Index b, Index c) { return s.u_statistic(b, c); }));
  }
  return result;
}

}  // namespace leaveout
