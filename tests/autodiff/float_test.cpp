// SPDX-License-Identifier: MIT
// The engine on floats: one set of rules, so what is to be seen is that nothing in it (constants,
// comparisons, elementary functions) is right in double only.
//
// Data and parameters are rounded to float before, so both precisions differentiate the same
// function. What is left is the rounding of the sweeps. A layer's sums of up to 32 terms lose about
// sqrt(32) / 2 units of eps, and its elementary functions as many again, 5 eps together; such
// errors of up to four layers in each of four sweeps are independent: sqrt(16) * 5 = 20 eps. The
// largest seen is 8 eps.
#include <doctest/doctest.h>

#include <limits>

#include "autodiff/derivatives.h"
#include "tests/support/networks.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;

namespace {

constexpr double kTolerance = 32 * std::numeric_limits<float>::epsilon();

/// A network in both precisions, at numbers that both have.
struct Pair {
  Network net;
  Program<float> program;
  std::vector<Matrix<float>> data;
  Vector<float> theta;  // (P)
  Matrix<float> v;      // (P x 3)

  explicit Pair(const NetworkSpec& spec)
      : net(make_network(spec)),
        program(record_float(spec)),
        theta(net.theta.cast<float>()),
        v(TestNumbers(21).normal(net.theta.size(), 3).cast<float>()) {
    for (Matrix<double>& m : net.data) {
      data.push_back(m.cast<float>());
      m = data.back().cast<double>();
    }
    net.theta = theta.cast<double>();
  }
  Batch<float> batch() const {
    Batch<float> batch{{}, net.examples()};
    for (const auto& m : data) batch.data.push_back(m.data());
    return batch;
  }
};

/// |a - b| / |b|, and infinity where something is not finite.
template <class A, class B>
double relative(const A& a, const B& b) {
  if (!a.allFinite()) return std::numeric_limits<double>::infinity();
  return (a.template cast<double>() - b).norm() / b.norm();
}

}  // namespace

TEST_CASE("in float: value, outputs and gradient of every network are those in double, rounded") {
  for (const NetworkSpec& spec : all_networks()) {
    CAPTURE(describe(spec));
    Pair pair(spec);
    for (const Index tile : {pair.net.examples(), Index(4)}) {
      Workspace<float> ws(pair.program, tile);
      Vector<float> g(pair.theta.size());
      const double value = gradient(ws, pair.batch(), pair.theta, g);
      const double scale = std::abs(objective_of(pair.net, pair.net.theta));
      CHECK(value == loss(ws, pair.batch(), pair.theta));
      CHECK(std::abs(value - objective_of(pair.net, pair.net.theta)) <= kTolerance * (1 + scale));
      CHECK(relative(g, gradient_of(pair.net, pair.net.theta)) < kTolerance);
    }
  }
}

TEST_CASE("in float: Hessian and Gauss-Newton products are those in double, rounded") {
  for (const NetworkSpec& spec : all_networks()) {
    CAPTURE(describe(spec));
    Pair pair(spec);
    const Batch<float> batch = pair.batch();
    for (const Curvature c : {Curvature::full, Curvature::gauss_newton}) {
      const Matrix<double> expected = product_of(pair.net, pair.v.cast<double>(), c);
      Workspace<float> ws(pair.program, 4, 2);
      Matrix<float> hv(pair.v.rows(), pair.v.cols());
      curvature_product(ws, batch, pair.theta, pair.v, hv, c);
      CHECK(relative(hv, expected) < kTolerance);
      CurvatureProduct<float> kept(pair.program, batch, pair.theta, c, 128, 3);
      kept.apply(pair.v, hv);
      CHECK(relative(hv, expected) < kTolerance);
    }
  }
}

TEST_CASE("in float, results differ from double's: it is the other precision") {
  Pair pair({.widths = {10, 20, 20, 1}, .examples = 13});
  Workspace<float> ws(pair.program, 13);
  Vector<float> g(pair.theta.size());
  gradient(ws, pair.batch(), pair.theta, g);
  CHECK(relative(g, gradient_of(pair.net, pair.net.theta)) > 1e-8);
}
