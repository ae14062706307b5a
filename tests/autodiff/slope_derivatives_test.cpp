// SPDX-License-Identifier: MIT
#include "autodiff/slope_derivatives.h"

#include <doctest/doctest.h>

#include "autodiff/per_example.h"
#include "tests/support/alloc_count.h"
#include "tests/support/networks.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;

namespace {

using Complex = std::complex<double>;
using Mat = Matrix<double>;
using Vec = Vector<double>;

struct Directions {
  Vec u;     // (P)
  Mat v, w;  // (P x k)
  explicit Directions(Index parameters, Index k = 3)
      : u(TestNumbers(50).normal(parameters, 1)),
        v(TestNumbers(51).normal(parameters, k)),
        w(TestNumbers(52).normal(parameters, k)) {}
};

Mat derivatives(Network& net, const Directions& d, Index tile) {
  Workspace<double> ws(net.program, tile, 1);
  Mat l(net.examples(), d.v.cols());
  slope_derivatives(ws, net.batch(), net.theta, d.u, d.v, d.w, l);
  return l;
}

/// Each example's gradient and Hessian product in full, the product by complex step.
Mat formed(Network& net, const Directions& d) {
  Workspace<double> ws(net.program, net.examples());
  Workspace<Complex> complex_ws(net.complex_program, net.examples());
  const Vector<Complex> at = net.theta.cast<Complex>() + Complex(0, 1e-30) * d.u.cast<Complex>();
  const Mat g = materialise(per_example_gradients(ws, net.batch(), net.theta));
  const Mat hu =
      materialise(per_example_gradients(complex_ws, net.complex_batch(), at)).imag() / 1e-30;
  return hu.transpose() * d.v + g.transpose() * d.w;
}

}  // namespace

TEST_CASE("slopes' derivatives are V'H u + W'g of each example, whatever its weight") {
  for (const NetworkSpec& spec : all_networks()) {
    CAPTURE(describe(spec));
    Network net = make_network(spec);
    net.weights()(0, net.examples() - 1) = 0;
    const Directions d(net.theta.size());
    const Mat expected = formed(net, d);
    for (const Index tile : {Index(1), Index(4), net.examples()})
      CHECK(distance(derivatives(net, d, tile), expected) < 1e-13);
  }
}

TEST_CASE("a network without layers of its own is differentiated one example at a time") {
  for (NetworkSpec spec : usual_networks()) {
    CAPTURE(describe(spec));
    Network net = make_network(spec);
    spec.split = true;
    Network plain = make_network(spec);
    REQUIRE_FALSE(plain.program.factored());
    const Directions d(net.theta.size());
    CHECK(distance(derivatives(plain, d, 4), derivatives(net, d, 4)) < 1e-13);
  }
}

TEST_CASE("the number of tiles and of directions allocates nothing") {
  if (!counting_allocations()) return;
  for (const NetworkSpec& spec : all_networks()) {
    Network net = make_network(spec);
    const Batch<double> batch = net.batch();
    Workspace<double> ws(net.program, 4, 1);
    for (const Index k : {1, 5}) {
      const Directions d(net.theta.size(), k);
      Mat l(net.examples(), k);
      CHECK(allocations_in([&] { slope_derivatives(ws, batch, net.theta, d.u, d.v, d.w, l); }) ==
            1);  // a layer's worth of columns
    }
  }
}

TEST_CASE("shapes that do not fit are refused") {
  Network net = make_network({.widths = {4, 3, 2}});
  Workspace<double> ws(net.program, 4, 1);
  const Directions d(net.theta.size());
  Mat l(net.examples(), 3), narrow(net.examples(), 2), low(net.examples() - 1, 3);
  const Vec head = d.u.head(5);
  const auto ask = [&](const Vec& u, const Mat& v, Mat& to) {
    slope_derivatives(ws, net.batch(), net.theta, u, v, d.w, to);
  };
  CHECK_NOTHROW(ask(d.u, d.v, l));
  CHECK_THROWS_AS(ask(head, d.v, l), std::invalid_argument);
  CHECK_THROWS_AS(ask(d.u, d.v.leftCols(2), l), std::invalid_argument);
  CHECK_THROWS_AS(ask(d.u, d.v.topRows(5), l), std::invalid_argument);
  CHECK_THROWS_AS(ask(d.u, d.v, narrow), std::invalid_argument);
  CHECK_THROWS_AS(ask(d.u, d.v, low), std::invalid_argument);
}
