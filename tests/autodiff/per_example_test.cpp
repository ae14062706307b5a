// SPDX-License-Identifier: MIT
#include "autodiff/per_example.h"

#include <doctest/doctest.h>

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

}  // namespace

TEST_CASE("factored gradients = one example at a time, for any tile") {
  for (const NetworkSpec& spec : usual_networks()) {
    CAPTURE(describe(spec));
    Network net = make_network(spec), plain = plain_network(spec);
    REQUIRE_FALSE(net.program.dense_layers().empty());
    REQUIRE(plain.program.dense_layers().empty());
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
    Network other_spec = make_network(
        {spec.widths, spec.activation, spec.loss, 7, spec.bias, spec.tilt, false, 0, 99});
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
  for (const NetworkSpec& spec : usual_networks()) {
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

TEST_CASE("self products of a duplicated example equal its norm") {
  Network net = make_network({.widths = {4, 6, 3}, .loss = Loss::cross_entropy});
  net.x().col(1) = net.x().col(0);
  net.reference().col(1) = net.reference().col(0);
  const PerExample<double> g = gradients(net, net.examples());
  const Mat k = gram(g, g);
  CHECK(k(0, 1) == doctest::Approx(squared_norms(g)(0)).epsilon(1e-14));
  CHECK(distance(k.row(1), k.row(0)) < 1e-14);
}

TEST_CASE("a wrong length of theta is refused") {
  Network net = make_network({.widths = {3, 2}});
  net.theta.conservativeResize(3);
  CHECK_THROWS_WITH_AS(
      gradients(net, 2), "[per_example] theta, expected 8 numbers, got 3", std::invalid_argument);
}
