// SPDX-License-Identifier: MIT
#include "autodiff/vector_math.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>
#include <numbers>
#include <vector>

using namespace leaveout;

namespace {

using ArrayFunction = void (*)(const double*, double*, std::ptrdiff_t);
using Reference = long double (*)(long double);

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kTiniest = std::numeric_limits<double>::denorm_min();

/// splitmix64: a local generator, because these tests see nothing but autodiff.
struct Generator {
  std::uint64_t state;
  std::uint64_t next() {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  double uniform(double low, double high) {
    return low + (high - low) * static_cast<double>(next() >> 11) * 0x1p-53;
  }
};

/// exp(-x^2 / 2) in long double, the square kept exact: a rounded one would cost half an ulp.
long double exp_minus_half_square(long double x) {
  const long double square = x * x;
  return std::exp(-square / 2) * (1 - std::fma(x, x, -square) / 2);
}

/// Phi(x). The rounding d of y = -x / sqrt(2) matters once y is large: erfc(y + d) = erfc(y) -
/// 2 d exp(-y^2) / sqrt(pi), where 2 y d = x^2 / 2 - y^2.
long double normal_cdf(long double x) {
  const long double y = -x / std::numbers::sqrt2_v<long double>;
  const long double value = std::erfc(y) / 2;
  if (y < 1) return value;
  const long double square = y * y;
  const long double half = x * x / 2;
  const long double difference =
      (half - square) + (std::fma(x, x / 2, -half) - std::fma(y, y, -square));
  return value -
         difference / (2 * y) * exp_minus_half_square(x) * std::numbers::inv_sqrtpi_v<long double>;
}

struct Case {
  const char* name;
  ArrayFunction fast;
  Reference exact;
  double low, high;  // where the function is neither saturated nor zero
  double bound;      // ulp, the one that the header states
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {"tanh", vmath::tanh, [](long double x) { return std::tanh(x); }, -21, 21, 4},
      {"sigmoid",
       vmath::sigmoid,
       [](long double x) { return 1 / (1 + std::exp(-x)); },
       -746,
       40,
       3},
      {"softplus",
       vmath::softplus,
       [](long double x) { return std::max(x, 0.0L) + std::log1p(std::exp(-std::abs(x))); },
       -746,
       40,
       2},
      {"exp", vmath::exp, [](long double x) { return std::exp(x); }, -746, 710, 1},
      {"log", vmath::log, [](long double x) { return std::log(x); }, kTiniest, 5, 1},
      {"erf", vmath::erf, [](long double x) { return std::erf(x); }, -6, 6, 3},
      {"normal_cdf", vmath::normal_cdf, normal_cdf, -38.6, 9, 4.5},
      {"normal_pdf",
       vmath::normal_pdf,
       [](long double x) {
         return exp_minus_half_square(x) / std::sqrt(2 * std::numbers::pi_v<long double>);
       },
       -38.7,
       38.7,
       2.5},
      {"gelu", vmath::gelu, [](long double x) { return x * normal_cdf(x); }, -38.7, 9, 5},
  };
  return all;
}

std::vector<double> evaluate(ArrayFunction f, const std::vector<double>& x) {
  std::vector<double> y(x.size());
  f(x.data(), y.data(), static_cast<std::ptrdiff_t>(x.size()));
  return y;
}

double evaluate(ArrayFunction f, double x) {
  double y;
  f(&x, &y, 1);
  return y;
}

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

/// A grid over the interesting range, uniform points near zero, points at every scale down to
/// the tiniest, and random bit patterns.
std::vector<double> probe(const Case& c, int count, std::uint64_t seed) {
  Generator generator{seed};
  std::vector<double> x;  // (5 * count)
  for (int i = 0; i < count; ++i) {
    x.push_back(c.low + (c.high - c.low) * i / (count - 1));
    x.push_back(generator.uniform(-2.5, 2.5));
    x.push_back(generator.uniform(c.low, c.high));
    x.push_back(std::ldexp(generator.uniform(-1, 1), -static_cast<int>(generator.next() % 1074)));
    x.push_back(std::bit_cast<double>(generator.next()));
  }
  return x;
}

std::vector<double> special_values() {
  std::vector<double> x = {
      0.0, kTiniest, 3 * kTiniest, 0x1p-1023, 0x1p-1022, 0x1.fffffffffffffp1023};
  for (int e = -1074; e < 1024; e += 3) x.push_back(std::ldexp(1.0, e));
  const std::size_t positive = x.size();
  for (std::size_t i = 0; i < positive; ++i) x.push_back(-x[i]);
  return x;
}

std::uint64_t bits(double x) {
  return std::bit_cast<std::uint64_t>(x);
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
