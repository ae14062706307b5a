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
  s.r_patches = s.r_patches_bar = s.patches;
  s.r_z = s.r_z_bar = s.z;
  s.r_h = s.r_h_bar = s.h;
  s.r_below_bar = s.below_bar;
  s.largest.resize(static_cast<std::size_t>(s.h.size()));
  return s;
}

HandCnn::HandCnn(Index tile)
    : tile_(tile),
      first_(make_stage(1, 28, 8, 0, tile)),
      second_(make_stage(8, 12, 16, kFirst, tile)),
      y_(kClasses, tile),
      delta_(y_),
      p_(y_),
      r_y_(y_),
      r_delta_(y_) {}

/// A row of a square is one run of numbers in the image, and in the patch.
void HandCnn::take_patches(const Stage& s, const double* images, Index n, double* to) {
  const Index run = kSize * s.channels, row = s.side * s.channels, out = s.conv_side();
  for (Index j = 0; j < n; ++j)
    for (Index y = 0; y < out; ++y)
      for (Index x = 0; x < out; ++x)
        for (Index ky = 0; ky < kSize; ++ky, to += run)
          std::copy_n(images + (j * s.side + y + ky) * row + x * s.channels, run, to);
}

void HandCnn::add_patches_back(const Stage& s, const double* from, Index n, MatrixXd& to) {
  const Index run = kSize * s.channels, row = s.side * s.channels, out = s.conv_side();
  to.setZero();
  for (Index j = 0; j < n; ++j)
    for (Index y = 0; y < out; ++y)
      for (Index x = 0; x < out; ++x)
        for (Index ky = 0; ky < kSize; ++ky, from += run) {
          double* at = to.data() + (j * s.side + y + ky) * row + x * s.channels;
          for (Index i = 0; i < run; ++i) at[i] += from[i];
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
  take_patches(s, images, n, s.patches.data());
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
  add_patches_back(s, s.patches_bar.data(), n, s.below_bar);
}

/// The affine layer and the loss; leaves h_bar in the second stage.
double HandCnn::head(
    const double* theta, const BenchData& data, Index begin, Index n, double* g, bool add) {
  const ConstMap w(theta, kClasses, kFeatures), h(second_.h.data(), kFeatures, n);
  Map y(y_.data(), kClasses, n), delta(delta_.data(), kClasses, n);
  y.noalias() = w * h;
  y.colwise() += ConstVec(theta + w.size(), kClasses);
  double value = 0;
  for (Index j = 0; j < n; ++j) {
    const double weight = data.w(begin + j), top = y.col(j).maxCoeff();
    y.col(j).array() -= top;
    value -= weight * data.t.col(begin + j).dot(y.col(j));
    vmath::exp(y.col(j).data(), p_.col(j).data(), kClasses);
    const double total = p_.col(j).sum();
    value += weight * std::log(total);
    p_.col(j) /= total;
    delta.col(j) = weight * (p_.col(j) - data.t.col(begin + j));
  }
  put(g, kClasses, kFeatures, add, delta * h.transpose());
  put(g + w.size(), kClasses, 1, add, delta.rowwise().sum());
  Map(second_.h_bar.data(), kFeatures, n).noalias() = w.transpose() * delta;
  return value;
}

double HandCnn::tile_gradient(
    const VectorXd& theta, const BenchData& data, Index begin, Index n, VectorXd& g, bool add) {
  const Index last = kFirst + kSecond;
  forward(first_, theta.data(), data.x.col(begin).data(), n);
  forward(second_, theta.data(), first_.h.data(), n);
  const double value = head(theta.data() + last, data, begin, n, g.data() + last, add);
  backward(second_, theta.data(), true, n, g.data(), add);
  first_.h_bar.leftCols(first_.pooled() * n) =
      Map(second_.below_bar.data(), first_.out, first_.pooled() * n);
  backward(first_, theta.data(), false, n, g.data(), add);
  return value;
}

double HandCnn::gradient(const VectorXd& theta, const BenchData& data, VectorXd& g) {
  double value = 0;
  for (Index begin = 0; begin < data.x.cols(); begin += tile_)
    value +=
        tile_gradient(theta, data, begin, std::min(tile_, data.x.cols() - begin), g, begin > 0);
  return value;
}

/// r_images: of what lies below; null where that does not move.
void HandCnn::r_forward(
    Stage& s, const double* theta, const double* v, const double* r_images, Index n) {
  const Index columns = s.positions() * n;
  const ConstMap w(theta + s.offset, s.out, s.inputs()), r_w(v + s.offset, s.out, s.inputs());
  Map r_z(s.r_z.data(), s.out, columns);
  r_z.noalias() = r_w * s.patches.leftCols(columns);
  if (r_images) {
    take_patches(s, r_images, n, s.r_patches.data());
    r_z.noalias() += w * s.r_patches.leftCols(columns);
  }
  r_z.colwise() += ConstVec(v + s.offset + w.size(), s.out);
  for (Index i = 0; i < s.out * s.pooled() * n; ++i)
    s.r_h.data()[i] =
        s.h.data()[i] > 0 ? s.r_z.data()[s.largest[static_cast<std::size_t>(i)]] : 0.0;
}

/// Leaves r_h_bar in the second stage.
void HandCnn::r_head(const double* theta,
                     const double* v,
                     const BenchData& data,
                     Index begin,
                     Index n,
                     bool gauss_newton,
                     double* hv,
                     bool add) {
  const ConstMap w(theta, kClasses, kFeatures), r_w(v, kClasses, kFeatures);
  const ConstMap h(second_.h.data(), kFeatures, n), r_h(second_.r_h.data(), kFeatures, n);
  const ConstMap delta(delta_.data(), kClasses, n);
  Map r_y(r_y_.data(), kClasses, n), r_delta(r_delta_.data(), kClasses, n);
  Map r_h_bar(second_.r_h_bar.data(), kFeatures, n);
  r_y.noalias() = r_w * h;
  r_y.noalias() += w * r_h;
  r_y.colwise() += ConstVec(v + w.size(), kClasses);
  for (Index j = 0; j < n; ++j) {
    const double mean = p_.col(j).dot(r_y.col(j));
    r_delta.col(j).array() = data.w(begin + j) * p_.col(j).array() * (r_y.col(j).array() - mean);
  }
  put(hv, kClasses, kFeatures, add, r_delta * h.transpose());
  put(hv + w.size(), kClasses, 1, add, r_delta.rowwise().sum());
  r_h_bar.noalias() = w.transpose() * r_delta;
  if (gauss_newton) return;
  put(hv, kClasses, kFeatures, true, delta * r_h.transpose());
  r_h_bar.noalias() += r_w.transpose() * delta;
}

/// From r_h_bar to the product and, if there is something below, r_below_bar.
void HandCnn::r_backward(Stage& s,
                         const double* theta,
                         const double* v,
                         bool below,
                         Index n,
                         bool gauss_newton,
                         double* hv,
                         bool add) {
  const Index columns = s.positions() * n;
  const ConstMap w(theta + s.offset, s.out, s.inputs()), r_w(v + s.offset, s.out, s.inputs());
  const ConstMap z_bar(s.z_bar.data(), s.out, columns);
  Map r_z_bar(s.r_z_bar.data(), s.out, columns),
      r_p_bar(s.r_patches_bar.data(), s.inputs(), columns);
  r_z_bar.setZero();
  for (Index i = 0; i < s.out * s.pooled() * n; ++i)
    if (s.h.data()[i] > 0)
      r_z_bar.data()[s.largest[static_cast<std::size_t>(i)]] = s.r_h_bar.data()[i];
  double* to = hv + s.offset;
  put(to, s.out, s.inputs(), add, r_z_bar * s.patches.leftCols(columns).transpose());
  put(to + w.size(), s.out, 1, add, r_z_bar.rowwise().sum());
  if (!below) return;
  r_p_bar.noalias() = w.transpose() * r_z_bar;
  if (!gauss_newton) {
    put(to, s.out, s.inputs(), true, z_bar * s.r_patches.leftCols(columns).transpose());
    r_p_bar.noalias() += r_w.transpose() * z_bar;
  }
  add_patches_back(s, s.r_patches_bar.data(), n, s.r_below_bar);
}

void HandCnn::tile_product(const VectorXd& theta,
                           const BenchData& data,
                           Index begin,
                           Index n,
                           const VectorXd& v,
                           bool gauss_newton,
                           VectorXd& hv,
                           bool add) {
  const Index last = kFirst + kSecond;
  const double *at = theta.data(), *along = v.data();
  r_forward(first_, at, along, nullptr, n);
  r_forward(second_, at, along, first_.r_h.data(), n);
  r_head(at + last, along + last, data, begin, n, gauss_newton, hv.data() + last, add);
  r_backward(second_, at, along, true, n, gauss_newton, hv.data(), add);
  first_.r_h_bar.leftCols(first_.pooled() * n) =
      Map(second_.r_below_bar.data(), first_.out, first_.pooled() * n);
  r_backward(first_, at, along, false, n, gauss_newton, hv.data(), add);
}

}  // namespace leaveout
