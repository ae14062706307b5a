// SPDX-License-Identifier: MIT
// An engine over single numbers, sharing no line with autodiff/, arrives at the same gradients.
#include "tests/support/scalar_engine.h"

#include <doctest/doctest.h>

#include "tests/support/networks.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;

namespace {

using scalar::Number;
using Column = std::vector<Number>;

/// z = W x + b with [W b] from theta, column by column.
Column layer(const std::vector<Number>& theta, std::size_t* next, const Column& x, Index out) {
  Column z;
  const std::size_t rows = static_cast<std::size_t>(out), begin = *next;
  for (std::size_t i = 0; i < rows; ++i) {
    Number sum = theta[begin + rows * x.size() + i];
    for (std::size_t j = 0; j < x.size(); ++j) sum = sum + theta[begin + i + j * rows] * x[j];
    z.push_back(sum);
  }
  *next += rows * (x.size() + 1);
  return z;
}

Number loss_of(const Column& y, const Matrix<double>& t, Index n, Loss loss) {
  Number total = y[0] * 0.0, normaliser = total;
  for (std::size_t o = 0; o < y.size(); ++o) {
    const double target = t(static_cast<Index>(o), n);
    const Number miss = y[o] - target;
    total = total + (loss == Loss::cross_entropy ? y[o] * -target : miss * miss * 0.5);
    normaliser = normaliser + exp(y[o]);
  }
  return loss == Loss::cross_entropy ? total + log(normaliser) : total;
}

void check_against_engine(const NetworkSpec& spec) {
  CAPTURE(describe(spec));
  Network net = make_network(spec);
  scalar::Tape tape;
  std::vector<Number> theta;
  for (const double value : net.theta) theta.push_back(tape.number(value));
  Number objective = tape.number(0);
  for (Index n = 0; n < net.examples(); ++n) {
    Column x;
    for (Index i = 0; i < net.x().rows(); ++i) x.push_back(tape.number(net.x()(i, n)));
    std::size_t next = 0;
    for (std::size_t l = 1; l < spec.widths.size(); ++l) {
      x = layer(theta, &next, x, spec.widths[l]);
      if (l + 1 < spec.widths.size())
        for (Number& z : x) z = tanh(z);
    }
    objective = objective + loss_of(x, net.reference(), n, spec.loss) * net.weights()(0, n);
  }
  tape.differentiate(objective);
  Vector<double> g(net.theta.size());
  for (std::size_t i = 0; i < theta.size(); ++i) g(static_cast<Index>(i)) = theta[i].gradient();
  CHECK(objective_of(net, net.theta) == doctest::Approx(objective.value()).epsilon(1e-14));
  CHECK(distance(gradient_of(net, net.theta), g) < 1e-13);
}

}  // namespace

TEST_CASE("the scalar engine differentiates by hand-checked rules") {
  scalar::Tape tape;
  const Number x = tape.number(0.7), y = tape.number(-0.4);
  const Number f = tanh(x * x + y) * exp(y) - log(x) * 2.0 + x;
  tape.differentiate(f);
  const double t = std::tanh(0.09), e = std::exp(-0.4);
  CHECK(f.value() == doctest::Approx(t * e - 2 * std::log(0.7) + 0.7).epsilon(1e-15));
  CHECK(x.gradient() == doctest::Approx((1 - t * t) * 1.4 * e - 2 / 0.7 + 1).epsilon(1e-14));
  CHECK(y.gradient() == doctest::Approx((1 - t * t) * e + t * e).epsilon(1e-14));
}

TEST_CASE("the scalar engine and the matrix engine agree on a network's gradient") {
  check_against_engine({.widths = {3, 5, 4, 1}});
  check_against_engine({.widths = {2, 4, 3}, .loss = Loss::cross_entropy});
}
