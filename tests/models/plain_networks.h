// SPDX-License-Identifier: MIT
#pragma once
// The networks of models/architecture.h once more, as plain loops over one example: no recording,
// no patches, channels slowest. What the tests hold the recorded networks against.
//
//   PlainNetwork net(theta, spec);
//   Tensor h = net.activate(net.conv(tensor(x, {1, 8, 8}), 4, {.size = 3, .padding = 1}));

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "models/model.h"

namespace leaveout {

/// An image, v[(c height + y) width + x].
struct Tensor {
  Index c, h, w;
  std::vector<double> v;
  Tensor(Index channels, Index height, Index width)
      : c(channels),
        h(height),
        w(width),
        v(static_cast<std::size_t>(channels * height * width), 0.0) {}
  double& at(Index k, Index y, Index x) { return v[static_cast<std::size_t>((k * h + y) * w + x)]; }
  double at(Index k, Index y, Index x) const {
    return v[static_cast<std::size_t>((k * h + y) * w + x)];
  }
  Index size() const { return c * h * w; }
};

template <class Body>
void for_each_entry(const Tensor& t, const Body& body) {
  for (Index k = 0; k < t.c; ++k)
    for (Index y = 0; y < t.h; ++y)
      for (Index x = 0; x < t.w; ++x) body(k, y, x);
}

/// Entry of a pixel in the engine's columns.
inline Index entry(const Tensor& t, Index k, Index y, Index x) {
  return k + t.c * (x + t.w * y);
}

inline Tensor tensor(const Eigen::VectorXd& column, const ImageShape& s) {
  Tensor t(s.channels, s.height, s.width);
  for_each_entry(t, [&](Index k, Index y, Index x) { t.at(k, y, x) = column(entry(t, k, y, x)); });
  return t;
}

inline Eigen::VectorXd column(const Tensor& t) {
  Eigen::VectorXd result(t.size());
  for_each_entry(t, [&](Index k, Index y, Index x) { result(entry(t, k, y, x)) = t.at(k, y, x); });
  return result;
}

inline double plain_activation(Activation a, double z) {
  switch (a) {
    case Activation::relu:
      return z > 0 ? z : 0;
    case Activation::tanh:
      return std::tanh(z);
    case Activation::sigmoid:
      return 1 / (1 + std::exp(-z));
    case Activation::softplus:
      return std::log1p(std::exp(-std::abs(z))) + std::max(z, 0.0);
    default:
      return 0.5 * z * (1 + std::erf(z / std::numbers::sqrt2));
  }
}

/// Reads its parameters off theta in the order of its calls.
class PlainNetwork {
 public:
  PlainNetwork(const Eigen::VectorXd& theta, const ModelSpec& spec) : theta_(theta), spec_(spec) {}
  /// How much of theta the calls have read.
  Index read() const { return at_; }

  Tensor dense(const Tensor& x, Index channels, Index height = 1, Index width = 1) {
    Tensor z(channels, height, width);
    const Eigen::MatrixXd w = take(z.size(), x.size());
    const Eigen::VectorXd in = column(x), b = biases(z.size());
    Eigen::VectorXd out(z.size());
    for (Index o = 0; o < out.size(); ++o) {
      out(o) = b(o);
      for (Index i = 0; i < in.size(); ++i) out(o) += w(o, i) * in(i);
    }
    return tensor(out, {channels, height, width});
  }

  Tensor conv(const Tensor& x, Index channels, const Window& g) {
    const Eigen::MatrixXd w = take(channels, x.c * g.size * g.size);
    const Eigen::VectorXd b = biases(channels);
    Tensor z(channels,
             (x.h + 2 * g.padding - g.size) / g.stride + 1,
             (x.w + 2 * g.padding - g.size) / g.stride + 1);
    for_each_entry(z, [&](Index o, Index y, Index col) {
      z.at(o, y, col) = b(o);
      for_each_tap(x, g, y, col, [&](Index c, Index iy, Index ix, Index tap) {
        z.at(o, y, col) += w(o, tap) * x.at(c, iy, ix);
      });
    });
    return z;
  }

  /// Each pixel of x, times the weights, is added to its square of the result.
  Tensor conv_transpose(const Tensor& x, const ImageShape& out, const Window& g) {
    const Eigen::MatrixXd w = take(out.channels * g.size * g.size, x.c);
    const Eigen::VectorXd b = biases(out.channels);
    Tensor z(out.channels, out.height, out.width);
    for_each_entry(z, [&](Index c, Index y, Index col) { z.at(c, y, col) = b(c); });
    for_each_entry(x, [&](Index i, Index y, Index col) {
      for_each_tap(z, g, y, col, [&](Index c, Index oy, Index ox, Index tap) {
        z.at(c, oy, ox) += w(tap, i) * x.at(i, y, col);
      });
    });
    return z;
  }

  Tensor pool(const Tensor& x, Index side) const {
    Tensor z(x.c, x.h / side, x.w / side);
    for_each_entry(z, [&](Index c, Index y, Index col) {
      double sum = 0, largest = -std::numeric_limits<double>::infinity();
      for (Index j = 0; j < side; ++j)
        for (Index i = 0; i < side; ++i) {
          const double pixel = x.at(c, side * y + j, side * col + i);
          sum += pixel;
          largest = std::max(largest, pixel);
        }
      const bool max = spec_.family == Family::lenet && spec_.pooling == Pooling::max;
      z.at(c, y, col) = max ? largest : sum / static_cast<double>(side * side);
    });
    return z;
  }

  /// Layer norm where the spec has it, then the activation.
  Tensor activate(const Tensor& x) {
    Eigen::VectorXd z = column(x);
    if (spec_.layer_norm) {
      const Eigen::VectorXd gain = take(z.size(), 1), shift = take(z.size(), 1);
      const double n = static_cast<double>(z.size());
      double mean = 0, variance = 0;
      for (Index i = 0; i < z.size(); ++i) mean += z(i) / n;
      for (Index i = 0; i < z.size(); ++i) variance += (z(i) - mean) * (z(i) - mean) / n;
      for (Index i = 0; i < z.size(); ++i)
        z(i) = gain(i) * (z(i) - mean) / std::sqrt(variance + 1e-5) + shift(i);
    }
    for (Index i = 0; i < z.size(); ++i) z(i) = plain_activation(spec_.activation, z(i));
    return tensor(z, {x.c, x.h, x.w});
  }

  static Tensor sum(const Tensor& a, const Tensor& b) {
    Tensor z = a;
    for (std::size_t i = 0; i < z.v.size(); ++i) z.v[i] += b.v[i];
    return z;
  }

 private:
  Eigen::MatrixXd take(Index rows, Index cols) {
    Eigen::MatrixXd block(rows, cols);
    for (Index j = 0; j < cols; ++j)
      for (Index i = 0; i < rows; ++i) block(i, j) = theta_(at_++);
    return block;
  }
  Eigen::VectorXd biases(Index n) {
    return spec_.bias ? Eigen::VectorXd(take(n, 1)) : Eigen::VectorXd::Zero(n);
  }
  /// The pixels of `image` under the square of position (y, x), and which weight each meets.
  template <class Body>
  static void for_each_tap(
      const Tensor& image, const Window& g, Index y, Index x, const Body& body) {
    for (Index c = 0; c < image.c; ++c)
      for (Index ky = 0; ky < g.size; ++ky)
        for (Index kx = 0; kx < g.size; ++kx) {
          const Index iy = y * g.stride + ky - g.padding, ix = x * g.stride + kx - g.padding;
          if (iy >= 0 && iy < image.h && ix >= 0 && ix < image.w)
            body(c, iy, ix, c + image.c * (kx + g.size * ky));
        }
  }

  const Eigen::VectorXd& theta_;
  const ModelSpec& spec_;
  Index at_ = 0;
};

}  // namespace leaveout
