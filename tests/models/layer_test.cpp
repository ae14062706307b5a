// SPDX-License-Identifier: MIT
// Layers one by one: what a residual block and a layer norm must do, whatever their parameters.
#include "models/layer.h"

#include <doctest/doctest.h>

#include "autodiff/derivatives.h"
#include "autodiff/ops/bilinear.h"
#include "autodiff/ops/linear.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

const ImageShape kImage{2, 4, 3};
constexpr Window kSame{.size = 3, .stride = 1, .padding = 1};

Layer conv() {
  return {LayerKind::conv, kImage, kImage, kSame, {}, true};
}
Layer activation(Activation a) {
  return {LayerKind::activation, kImage, kImage, {}, a};
}

/// What the layers give for x, at theta.
MatrixXd apply(const Architecture& layers, const VectorXd& theta, const MatrixXd& x) {
  Recorder<double> r;
  const SlotId in = r.input(x.rows());
  const SlotId y = record(r, layers, in);
  const SlotId loss = column_mean(r, y);
  const Program<double> program = std::move(r).finish({y, loss, sum(r, loss)});
  REQUIRE(program.parameter_count() == theta.size());
  Workspace<double> ws(program, x.cols());
  MatrixXd result(program.output_count(), x.cols());
  outputs<double>(ws, {{x.data()}, x.cols()}, theta, result);
  return result;
}

Index count(const Architecture& layers) {
  const ParameterBlock last = parameter_blocks(layers).back();
  return last.offset + last.size();
}

}  // namespace

TEST_CASE("a residual block whose second convolution is zero is the activation") {
  const Layer inner_act = activation(Activation::softplus);
  const Architecture block = {
      {LayerKind::residual, kImage, kImage, {}, {}, false, {conv(), inner_act, conv()}},
      activation(Activation::tanh)};
  TestNumbers numbers(3);
  const MatrixXd x = numbers.normal(kImage.size(), 5);
  VectorXd theta = numbers.normal(count(block), 1);
  const Index second = count({conv()});
  CHECK(theta.size() == 2 * second);
  const MatrixXd bent = x.unaryExpr([](double v) { return std::tanh(v); });
  CHECK(distance(apply(block, theta, x), bent) > 0.1);
  theta.tail(second).setZero();
  CHECK(distance(apply(block, theta, x), bent) < 1e-15);
  // With the first convolution zero its channels are softplus(b): the second sees constants, and
  // its bias alone shifts the activation where all of its weights are zero.
  theta.setZero();
  theta.tail(2).setConstant(0.7);
  CHECK(distance(apply(block, theta, x),
                 x.unaryExpr([](double v) { return std::tanh(v + 0.7); }).eval()) < 1e-15);
}

TEST_CASE("a normalised layer has mean zero and variance one before gain and shift") {
  const Architecture layers = {{LayerKind::layer_norm, kImage, kImage}};
  const Index n = kImage.size();
  TestNumbers numbers(4);
  const MatrixXd x = 3 * numbers.normal(n, 6);
  const VectorXd gain = numbers.normal(n, 1), shift = numbers.normal(n, 1);
  VectorXd theta(2 * n);
  theta << gain, shift;
  const MatrixXd y = apply(layers, theta, x);
  const MatrixXd normal = (y.colwise() - shift).array().colwise() / gain.array();
  for (Index j = 0; j < x.cols(); ++j) {
    CHECK(std::abs(normal.col(j).mean()) < 1e-13);
    const double variance = (x.col(j).array() - x.col(j).mean()).square().mean();
    // 1e-5 is added to the variance before it divides.
    CHECK(normal.col(j).squaredNorm() / static_cast<double>(n) ==
          doctest::Approx(variance / (variance + 1e-5)).epsilon(1e-12));
  }
  // Neither a shift of the inputs nor (but for the 1e-5) their scale matters.
  CHECK(distance(apply(layers, theta, (x.array() + 5).matrix()), y) < 1e-12);
  CHECK(distance(apply(layers, theta, 1e4 * x), apply(layers, theta, 1e5 * x)) < 1e-10);
}

TEST_CASE("a convolution and its transpose are each other's transpose") {
  const ImageShape image{2, 5, 4};
  const Window half{.size = 3, .stride = 2, .padding = 1};
  const ImageShape small = half.over(image, 3);
  const Architecture down = {{LayerKind::conv, image, small, half}};
  const Architecture up = {{LayerKind::conv_transpose, small, image, half}};
  TestNumbers numbers(5);
  const MatrixXd w = numbers.normal(3, 18);  // of the convolution; its transpose's is w'
  const MatrixXd x = numbers.normal(image.size(), 1), y = numbers.normal(small.size(), 1);
  const VectorXd forwards = w.reshaped(), backwards = w.transpose().reshaped();
  const double a = (apply(down, forwards, x).array() * y.array()).sum();
  const double b = (apply(up, backwards, y).array() * x.array()).sum();
  CHECK(a == doctest::Approx(b).epsilon(1e-13));
}

TEST_CASE("layers are put into words with all that decides them") {
  CHECK(describe(Architecture{}) == "");
  CHECK(describe({conv(), activation(Activation::relu)}) ==
        "input 2x4x3 > conv 2 by 3x3 stride 1 padding 1 > relu");
  Layer bare = conv();
  bare.bias = false;
  CHECK(describe({{LayerKind::residual, kImage, kImage, {}, {}, false, {bare}}}) ==
        "input 2x4x3 > residual [input 2x4x3 > conv 2 by 3x3 stride 1 padding 1 without bias]");
}
