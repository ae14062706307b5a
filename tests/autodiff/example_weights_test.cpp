// SPDX-License-Identifier: MIT
// Example weights as inputs of the objective: leaving an example out is weight 0.
#include <doctest/doctest.h>

#include "autodiff/derivatives.h"
#include "tests/support/networks.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;

namespace {

using Mat = Matrix<double>;

constexpr Curvature kBoth[] = {Curvature::full, Curvature::gauss_newton};

Network without_column(const Network& net, Index gone) {
  Network rest = make_network(net.spec);
  for (std::size_t i = 0; i < net.data.size(); ++i) {
    const Mat& all = net.data[i];
    rest.data[i].resize(all.rows(), all.cols() - 1);
    rest.data[i] << all.leftCols(gone), all.rightCols(all.cols() - gone - 1);
  }
  return rest;
}

}  // namespace

TEST_CASE("the objective is linear in the example weights, with the losses as slopes") {
  for (const NetworkSpec& spec : all_networks()) {
    CAPTURE(describe(spec));
    Network net = make_network(spec);
    net.data[3].setZero();  // no tilt
    Mat l(1, net.examples());
    Workspace<double> ws(net.program, net.examples());
    losses(ws, net.batch(), net.theta, l);
    const double value = objective_of(net, net.theta);
    CHECK(value == doctest::Approx(net.weights().cwiseProduct(l).sum()).epsilon(1e-13));
    for (Index n = 0; n < net.examples(); ++n) {
      Network up = make_network(spec);
      up.data = net.data;
      up.weights()(0, n) += 1;
      CHECK(std::abs(objective_of(up, net.theta) - value - l(0, n)) <
            1e-13 * (1 + value + l.sum()));
    }
  }
}

TEST_CASE("weight zero removes an example as dropping its column does") {
  for (const NetworkSpec& spec : all_networks()) {
    if (spec.examples < 2) continue;
    CAPTURE(describe(spec));
    Network net = make_network(spec);
    const Index gone = 2;
    net.weights()(0, gone) = 0;
    net.data[3].col(gone).setZero();
    Network rest = without_column(net, gone);
    const Mat v = TestNumbers(9).normal(net.theta.size(), 2);
    CHECK(objective_of(net, net.theta) ==
          doctest::Approx(objective_of(rest, net.theta)).epsilon(1e-14));
    CHECK(distance(gradient_of(net, net.theta), gradient_of(rest, net.theta)) < 1e-14);
    for (const Curvature c : kBoth)
      CHECK(distance(product_of(net, v, c), product_of(rest, v, c)) < 1e-14);
  }
}
