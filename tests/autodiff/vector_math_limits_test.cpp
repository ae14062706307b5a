// SPDX-License-Identifier: MIT
// Where functions end: NaN, infinities, signed zeros, tiny numbers, underflow.
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <vector>

#include "autodiff/vector_math.h"
#include "tests/autodiff/vector_math_cases.h"

using namespace leaveout;
using namespace leaveout::vmath_tests;

TEST_CASE("vmath: NaN goes in, NaN comes out") {
  const double quiet_low_bits = std::bit_cast<double>(std::uint64_t{0x7ff8000000000001});
  for (const Case& c : cases()) {
    INFO(c.name);
    CHECK(std::isnan(evaluate(c.fast, kNan)));
    CHECK(std::isnan(evaluate(c.fast, -kNan)));
    CHECK(std::isnan(evaluate(c.fast, quiet_low_bits)));
    const std::vector<double> y = evaluate(c.fast, {1, 2, kNan, 3});  // and stays in its lane
    CHECK((std::isfinite(y[0]) && std::isfinite(y[1]) && std::isnan(y[2]) && std::isfinite(y[3])));
  }
}

TEST_CASE("vmath: limits at the infinities") {
  const auto at = [](ArrayFunction f, double x) { return bits(evaluate(f, x)); };
  CHECK(at(vmath::tanh, kInf) == bits(1));
  CHECK(at(vmath::tanh, -kInf) == bits(-1));
  CHECK(at(vmath::sigmoid, kInf) == bits(1));
  CHECK(at(vmath::sigmoid, -kInf) == bits(0));
  CHECK(at(vmath::softplus, kInf) == bits(kInf));
  CHECK(at(vmath::softplus, -kInf) == bits(0));
  CHECK(at(vmath::exp, kInf) == bits(kInf));
  CHECK(at(vmath::exp, -kInf) == bits(0));
  CHECK(at(vmath::log, kInf) == bits(kInf));
  CHECK(std::isnan(evaluate(vmath::log, -kInf)));
  CHECK(at(vmath::erf, kInf) == bits(1));
  CHECK(at(vmath::erf, -kInf) == bits(-1));
  CHECK(at(vmath::normal_cdf, kInf) == bits(1));
  CHECK(at(vmath::normal_cdf, -kInf) == bits(0));
  CHECK(at(vmath::normal_pdf, kInf) == bits(0));
  CHECK(at(vmath::normal_pdf, -kInf) == bits(0));
  CHECK(at(vmath::gelu, kInf) == bits(kInf));
  CHECK(at(vmath::gelu, -kInf) == bits(-0.0));
}

TEST_CASE("vmath: values at the signed zeros") {
  for (const double zero : {0.0, -0.0}) {
    CHECK(bits(evaluate(vmath::tanh, zero)) == bits(zero));
    CHECK(bits(evaluate(vmath::erf, zero)) == bits(zero));
    CHECK(bits(evaluate(vmath::gelu, zero)) == bits(zero));
    CHECK(evaluate(vmath::exp, zero) == 1);
    CHECK(evaluate(vmath::sigmoid, zero) == 0.5);
    CHECK(evaluate(vmath::softplus, zero) == std::numbers::ln2);
    CHECK(evaluate(vmath::normal_cdf, zero) == 0.5);
    CHECK(evaluate(vmath::log, zero) == -kInf);
  }
  CHECK(evaluate(vmath::log, 1.0) == 0);
  CHECK(std::isnan(evaluate(vmath::log, -1.0)));
  CHECK(std::isnan(evaluate(vmath::log, -kTiniest)));
}

TEST_CASE("vmath: tanh of a tiny number is that number, denormals included") {
  Generator generator{11};
  std::vector<double> x = {kTiniest, 7 * kTiniest, 0x1p-1023, 0x1.fffffffffffffp-1023, 0x1p-28};
  for (int i = 0; i < 2000; ++i) x.push_back(std::bit_cast<double>(generator.next() >> 12));
  for (int i = 0; i < 2000; ++i) x.push_back(std::ldexp(generator.uniform(0.5, 1), -30 - i % 900));
  const std::vector<double> y = evaluate(vmath::tanh, x);
  CHECK(std::ranges::equal(x, y, {}, bits, bits));
}

TEST_CASE("vmath: exp underflows gradually and overflows where it must") {
  CHECK(evaluate(vmath::exp, -745.13321910194110842) == kTiniest);
  CHECK(evaluate(vmath::exp, -745.14) == 0);
  CHECK(evaluate(vmath::exp, 709.78271289338397) < kInf);
  CHECK(evaluate(vmath::exp, 709.78271289338410) == kInf);
  CHECK(evaluate(vmath::sigmoid, -740.0) > 0);
  CHECK(evaluate(vmath::softplus, -740.0) > 0);
  CHECK(evaluate(vmath::normal_cdf, -38.4) > 0);
}
