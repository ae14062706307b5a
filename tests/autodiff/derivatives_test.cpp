// SPDX-License-Identifier: MIT
// Laws of first and second derivatives on whole networks. Exact identities first, finite
// differences last: they are the weakest net.
#include "autodiff/derivatives.h"

#include <doctest/doctest.h>

#include "autodiff/sweeps.h"
#include "tests/support/networks.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;

namespace {

using Mat = Matrix<double>;
using Vec = Vector<double>;

constexpr Curvature kBoth[] = {Curvature::full, Curvature::gauss_newton};

}  // namespace

TEST_CASE("curvature products are symmetric: u'Hv = v'Hu") {
  for (const NetworkSpec& spec : all_networks()) {
    CAPTURE(describe(spec));
    Network net = make_network(spec);
    const Mat v = TestNumbers(3).normal(net.theta.size(), 2);
    for (const Curvature c : kBoth) {
      const Mat hv = product_of(net, v, c);
      const double a = v.col(0).dot(hv.col(1)), b = v.col(1).dot(hv.col(0));
      CHECK(std::abs(a - b) <= 1e-13 * v.col(0).cwiseAbs().dot(hv.col(1).cwiseAbs()));
    }
  }
}

TEST_CASE("H v by sweeps = complex step of the gradient, whatever the directions at once") {
  for (const NetworkSpec& spec : all_networks()) {
    CAPTURE(describe(spec));
    Network net = make_network(spec);
    const Mat h = complex_step_hessian(net), v = TestNumbers(4).normal(net.theta.size(), 5);
    const Mat expected = h * v;
    for (const Index k : {1, 2, 3, 5, 16}) {
      Workspace<double> ws(net.program, net.examples(), k);
      Mat hv(v.rows(), v.cols());
      curvature_product(ws, net.batch(), net.theta, v, hv, Curvature::full);
      CHECK(distance(hv, expected) < 1e-13);
    }
  }
}

TEST_CASE("any tile size gives the same derivatives to rounding") {
  for (const NetworkSpec& spec : all_networks()) {
    CAPTURE(describe(spec));
    Network net = make_network(spec);
    const Vec g = gradient_of(net, net.theta);
    const Mat v = TestNumbers(5).normal(net.theta.size(), 3);
    for (const Index tile : {Index(1), Index(3), net.examples(), Index(40)}) {
      Workspace<double> ws(net.program, tile, 2);
      Vec tiled(g.size());
      const double value = gradient(ws, net.batch(), net.theta, tiled);
      CHECK(std::abs(value - objective_of(net, net.theta)) <= 1e-13 * std::abs(value));
      CHECK(distance(tiled, g) < 1e-13);
      for (const Curvature c : kBoth) {
        Mat hv(v.rows(), v.cols());
        curvature_product(ws, net.batch(), net.theta, v, hv, c);
        CHECK(distance(hv, product_of(net, v, c)) < 1e-13);
      }
    }
  }
}

TEST_CASE("the kept product equals the plain one, and moves with theta") {
  for (const NetworkSpec& spec : all_networks()) {
    CAPTURE(describe(spec));
    Network net = make_network(spec);
    const Mat v = TestNumbers(6).normal(net.theta.size(), 3);
    const Batch<double> batch = net.batch();
    for (const Curvature c : kBoth) {
      CurvatureProduct<double> product(net.program, batch, 0.5 * net.theta, c, 4, 2);
      product.move_to(net.theta);
      Mat hv(v.rows(), v.cols());
      for (int repeat = 0; repeat < 2; ++repeat) product.apply(v, hv);
      CHECK(distance(hv, product_of(net, v, c)) < 1e-13);
      CHECK(distance(product.gradient(), gradient_of(net, net.theta)) < 1e-13);
      CHECK(product.value() == doctest::Approx(objective_of(net, net.theta)).epsilon(1e-13));
    }
  }
}

TEST_CASE("sums over no examples are zero") {
  Network net = make_network({.widths = {3, 4, 2}});
  Batch<double> none = net.batch();
  none.columns = 0;
  Workspace<double> ws(net.program, 4, 2);
  const Mat v = TestNumbers(17).normal(net.theta.size(), 3);
  Mat hv = Mat::Constant(v.rows(), v.cols(), 7);
  Vec g = Vec::Constant(v.rows(), 7);
  CHECK(gradient(ws, none, net.theta, g) == 0);
  CHECK((g.array() == 0).all());
  curvature_product(ws, none, net.theta, v, hv, Curvature::full);
  CHECK((hv.array() == 0).all());
}

TEST_CASE("directions may be columns of a taller matrix") {
  Network net = make_network({.widths = {3, 4, 2}});
  const Index p = net.theta.size();
  Mat tall = TestNumbers(8).normal(p + 5, 3), result = Mat::Constant(p + 5, 3, 7);
  const Mat v = tall.middleRows(2, p), expected = product_of(net, v, Curvature::full);
  Workspace<double> ws(net.program, net.examples(), 2);
  curvature_product(
      ws, net.batch(), net.theta, tall.middleRows(2, p), result.middleRows(2, p), Curvature::full);
  CHECK(distance(result.middleRows(2, p), expected) < 1e-14);
  CHECK((result.topRows(2).array() == 7).all());
  CHECK((result.bottomRows(3).array() == 7).all());
  const Batch<double> batch = net.batch();
  CurvatureProduct<double> kept(net.program, batch, net.theta, Curvature::full);
  kept.apply(tall.middleRows(2, p), result.middleRows(2, p));
  CHECK(distance(result.middleRows(2, p), expected) < 1e-14);
}

TEST_CASE("Taylor remainders fall with slopes 2, 3 and 4") {
  for (const NetworkSpec& spec : all_networks()) {
    if (spec.activation == TestActivation::relu || spec.activation == TestActivation::none)
      continue;
    CAPTURE(describe(spec));
    Network net = make_network(spec);
    const Vec d = TestNumbers(10).normal(net.theta.size(), 1).normalized();
    Workspace<std::complex<double>> ws(net.complex_program, net.examples(), 1);
    const double value = objective_of(net, net.theta);
    const double first = gradient_of(net, net.theta).dot(d);
    const double second = product_of(net, d, Curvature::full).col(0).dot(d);
    const double third = third_derivative(ws, net.complex_batch(), net.theta, d, d).dot(d);
    const auto remainder = [&](double e, int order) {
      double r = objective_of(net, net.theta + e * d) - value - e * first;
      if (order > 2) r -= e * e / 2 * second;
      if (order > 3) r -= e * e * e / 6 * third;
      return std::abs(r);
    };
    for (const int order : {2, 3, 4}) {
      const double e = order == 4 ? 0x1p-6 : 0x1p-9;
      const double slope = std::log2(remainder(e, order) / remainder(e / 2, order));
      CHECK(slope == doctest::Approx(order).epsilon(0.03));
    }
  }
}

TEST_CASE("central differences agree, as far as they can") {
  for (const NetworkSpec& spec : all_networks()) {
    CAPTURE(describe(spec));
    Network net = make_network(spec);
    const Vec d = TestNumbers(11).normal(net.theta.size(), 1).normalized();
    const double h = 1e-5;
    const Vec up = net.theta + h * d, down = net.theta - h * d;
    const double slope = (objective_of(net, up) - objective_of(net, down)) / (2 * h);
    const Vec g = gradient_of(net, net.theta);
    CHECK(std::abs(slope - g.dot(d)) < 1e-7 * g.norm());
    const Vec bend = (gradient_of(net, up) - gradient_of(net, down)) / (2 * h);
    CHECK(distance(product_of(net, d, Curvature::full), bend) < 1e-7);
  }
}

TEST_CASE("prepare() leaves all that the other sweeps need, bit for bit") {
  for (const NetworkSpec& spec : all_networks()) {
    CAPTURE(describe(spec));
    Network net = make_network(spec);
    const Batch<double> batch = net.batch();
    const Mat v = TestNumbers(30).normal(net.theta.size(), 1);
    const auto derivatives = [&](void (*values)(Workspace<double>&)) {
      Workspace<double> ws(net.program, net.examples(), 1);
      Mat both(net.theta.size(), 2);  // gradient, H v
      ws.bind_parameters(net.theta.data());
      ws.bind_batch(batch);
      ws.bind_gradient(both.col(0).data());
      values(ws);
      seed(ws);
      reverse(ws);
      ws.bind_directions(v.data(), 1);
      ws.bind_products(both.col(1).data());
      tangent(ws);
      reverse_tangent(ws, Curvature::full);
      ws.finish_gradient();
      ws.finish_products();
      return both;
    };
    CHECK(derivatives(prepare<double>) == derivatives(forward<double>));
  }
}

TEST_CASE("wrong sizes are refused in one line") {
  Network net = make_network({.widths = {3, 4, 2}});
  Workspace<double> ws(net.program, 4, 2);
  const Index p = net.theta.size();
  const Vec shorter = net.theta.head(p - 1);
  Vec g(p), short_g(p - 1);
  Mat v(p, 2), hv(p, 3), y(2, 3);
  CHECK_THROWS_WITH_AS(gradient(ws, net.batch(), shorter, g),
                       "[derivatives] theta, expected 26 rows, got 25",
                       std::invalid_argument);
  CHECK_THROWS_AS(gradient(ws, net.batch(), net.theta, short_g), std::invalid_argument);
  CHECK_THROWS_AS(loss(ws, net.batch(), shorter), std::invalid_argument);
  CHECK_THROWS_WITH_AS(curvature_product(ws, net.batch(), net.theta, v, hv, Curvature::full),
                       "[derivatives] HV, expected as many columns as V, 2, got 3",
                       std::invalid_argument);
  CHECK_THROWS_AS(outputs(ws, net.batch(), net.theta, y), std::invalid_argument);
}

TEST_CASE("a penalty in the objective counts once, so it is not taken in tiles") {
  Network net = make_network({.widths = {3, 4, 1}, .penalty = 0.5});
  Network plain = make_network({.widths = {3, 4, 1}});
  CHECK_FALSE(net.program.sums_over_examples());
  CHECK(plain.program.sums_over_examples());
  const double penalty = 0.25 * net.theta.head(12).squaredNorm();
  CHECK(objective_of(net, net.theta) ==
        doctest::Approx(objective_of(plain, net.theta) + penalty).epsilon(1e-14));
  Workspace<double> ws(net.program, net.examples() - 1, 1);
  Vec g(net.theta.size());
  CHECK_THROWS_AS(loss(ws, net.batch(), net.theta), std::invalid_argument);
  CHECK_THROWS_AS(gradient(ws, net.batch(), net.theta, g), std::invalid_argument);
  CHECK_THROWS_AS(curvature_product(ws, net.batch(), net.theta, g, g, Curvature::full),
                  std::invalid_argument);
  const Batch<double> batch = net.batch();
  CHECK_THROWS_AS(CurvatureProduct<double>(net.program, batch, net.theta, Curvature::full, 3),
                  std::invalid_argument);
}
