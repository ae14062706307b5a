// SPDX-License-Identifier: MIT
// Convolutions and pooling: the laws of the four sweeps, and the definitions written as plain
// loops.
#include "autodiff/ops/convolution.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "autodiff/ops/bilinear.h"
#include "autodiff/ops/linear.h"
#include "autodiff/sweeps.h"
#include "tests/support/check_op.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;

namespace {

using Mat = Matrix<double>;

struct Geometry {
  ImageShape image;
  Window window;
};

const Geometry kGeometries[] = {{{1, 5, 5}, {.size = 3}},
                                {{3, 4, 6}, {.size = 2, .stride = 2}},
                                {{2, 5, 4}, {.size = 3, .stride = 1, .padding = 1}},
                                {{2, 5, 7}, {.size = 3, .stride = 2, .padding = 1}},
                                {{1, 6, 5}, {.size = 2, .stride = 3}},
                                {{4, 3, 3}, {.size = 1}},
                                {{1, 2, 2}, {.size = 5, .stride = 2, .padding = 3}}};

std::string text(const Geometry& g) {
  return fmt::format("{}x{}x{} by {} stride {} padding {}",
                     g.image.channels,
                     g.image.height,
                     g.image.width,
                     g.window.size,
                     g.window.stride,
                     g.window.padding);
}

void expect_lawful(const OpCase& c) {
  const std::vector<std::string> failures = check_op(c);
  for (const std::string& failure : failures) FAIL_CHECK(failure);
  CHECK(failures.empty());
}

/// Records one function of an image, runs it on `x` (image size x N), returns its result.
template <class Record>
Mat value_of(const Mat& x, const Vector<double>& theta, Record record) {
  Recorder<double> r;
  const SlotId in = r.input(x.rows());
  const SlotId y = record(r, in);
  const SlotId anchor = r.parameter(1, 1);  // a Program needs a parameter that it depends on
  const SlotId row = affine(r, anchor, -1, column_mean(r, in));
  const Program<double> program = std::move(r).finish({row, row, sum(r, row)});
  Workspace<double> ws(program, x.cols());
  Vector<double> all(program.parameter_count());
  all << theta, 1.0;
  ws.bind_parameters(all.data());
  ws.bind_batch({{x.data()}, x.cols()});
  forward(ws);
  return ws.x(y);
}

/// Pixel (c, y, x) of column n, zero outside.
double pixel(const Mat& images, const ImageShape& s, Index c, Index y, Index x, Index n) {
  if (y < 0 || y >= s.height || x < 0 || x >= s.width) return 0;
  return images(c + s.channels * (x + s.width * y), n);
}

/// The definition of a convolution, six loops.
Mat convolved(const Mat& images, const Geometry& g, const Mat& weight, const Mat& bias) {
  const ImageShape& s = g.image;
  const Window& w = g.window;
  const ImageShape out = w.over(s, weight.rows());
  Mat z(out.size(), images.cols());
  for (Index n = 0; n < images.cols(); ++n)
    for (Index o = 0; o < out.channels; ++o)
      for (Index oy = 0; oy < out.height; ++oy)
        for (Index ox = 0; ox < out.width; ++ox) {
          double sum = bias(o, 0);
          for (Index c = 0; c < s.channels; ++c)
            for (Index ky = 0; ky < w.size; ++ky)
              for (Index kx = 0; kx < w.size; ++kx)
                sum += weight(o, c + s.channels * (kx + w.size * ky)) *
                       pixel(images,
                             s,
                             c,
                             oy * w.stride + ky - w.padding,
                             ox * w.stride + kx - w.padding,
                             n);
          z(o + out.channels * (ox + out.width * oy), n) = sum;
        }
  return z;
}

}  // namespace

TEST_CASE("im2col, col2im and pooling keep the laws of the four sweeps") {
  for (const Geometry& g : kGeometries) {
    CAPTURE(text(g));
    const ImageShape patches =
        g.window.over(g.image, g.image.channels * g.window.size * g.window.size);
    const auto gather = [&](auto& r, const auto& in) {
      return im2col(r, in[0], g.image, g.window);
    };
    const auto scatter = [&](auto& r, const auto& in) {
      return col2im(r, in[0], g.image, g.window);
    };
    const auto largest = [&](auto& r, const auto& in) {
      return max_pool(r, in[0], g.image, g.window);
    };
    const auto mean = [&](auto& r, const auto& in) {
      return avg_pool(r, in[0], g.image, g.window);
    };
    for (const Index columns : {1, 3}) {
      const OpArgument image = free_argument(g.image.size(), kBatch);
      expect_lawful(op_case("im2col", {image}, columns, gather));
      expect_lawful(op_case("col2im", {free_argument(patches.size(), kBatch)}, columns, scatter));
      if (g.window.padding > 0) continue;
      expect_lawful(op_case("max_pool", {image}, columns, largest));
      expect_lawful(op_case("avg_pool", {image}, columns, mean));
    }
  }
}

TEST_CASE("an affine layer on several positions keeps the laws of the four sweeps") {
  const auto layer = [](auto& r, const auto& in) { return affine(r, in[0], in[2], in[1]); };
  const auto no_bias = [](auto& r, const auto& in) { return affine(r, in[0], -1, in[1]); };
  const auto biased = [](auto& r, const auto& in) { return bias(r, in[0], in[1]); };
  for (const Index positions : {1, 2, 5})
    for (const OpArgument& w : {parameter_argument(3, 4), free_argument(3, 4)}) {
      const OpArgument x = free_argument(4 * positions, kBatch);
      const OpArgument fixed = free_argument(4 * positions, 2);
      for (const OpArgument& argument : {x, data_argument(4 * positions), fixed}) {
        expect_lawful(op_case("affine", {w, argument}, 2, no_bias));
        expect_lawful(op_case("affine", {w, argument, parameter_argument(3, 1)}, 2, layer));
      }
      expect_lawful(op_case("bias", {x, parameter_argument(4, 1)}, 3, biased));
    }
}

TEST_CASE("conv2d is the sum over channels and window of weight times pixel") {
  TestNumbers numbers(5);
  for (const Geometry& g : kGeometries) {
    CAPTURE(text(g));
    const Index patch = g.image.channels * g.window.size * g.window.size;
    const Mat x = numbers.normal(g.image.size(), 3), parameters = numbers.normal(2, patch + 1);
    const Mat z = value_of(
        x, Vector<double>::Map(parameters.data(), parameters.size()), [&](auto& r, SlotId in) {
          const SlotId weight = r.parameter(2, patch);
          return conv2d(r, weight, r.parameter(2, 1), in, g.image, g.window);
        });
    const Mat expected = convolved(x, g, parameters.leftCols(patch), parameters.rightCols(1));
    CHECK(distance(z, expected) < 1e-14);
  }
}

TEST_CASE("a transposed convolution is the transpose of the convolution") {
  TestNumbers numbers(6);
  for (const Geometry& g : kGeometries) {
    CAPTURE(text(g));
    const Index patch = g.image.channels * g.window.size * g.window.size;
    const ImageShape small = g.window.over(g.image, 2);
    const Mat weight = numbers.normal(2, patch), up = weight.transpose();
    const Mat x = numbers.normal(g.image.size(), 2), y = numbers.normal(small.size(), 2);
    const Vector<double> shift = numbers.normal(g.image.channels, 1);
    Vector<double> theta(up.size() + shift.size());
    theta << Vector<double>::Map(up.data(), up.size()), shift;
    Mat back = value_of(y, theta, [&](auto& r, SlotId in) {
      const SlotId w = r.parameter(patch, 2);
      return conv2d_transpose(r, w, r.parameter(g.image.channels, 1), in, g.image, g.window);
    });
    for (Index i = 0; i < back.rows(); ++i) back.row(i).array() -= shift(i % shift.size());
    const Mat there = convolved(x, g, weight, Mat::Zero(2, 1));
    CHECK(there.cwiseProduct(y).sum() ==
          doctest::Approx(x.cwiseProduct(back).sum()).epsilon(1e-12));
  }
}

TEST_CASE("pooling takes the largest pixel or the mean of each square of each channel") {
  TestNumbers numbers(7);
  for (const Geometry& g : kGeometries) {
    if (g.window.padding > 0) continue;
    CAPTURE(text(g));
    const Mat x = numbers.normal(g.image.size(), 3);
    const ImageShape out = g.window.over(g.image, g.image.channels);
    Mat largest(out.size(), 3), mean(out.size(), 3);
    for (Index n = 0; n < 3; ++n)
      for (Index c = 0; c < out.channels; ++c)
        for (Index oy = 0; oy < out.height; ++oy)
          for (Index ox = 0; ox < out.width; ++ox) {
            double best = -1e300, sum = 0;
            for (Index ky = 0; ky < g.window.size; ++ky)
              for (Index kx = 0; kx < g.window.size; ++kx) {
                const double p =
                    pixel(x, g.image, c, oy * g.window.stride + ky, ox * g.window.stride + kx, n);
                best = std::max(best, p);
                sum += p;
              }
            const Index at = c + out.channels * (ox + out.width * oy);
            largest(at, n) = best;
            mean(at, n) = sum / static_cast<double>(g.window.size * g.window.size);
          }
    const Vector<double> none;
    CHECK(value_of(x, none, [&](auto& r, SlotId in) {
            return max_pool(r, in, g.image, g.window);
          }) == largest);
    CHECK(distance(
              value_of(
                  x, none, [&](auto& r, SlotId in) { return avg_pool(r, in, g.image, g.window); }),
              mean) < 1e-14);
  }
}

TEST_CASE("at a tie the first pixel, row by row, has the whole derivative of max_pool") {
  Recorder<double> r;
  const SlotId x = r.parameter(4, 1);
  const SlotId y = max_pool(r, x, {1, 2, 2}, {.size = 2});
  const SlotId row = affine(r, y, -1, r.input(1));
  const Program<double> program = std::move(r).finish({row, row, sum(r, row)});
  const double one = 1;
  for (const auto& [pixels, chosen] : {std::pair(Vector<double>(Eigen::Vector4d(3, 3, 3, 3)), 0),
                                       std::pair(Vector<double>(Eigen::Vector4d(1, 3, 3, 2)), 1),
                                       std::pair(Vector<double>(Eigen::Vector4d(1, 2, 3, 3)), 2)}) {
    Workspace<double> ws(program, 1);
    Vector<double> g(4);
    ws.bind_parameters(pixels.data());
    ws.bind_batch({{&one}, 1});
    ws.bind_gradient(g.data());
    forward(ws);
    seed(ws);
    reverse(ws);
    CHECK(g == Vector<double>(Vector<double>::Unit(4, chosen)));
  }
}

TEST_CASE("max_pool does not hide a NaN") {
  Mat x = Mat::Ones(4, 1);
  for (const Index at : {0, 1, 3}) {
    x.setOnes();
    x(at, 0) = std::nan("");
    const Mat y = value_of(x, Vector<double>(), [](auto& r, SlotId in) {
      return max_pool(r, in, {1, 2, 2}, {.size = 2});
    });
    CHECK(std::isnan(y(0, 0)));
  }
}

TEST_CASE("shapes that do not fit are refused in one line") {
  Recorder<double> r;
  const ImageShape image{2, 4, 4};
  const SlotId x = r.input(32), wrong = r.input(31);
  const SlotId weight = r.parameter(3, 18), narrow = r.parameter(3, 17);
  CHECK_THROWS_AS(im2col(r, wrong, image, {.size = 3}), std::invalid_argument);
  CHECK_THROWS_AS(im2col(r, x, image, {.size = 5}), std::invalid_argument);
  CHECK_THROWS_AS(im2col(r, x, image, {.size = 0}), std::invalid_argument);
  CHECK_THROWS_AS(im2col(r, x, image, {.size = 2, .stride = 0}), std::invalid_argument);
  CHECK_THROWS_AS(im2col(r, x, image, {.size = 2, .stride = 1, .padding = 2}),
                  std::invalid_argument);
  CHECK_THROWS_AS(im2col(r, x, {0, 4, 4}, {.size = 2}), std::invalid_argument);
  CHECK_THROWS_AS(conv2d(r, narrow, -1, x, image, {.size = 3}), std::invalid_argument);
  CHECK_THROWS_AS(conv2d(r, weight, narrow, x, image, {.size = 3}), std::invalid_argument);
  CHECK_THROWS_AS(conv2d_transpose(r, weight, -1, x, image, {.size = 3}), std::invalid_argument);
  CHECK_THROWS_AS(col2im(r, x, image, {.size = 3}), std::invalid_argument);
  CHECK_THROWS_AS(max_pool(r, x, image, {.size = 3, .stride = 1, .padding = 1}),
                  std::invalid_argument);
  CHECK_THROWS_AS(avg_pool(r, wrong, image, {.size = 2}), std::invalid_argument);
  CHECK_THROWS_WITH_AS(affine(r, weight, -1, wrong),
                       "[affine] input, expected a multiple of 18 rows, got 31 x batch",
                       std::invalid_argument);
}
