// SPDX-License-Identifier: MIT
#include "autodiff/per_example.h"

#include <doctest/doctest.h>

#include "autodiff/ops/bilinear.h"
#include "autodiff/ops/convolution.h"
#include "autodiff/ops/elementwise.h"
#include "autodiff/ops/losses.h"
#include "tests/support/alloc_count.h"
#include "tests/support/networks.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;

namespace {

using Complex = std::complex<double>;
using Mat = Matrix<double>;
using Vec = Vector<double>;

/// The same network with no dense layers noted, so that it is differentiated one example at a time.
Network plain_network(NetworkSpec spec) {
  spec.split = true;
  return make_network(spec);
}

PerExample<double> gradients(Network& net, Index tile) {
  Workspace<double> ws(net.program, tile);
  return per_example_gradients(ws, net.batch(), net.theta);
}

/// A gain and a shift; the bias of a transposed convolution.
std::size_t spread_columns_of(Body body) {
  return body == Body::normalised ? 2 : body == Body::autoencoder ? 1 : 0;
}

}  // namespace

TEST_CASE("factored gradients = one example at a time, for any tile") {
  for (const NetworkSpec& spec : usual_networks()) {
    CAPTURE(describe(spec));
    Network net = make_network(spec), plain = plain_network(spec);
    REQUIRE_FALSE(net.program.affine_layers().empty());
    REQUIRE(plain.program.affine_layers().empty());
    const PerExample<double> oracle = gradients(plain, 1);
    CHECK(oracle.layers.empty());
    for (const Index tile : {Index(1), Index(4), net.examples()}) {
      const PerExample<double> g = gradients(net, tile);
      CHECK(g.columns.size() == 0);
      CHECK(distance(materialise(g), oracle.columns) < 1e-13);
    }
  }
}

TEST_CASE("weighted sums of per-example gradients are the gradient") {
  for (const NetworkSpec& spec : usual_networks()) {
    CAPTURE(describe(spec));
    Network net = make_network(spec);
    net.data[3].setZero();
    const Vec sum = materialise(gradients(net, 5)) * net.weights().transpose();
    CHECK(distance(sum, gradient_of(net, net.theta)) < 1e-13);
  }
}

TEST_CASE("Gram = G'G, norms its diagonal, products G'v, without forming G") {
  for (const NetworkSpec& spec : usual_networks()) {
    CAPTURE(describe(spec));
    Network net = make_network(spec), plain = plain_network(spec);
    Network other_spec = make_network({spec.widths,
                                       spec.activation,
                                       spec.loss,
                                       7,
                                       spec.bias,
                                       spec.tilt,
                                       false,
                                       0,
                                       Body::layers,
                                       99});
    other_spec.theta = net.theta;
    const PerExample<double> g = gradients(net, 4), columns = gradients(plain, 1);
    const PerExample<double> other = gradients(other_spec, 3);
    const Mat all = columns.columns, more = materialise(other);
    const Mat v = TestNumbers(40).normal(net.theta.size(), 3);
    const Mat expected = all.transpose() * all;
    for (const PerExample<double>* form : {&g, &columns}) {
      CHECK(distance(gram(*form, *form), expected) < 1e-13);
      CHECK(distance(gram(*form, other), all.transpose() * more) < 1e-13);
      CHECK(distance(gram(other, *form), more.transpose() * all) < 1e-13);
      CHECK(distance(squared_norms(*form), expected.diagonal()) < 1e-13);
      CHECK(distance(inner_products(*form, v), all.transpose() * v) < 1e-13);
    }
  }
}

TEST_CASE("the Jacobian is the complex step of the outputs") {
  for (const NetworkSpec& spec : all_networks()) {
    CAPTURE(describe(spec));
    Network net = make_network(spec), plain = plain_network(spec);
    const Index outs = spec.widths.back(), n = net.examples();
    Workspace<double> ws(net.program, 4), one(plain.program, 1);
    const Mat j = jacobian(ws, net.batch(), net.theta);
    CHECK(j.rows() == net.theta.size());
    CHECK(j.cols() == outs * n);
    CHECK(distance(jacobian(one, plain.batch(), net.theta), j) < 1e-13);
    const Batch<Complex> batch = net.complex_batch();
    Workspace<Complex> complex_ws(net.complex_program, n);
    Mat step(j.rows(), j.cols());
    Matrix<Complex> y(outs, n);
    for (Index i = 0; i < net.theta.size(); ++i) {
      Vector<Complex> at = net.theta.cast<Complex>();
      at(i) += Complex(0, 1e-30);
      outputs(complex_ws, batch, at, y);
      const Mat slope = y.imag() / 1e-30;
      step.row(i) = Eigen::RowVectorXd::Map(slope.data(), slope.size());
    }
    CHECK(distance(j, step) < 1e-13);
  }
}

TEST_CASE(
    "image networks: each gradient is that of an objective with one weight, and so its forms") {
  for (const NetworkSpec& spec : image_networks()) {
    CAPTURE(describe(spec));
    Network net = make_network(spec);
    net.data[3].setZero();
    CHECK(net.program.factored());
    CHECK(net.program.spread_columns().size() == spread_columns_of(spec.body));
    const PerExample<double> g = gradients(net, 4), other = gradients(net, 3);
    CHECK(g.columns.size() == 0);
    Mat all(net.theta.size(), net.examples());
    for (Index n = 0; n < net.examples(); ++n) {
      net.weights().setZero();
      net.weights()(0, n) = 1;
      all.col(n) = gradient_of(net, net.theta);
    }
    const Mat v = TestNumbers(41).normal(net.theta.size(), 3);
    CHECK(distance(materialise(g), all) < 1e-13);
    CHECK(distance(gram(g, g), all.transpose() * all) < 1e-13);
    CHECK(distance(gram(g, other), all.transpose() * all) < 1e-13);
    CHECK(distance(squared_norms(g), (all.transpose() * all).diagonal()) < 1e-13);
    CHECK(distance(inner_products(g, v), all.transpose() * v) < 1e-13);
  }
}

TEST_CASE("gradients formed a slab at a time have the same Gram matrix") {
  // 9 x (200 + 1) parameters of the convolution: 72 examples are one slab, 80 are two.
  Recorder<double> r;
  const SlotId x = r.input(8 * 6 * 6), t = r.input(1), w = r.input(1);
  const ImageShape image{8, 6, 6};
  const Window window{.size = 5};
  const SlotId weight = r.parameter(9, 200), shift = r.parameter(9, 1);
  const SlotId h = tanh(r, conv2d(r, weight, shift, x, image, window));
  const SlotId y = affine(r, r.parameter(1, 36), -1, h), l = half_squared_error(r, y, t);
  const Program<double> program = std::move(r).finish({y, l, dot(r, w, l)});
  TestNumbers numbers(42);
  const Mat inputs = numbers.normal(288, 80), targets = numbers.normal(1, 80);
  const Mat weights = Mat::Ones(1, 80);
  const Vec theta = numbers.normal(program.parameter_count(), 1) * 0.1;
  Workspace<double> ws(program, 16);
  const PerExample<double> g = per_example_gradients(
      ws, Batch<double>{{inputs.data(), targets.data(), weights.data()}, 80}, theta);
  const Mat all = materialise(g);
  const Mat own = gram(g, g);
  CHECK(distance(own, all.transpose() * all) < 1e-13);
  CHECK((own.array() == own.transpose().array()).all());
  CHECK(distance(gram(g, PerExample<double>(g)), all.transpose() * all) < 1e-13);
  CHECK(distance(squared_norms(g), (all.transpose() * all).diagonal()) < 1e-13);
}

TEST_CASE("self products of a duplicated example equal its norm") {
  Network net = make_network({.widths = {4, 6, 3}, .loss = Loss::cross_entropy});
  net.x().col(1) = net.x().col(0);
  net.reference().col(1) = net.reference().col(0);
  const PerExample<double> g = gradients(net, net.examples());
  const Mat k = gram(g, g);
  CHECK(k(0, 1) == doctest::Approx(squared_norms(g)(0)).epsilon(1e-14));
  CHECK(distance(k.row(1), k.row(0)) < 1e-14);
}

TEST_CASE("the Gram matrix of gradients with themselves is exactly symmetric") {
  for (const NetworkSpec& spec : all_networks()) {
    CAPTURE(describe(spec));
    Network net = make_network(spec);
    const PerExample<double> g = gradients(net, 4), other = gradients(net, 4);
    const Mat own = gram(g, g);
    CHECK((own.array() == own.transpose().array()).all());
    CHECK(distance(own, gram(g, other)) < 1e-14);  // two objects: every entry computed
  }
}

TEST_CASE("complex Gram matrices do not conjugate") {
  for (const NetworkSpec& spec : {NetworkSpec{.widths = {4, 6, 3}}, image_networks().front()}) {
    Network net = make_network(spec);
    Workspace<Complex> ws(net.complex_program, 4);
    const Vector<Complex> theta = Complex(1, 0.1) * net.theta.cast<Complex>();
    const PerExample<Complex> g = per_example_gradients(ws, net.complex_batch(), theta);
    const Matrix<Complex> all = materialise(g), expected = all.transpose() * all;
    CHECK((gram(g, g) - expected).cwiseAbs().maxCoeff() < 1e-13 * expected.cwiseAbs().maxCoeff());
    CHECK(all.imag().cwiseAbs().maxCoeff() > 1e-3);
  }
}

TEST_CASE("gradients are written into the caller's matrix, and nowhere else") {
  for (const bool split : {false, true}) {
    Network net = make_network({.widths = {4, 6, 3}, .split = split});
    const PerExample<double> g = gradients(net, 4);
    const Index p = net.theta.size(), n = net.examples();
    Mat kept = Mat::Constant(p + 3, n + 2, 7);
    materialise<double>(g, kept.block(1, 2, p, n));
    CHECK((kept.block(1, 2, p, n).array() == materialise(g).array()).all());
    CHECK((kept.row(0).array() == 7).all());
    CHECK((kept.bottomRows(2).array() == 7).all());
    CHECK((kept.leftCols(2).array() == 7).all());
    Mat all(p, n);
    CHECK(allocations_in([&] { materialise<double>(g, all); }) == 0);
    CHECK_THROWS_WITH_AS(materialise<double>(g, kept),
                         "[per_example] gradients, expected 51 x 11, got 54 x 13",
                         std::invalid_argument);
  }
}

TEST_CASE("a wrong length of theta is refused") {
  Network net = make_network({.widths = {3, 2}});
  net.theta.conservativeResize(3);
  CHECK_THROWS_WITH_AS(
      gradients(net, 2), "[per_example] theta, expected 8 numbers, got 3", std::invalid_argument);
}
