// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/support/networks.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;

namespace {

using Vec = Vector<double>;

Vec third(Network& net, const Vec& u, const Vec& v) {
  Workspace<std::complex<double>> ws(net.complex_program, 4, 1);
  return third_derivative(ws, net.complex_batch(), net.theta, u, v);
}

}  // namespace

TEST_CASE("the third derivative is symmetric in its three directions") {
  for (const NetworkSpec& spec : all_networks()) {
    CAPTURE(describe(spec));
    Network net = make_network(spec);
    const Matrix<double> d = TestNumbers(20).normal(net.theta.size(), 3);
    const Vec u = d.col(0), v = d.col(1), w = d.col(2);
    const double uvw = third(net, u, v).dot(w);
    const double scale = third(net, u, v).cwiseAbs().dot(w.cwiseAbs());
    for (const double other : {third(net, v, u).dot(w),
                               third(net, u, w).dot(v),
                               third(net, w, u).dot(v),
                               third(net, v, w).dot(u),
                               third(net, w, v).dot(u)})
      CHECK(std::abs(other - uvw) <= 1e-12 * scale);
  }
}

TEST_CASE("the third derivative is the slope of the Hessian product") {
  for (const NetworkSpec& spec : all_networks()) {
    CAPTURE(describe(spec));
    Network net = make_network(spec);
    const Vec u = TestNumbers(21).normal(net.theta.size(), 1).normalized();
    const Vec v = TestNumbers(22).normal(net.theta.size(), 1);
    const Vec exact = third(net, u, v);
    const double h = 1e-5;
    const Vec centre = net.theta;
    net.theta = centre + h * u;
    const Vec up = product_of(net, v, Curvature::full);
    net.theta = centre - h * u;
    const Vec down = product_of(net, v, Curvature::full);
    const Vec slope = (up - down) / (2 * h);
    CHECK((slope - exact).cwiseAbs().maxCoeff() <=
          1e-6 * std::max(exact.cwiseAbs().maxCoeff(), up.cwiseAbs().maxCoeff()));
  }
}

TEST_CASE("logistic regression: D3[u, v] = X (w p (1-p)(1-2p) * X'u * X'v)") {
  Network net = make_network(
      {.widths = {4, 1}, .activation = TestActivation::none, .loss = Loss::binary_cross_entropy});
  Matrix<double> x = Matrix<double>::Ones(5, net.examples());
  x.topRows(4) = net.x();
  const Vec z = x.transpose() * net.theta, u = TestNumbers(23).normal(5, 1),
            v = TestNumbers(24).normal(5, 1);
  const Eigen::ArrayXd p = 1 / (1 + (-z.array()).exp());
  const Eigen::ArrayXd w = net.weights().transpose().array();
  const Eigen::ArrayXd c = w * p * (1 - p) * (1 - 2 * p);
  const Vec expected = x * (c * (x.transpose() * u).array() * (x.transpose() * v).array()).matrix();
  CHECK(distance(third(net, u, v), expected) < 1e-13);
}

TEST_CASE("squared error of a linear model has no third derivative") {
  Network net = make_network({.widths = {4, 2}, .activation = TestActivation::none});
  const Vec u = TestNumbers(25).normal(net.theta.size(), 1);
  CHECK((third(net, u, u).array() == 0).all());
}
