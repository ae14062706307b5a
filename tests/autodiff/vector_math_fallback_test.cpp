// SPDX-License-Identifier: MIT
// The fallbacks for other scalars: one number at a time, from the standard library.
#include <doctest/doctest.h>

#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include "autodiff/vector_math.h"
#include "tests/autodiff/vector_math_cases.h"

using namespace leaveout;
using namespace leaveout::vmath_tests;

TEST_CASE("vmath: the complex step gives the value and the derivative of every function") {
  using Complex = std::complex<double>;
  constexpr double kStep = 1e-30;
  // The fallback of Phi rounds x / sqrt(2), which costs x^2 / 2 ulp: 8 of them at 4.
  const auto close = [](double a, double b) {
    return std::abs(a - b) <= 4e-15 * std::abs(b) + 1e-50;
  };
  const auto check = [&](auto on_complex, ArrayFunction f, auto slope) {
    for (const double x : {-4.0, -2.0, -0.4, 0.0, 0.4, 2.0, 4.0}) {
      const double argument = f == ArrayFunction{vmath::log} ? std::exp(x) : x;
      const Complex z(argument, kStep);
      Complex y;
      on_complex(&z, &y, 1);
      INFO(argument << ": " << y.real() << " " << y.imag() / kStep);
      CHECK(close(y.real(), evaluate(f, argument)));
      CHECK(close(y.imag() / kStep, slope(argument)));
    }
  };
  const auto one = [](ArrayFunction f) { return [f](double x) { return evaluate(f, x); }; };
  const auto cdf = one(vmath::normal_cdf);
  const auto pdf = one(vmath::normal_pdf);
  const auto s = one(vmath::sigmoid);
  check(vmath::tanh<Complex>, vmath::tanh, [](double x) { return std::pow(std::cosh(x), -2); });
  check(vmath::sigmoid<Complex>, vmath::sigmoid, [&](double x) { return s(x) * s(-x); });
  check(vmath::softplus<Complex>, vmath::softplus, s);
  check(vmath::exp<Complex>, vmath::exp, [](double x) { return std::exp(x); });
  check(vmath::log<Complex>, vmath::log, [](double x) { return 1 / x; });
  check(vmath::erf<Complex>, vmath::erf, [](double x) {
    return 2 / std::sqrt(std::numbers::pi) * std::exp(-x * x);
  });
  check(vmath::normal_cdf<Complex>, vmath::normal_cdf, pdf);
  check(vmath::normal_pdf<Complex>, vmath::normal_pdf, [&](double x) { return -x * pdf(x); });
  check(vmath::gelu<Complex>, vmath::gelu, [&](double x) { return cdf(x) + x * pdf(x); });
}

TEST_CASE("vmath: the fallback for float agrees with double to float's precision") {
  const std::vector<float> x = {-20, -3, -0.5F, 1e-6F, 0.5F, 3, 20};
  const auto check = [&](auto on_float, ArrayFunction f) {
    std::vector<float> y(x.size());
    on_float(x.data(), y.data(), static_cast<std::ptrdiff_t>(x.size()));
    for (std::size_t i = 0; i < x.size(); ++i) {
      CHECK(y[i] == doctest::Approx(evaluate(f, x[i])).epsilon(3e-7).scale(0));
    }
  };
  check(vmath::tanh<float>, vmath::tanh);
  check(vmath::sigmoid<float>, vmath::sigmoid);
  check(vmath::softplus<float>, vmath::softplus);
  check(vmath::exp<float>, vmath::exp);
  check(vmath::erf<float>, vmath::erf);
}
