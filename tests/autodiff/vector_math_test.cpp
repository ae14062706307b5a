// SPDX-License-Identifier: MIT
#include "autodiff/vector_math.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "tests/autodiff/vector_math_cases.h"

using namespace leaveout;
using namespace leaveout::vmath_tests;

namespace {

/// |got - exact| in units of the last place of the double nearest to the exact value.
double ulp_error(double got, long double exact) {
  const auto rounded = static_cast<double>(exact);
  if (got == rounded) {
    if (std::isinf(rounded)) return 0;
  } else if (!std::isfinite(got) || std::isinf(rounded)) {
    return kInf;
  }
  const int exponent = exact == 0 ? -1074 : std::max(std::ilogb(exact) - 52, -1074);
  return static_cast<double>(std::ldexp(std::abs(got - exact), -exponent));
}

/// The largest error, over arguments in the function's domain.
double worst_ulp(const Case& c, const std::vector<double>& x, double& where) {
  const std::vector<double> y = evaluate(c.fast, x);
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!std::isfinite(x[i]) || (c.fast == ArrayFunction{vmath::log} && x[i] <= 0)) continue;
    const double error = ulp_error(y[i], c.exact(x[i]));
    if (!(error <= worst)) {
      worst = error;
      where = x[i];
    }
  }
  return worst;
}

std::vector<double> special_values() {
  std::vector<double> x = {
      0.0, kTiniest, 3 * kTiniest, 0x1p-1023, 0x1p-1022, 0x1.fffffffffffffp1023};
  for (int e = -1074; e < 1024; e += 3) x.push_back(std::ldexp(1.0, e));
  const std::size_t positive = x.size();
  for (std::size_t i = 0; i < positive; ++i) x.push_back(-x[i]);
  return x;
}

}  // namespace

TEST_CASE("vmath: errors stay under the stated ulp bounds over the whole double range") {
  for (const Case& c : cases()) {
    double where = 0;
    const double worst = worst_ulp(c, probe(c, 40000, 7), where);
    INFO(c.name << " worst " << worst << " ulp at " << where);
    CHECK(worst < c.bound);
    CHECK(worst_ulp(c, special_values(), where) < c.bound);
  }
}

TEST_CASE("vmath: the error measure sees one unit in the last place") {
  const double third = 1.0 / 3.0;
  CHECK(ulp_error(third, third) == 0);
  CHECK(ulp_error(std::nextafter(third, 1.0), third) == 1);
  CHECK(ulp_error(2 * kTiniest, kTiniest) == 1);
  CHECK(ulp_error(kInf, 1.0L) == kInf);
  CHECK(ulp_error(kNan, 1.0L) == kInf);
}

TEST_CASE("vmath: tanh and erf are odd and the density is even, bit for bit") {
  for (const Case& c : cases()) {
    const bool odd = c.fast == ArrayFunction{vmath::tanh} || c.fast == ArrayFunction{vmath::erf};
    if (!odd && c.fast != ArrayFunction{vmath::normal_pdf}) continue;
    INFO(c.name);
    std::vector<double> x = probe(c, 2000, 3);
    std::erase_if(x, [](double value) { return std::isnan(value); });
    const std::vector<double> y = evaluate(c.fast, x);
    for (double& value : x) value = -value;
    std::vector<double> reflected = evaluate(c.fast, x);
    if (odd) {
      for (double& value : reflected) value = -value;
    }
    CHECK(std::ranges::equal(y, reflected, {}, bits, bits));
  }
}

TEST_CASE("vmath: the increasing functions increase on a grid") {
  for (const Case& c : cases()) {
    if (c.fast == ArrayFunction{vmath::normal_pdf} || c.fast == ArrayFunction{vmath::gelu})
      continue;
    INFO(c.name);
    std::vector<double> x;  // steps of 1e-3: far more than an ulp until the function saturates
    for (double t = c.low; t < c.high; t += 1e-3) x.push_back(t);
    const std::vector<double> y = evaluate(c.fast, x);
    CHECK(std::ranges::is_sorted(y));
  }
}

TEST_CASE("vmath: a result does not depend on the position, the length or the buffer") {
  for (const Case& c : cases()) {
    INFO(c.name);
    const std::vector<double> x = probe(c, 53, 5);  // (265), no multiple of a pack
    const std::vector<double> whole = evaluate(c.fast, x);
    std::size_t different = 0;
    for (std::size_t length = 0; length < 40; ++length) {
      for (std::size_t start = 0; start < 11; ++start) {
        std::vector<double> part(x.begin() + start, x.begin() + start + length);
        part.push_back(42);  // one past the end must stay untouched
        c.fast(part.data(), part.data(), static_cast<std::ptrdiff_t>(length));
        for (std::size_t i = 0; i < length; ++i)
          different += bits(part[i]) != bits(whole[start + i]);
        different += part[length] != 42;
      }
    }
    CHECK(different == 0);
  }
}

TEST_CASE("vmath: the functions satisfy the identities that tie them together") {
  for (const double x : {-6.0, -1.7, -0.3, 0.2, 1.0, 4.5}) {
    INFO(x);
    const auto approx = [](double value) { return doctest::Approx(value).epsilon(4e-15); };
    const double s = evaluate(vmath::sigmoid, x);
    CHECK(evaluate(vmath::tanh, x / 2) == approx((s - 0.5) / 0.5));
    CHECK(evaluate(vmath::log, s) == approx(-evaluate(vmath::softplus, -x)));
    CHECK(evaluate(vmath::softplus, x) - evaluate(vmath::softplus, -x) == approx(x));
    CHECK(evaluate(vmath::normal_cdf, x) + evaluate(vmath::normal_cdf, -x) == approx(1));
    const double e = evaluate(vmath::erf, x / std::numbers::sqrt2);
    CHECK(2 * (evaluate(vmath::normal_cdf, std::abs(x)) - 0.5) == approx(std::abs(e)));
    CHECK(evaluate(vmath::gelu, x) == approx(x * evaluate(vmath::normal_cdf, x)));
  }
}
