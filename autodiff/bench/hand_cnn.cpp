// SPDX-License-Identifier: MIT
#include "autodiff/bench/hand_cnn.h"

#include <algorithm>
#include <cmath>

#include "autodiff/vector_math.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

using Map = Eigen::Map<MatrixXd>;
using ConstMap = Eigen::Map<const MatrixXd>;
using ConstVec = Eigen::Map<const VectorXd>;

constexpr Index kSize = 5, kClasses = 10, kFeatures = 256;
constexpr Index kFirst = 8 * 26, kSecond = 16 * 201;  // parameters of the stages

template <class Expression>
void put(double* to, Index rows, Index cols, bool add, const Expression& expression) {
  Map map(to, rows, cols);
  if (add)
    map.noalias() += expression;
  else
    map.noalias() = expression;
}

}  // namespace

HandCnn::Stage HandCnn::make_stage(
    Index channels, Index side, Index out, Index offset, Index tile) {
  Stage s;
  s.channels = channels, s.side = side, s.out = out, s.offset = offset;
  s.patches.resize(s.inputs(), s.positions() * tile);
  s.patches_bar = s.patches;
  s.z.resize(out, s.positions() * tile);
  s.z_bar = s.z;
  s.h.resize(out, s.pooled() * tile);
  s.h_bar = s.h;
  s.below_bar.resize(channels, side * side * tile);
  s.largest.resize(static_cast<std::size_t>(s.h.size()));
  return s;
}

HandCnn::HandCnn(Index tile)
    : tile_(tile),
      first_(make_stage(1, 28, 8, 0, tile)),
      second_(make_stage(8, 12, 16, kFirst, tile)),
      y_(kClasses, tile),
      delta_(kClasses, tile) {}

/// A row of a square is one run of numbers in the image, and in the patch.
void HandCnn::take_patches(Stage& s, const double* images, Index n) {
  const Index run = kSize * s.channels, row = s.side * s.channels, out = s.conv_side();
  double* to = s.patches.data();
  for (Index j = 0; j < n; ++j)
    for (Index y = 0; y < out; ++y)
      for (Index x = 0; x < out; ++x)
        for (Index ky = 0; ky < kSize; ++ky, to += run)
          std::copy_n(images + (j * s.side + y + ky) * row + x * s.channels, run, to);
}

void HandCnn::add_patches_back(Stage& s, Index n) {
  const Index run = kSize * s.channels, row = s.side * s.channels, out = s.conv_side();
  const double* from = s.patches_bar.data();
  s.below_bar.setZero();
  for (Index j = 0; j < n; ++j)
    for (Index y = 0; y < out; ++y)
      for (Index x = 0; x < out; ++x)
        for (Index ky = 0; ky < kSize; ++ky, from += run) {
          double* to = s.below_bar.data() + (j * s.side + y + ky) * row + x * s.channels;
          for (Index i = 0; i < run; ++i) to[i] += from[i];
        }
}

void HandCnn::pool(Stage& s, Index n) {
  const Index side = s.conv_side(), half = side / 2;
  const double* z = s.z.data();
  Index to = 0;
  for (Index j = 0; j < n; ++j)
    for (Index y = 0; y < half; ++y)
      for (Index x = 0; x < half; ++x)
        for (Index c = 0; c < s.out; ++c, ++to) {
          const Index at = c + s.out * (2 * x + side * (2 * y + side * j));
          Index best = at;
          for (const Index i : {at + s.out, at + s.out * side, at + s.out * (side + 1)})
            if (z[i] > z[best]) best = i;
          s.h.data()[to] = z[best];
          s.largest[static_cast<std::size_t>(to)] = best;
        }
}

void HandCnn::forward(Stage& s, const double* theta, const double* images, Index n) {
  take_patches(s, images, n);
  const ConstMap w(theta + s.offset, s.out, s.inputs());
  Map z(s.z.data(), s.out, s.positions() * n);
  z.noalias() = w * s.patches.leftCols(s.positions() * n);
  z.colwise() += ConstVec(theta + s.offset + w.size(), s.out);
  z = z.cwiseMax(0.0);
  pool(s, n);
}

/// From h_bar to the gradient and, if there is something below, below_bar.
void HandCnn::backward(Stage& s, const double* theta, bool below, Index n, double* g, bool add) {
  const Index columns = s.positions() * n;
  const ConstMap w(theta + s.offset, s.out, s.inputs());
  Map z_bar(s.z_bar.data(), s.out, columns);
  z_bar.setZero();
  for (Index i = 0; i < s.out * s.pooled() * n; ++i)
    if (s.h.data()[i] > 0) z_bar.data()[s.largest[static_cast<std::size_t>(i)]] = s.h_bar.data()[i];
  double* to = g + s.offset;
  put(to, s.out, s.inputs(), add, z_bar * s.patches.leftCols(columns).transpose());
  put(to + w.size(), s.out, 1, add, z_bar.rowwise().sum());
  if (!below) return;
  Map(s.patches_bar.data(), s.inputs(), columns).noalias() = w.transpose() * z_bar;
  add_patches_back(s, n);
}

/// The affine layer and the loss; leaves h_bar in the second stage.
double HandCnn::head(const double* theta, const BenchData& data, Index begin, Index n, double* g) {
  const ConstMap w(theta, kClasses, kFeatures), h(second_.h.data(), kFeatures, n);
  Map y(y_.data(), kClasses, n), delta(delta_.data(), kClasses, n);
  y.noalias() = w * h;
  y.colwise() += ConstVec(theta + w.size(), kClasses);
  double value = 0;
  for (Index j = 0; j < n; ++j) {
    const double weight = data.w(begin + j), top = y.col(j).maxCoeff();
    y.col(j).array() -= top;
    value -= weight * data.t.col(begin + j).dot(y.col(j));
    vmath::exp(y.col(j).data(), delta.col(j).data(), kClasses);
    const double total = delta.col(j).sum();
    value += weight * std::log(total);
    delta.col(j) = weight * (delta.col(j) / total - data.t.col(begin + j));
  }
  put(g, kClasses, kFeatures, begin > 0, delta * h.transpose());
  put(g + w.size(), kClasses, 1, begin > 0, delta.rowwise().sum());
  Map(second_.h_bar.data(), kFeatures, n).noalias() = w.transpose() * delta;
  return value;
}

double HandCnn::gradient(const VectorXd& theta, const BenchData& data, VectorXd& g) {
  double value = 0;
  for (Index begin = 0; begin < data.x.cols(); begin += tile_) {
    const Index n = std::min(tile_, data.x.cols() - begin);
    const Index last = kFirst + kSecond;
    forward(first_, theta.data(), data.x.col(begin).data(), n);
    forward(second_, theta.data(), first_.h.data(), n);
    value += head(theta.data() + last, data, begin, n, g.data() + last);
    backward(second_, theta.data(), true, n, g.data(), begin > 0);
    first_.h_bar.leftCols(first_.pooled() * n) =
        Map(second_.below_bar.data(), first_.out, first_.pooled() * n);
    backward(first_, theta.data(), false, n, g.data(), begin > 0);
  }
  return value;
}

}  // namespace leaveout
