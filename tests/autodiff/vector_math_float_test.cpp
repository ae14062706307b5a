// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "autodiff/vector_math.h"

using namespace leaveout;

namespace {

struct Case {
  const char* name;
  void (*on_floats)(const float*, float*, std::ptrdiff_t);
  void (*on_doubles)(const double*, double*, std::ptrdiff_t);
};

constexpr Case kCases[] = {{"tanh", vmath::tanh, vmath::tanh},
                           {"sigmoid", vmath::sigmoid, vmath::sigmoid},
                           {"softplus", vmath::softplus, vmath::softplus},
                           {"exp", vmath::exp, vmath::exp},
                           {"log", vmath::log, vmath::log},
                           {"erf", vmath::erf, vmath::erf},
                           {"normal_cdf", vmath::normal_cdf, vmath::normal_cdf},
                           {"normal_pdf", vmath::normal_pdf, vmath::normal_pdf},
                           {"gelu", vmath::gelu, vmath::gelu}};

/// Every 65521st bit pattern, the special values among them.
std::vector<float> patterns() {
  std::vector<float> x = {0.0F,
                          -0.0F,
                          std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity(),
                          std::numeric_limits<float>::quiet_NaN(),
                          std::numeric_limits<float>::denorm_min()};
  for (std::uint64_t bits = 0; bits >> 32 == 0; bits += 65521)
    x.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  return x;
}

bool same(float a, float b) {
  return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b) ||
         (std::isnan(a) && std::isnan(b));
}

}  // namespace

TEST_CASE("vmath: on floats the result is double's, rounded once, at any length and in place") {
  const std::vector<float> x = patterns();
  const std::vector<double> wide(x.begin(), x.end());
  for (const Case& c : kCases) {
    INFO(c.name);
    std::vector<double> expected(x.size());
    c.on_doubles(wide.data(), expected.data(), static_cast<std::ptrdiff_t>(x.size()));
    std::vector<float> y = x;
    c.on_floats(y.data(), y.data(), static_cast<std::ptrdiff_t>(y.size()));
    std::size_t different = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
      different += !same(y[i], static_cast<float>(expected[i]));
    for (std::ptrdiff_t length = 0; length < 20; ++length) {
      std::vector<float> part(x.begin() + 60, x.begin() + 60 + length + 1);
      c.on_floats(part.data(), part.data(), length);
      for (std::ptrdiff_t i = 0; i < length; ++i)
        different += !same(part[static_cast<std::size_t>(i)], static_cast<float>(expected[i + 60]));
      different += !same(part.back(), x[static_cast<std::size_t>(60 + length)]);  // untouched
    }
    CHECK(different == 0);
  }
}
