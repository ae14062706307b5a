// SPDX-License-Identifier: MIT
#pragma once
// The functions of vector_math.h with their exact values in long double, and arguments for them.
//
//   for (const Case& c : cases()) evaluate(c.fast, probe(c, 100, 7));

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <vector>

#include "autodiff/vector_math.h"

namespace leaveout::vmath_tests {

using ArrayFunction = void (*)(const double*, double*, std::ptrdiff_t);
using Reference = long double (*)(long double);

inline constexpr double kInf = std::numeric_limits<double>::infinity();
inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kTiniest = std::numeric_limits<double>::denorm_min();

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
inline long double exp_minus_half_square(long double x) {
  const long double square = x * x;
  return std::exp(-square / 2) * (1 - std::fma(x, x, -square) / 2);
}

/// Phi(x). The rounding d of y = -x / sqrt(2) matters once y is large: erfc(y + d) = erfc(y) -
/// 2 d exp(-y^2) / sqrt(pi), where 2 y d = x^2 / 2 - y^2.
inline long double normal_cdf(long double x) {
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

inline const std::vector<Case>& cases() {
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

inline std::vector<double> evaluate(ArrayFunction f, const std::vector<double>& x) {
  std::vector<double> y(x.size());
  f(x.data(), y.data(), static_cast<std::ptrdiff_t>(x.size()));
  return y;
}

inline double evaluate(ArrayFunction f, double x) {
  double y;
  f(&x, &y, 1);
  return y;
}

/// A grid over the interesting range, uniform points near zero, points at every scale down to
/// the tiniest, and random bit patterns.
inline std::vector<double> probe(const Case& c, int count, std::uint64_t seed) {
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

inline std::uint64_t bits(double x) {
  return std::bit_cast<std::uint64_t>(x);
}

}  // namespace leaveout::vmath_tests
