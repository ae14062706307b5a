// SPDX-License-Identifier: MIT
#include "experiments/support/axis.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <utility>

using namespace leaveout;

namespace {

const double kFloor = 1e-12;

/// Ticks that an axis shows.
int ticks(const Axis& axis) {
  return 1 + static_cast<int>(std::floor((axis.high - axis.first) / axis.step + 1e-9));
}

}  // namespace

TEST_CASE("a linear axis contains its data, with 3 to 6 ticks at 1, 2 or 5 times a power of ten") {
  for (const double scale : {1e-9, 3e-4, 0.07, 1.0, 42.0, 6e5}) {
    for (const auto& [low, high] : {std::pair{-1.0, 1.0}, {0.0, 1.0}, {-3.7, -1.2}, {5.0, 5.3}}) {
      const Axis axis = linear_axis(scale * low, scale * high);
      const double unit = std::pow(10.0, axis.exponent);
      CHECK(axis.low * unit < scale * low);
      CHECK(axis.high * unit > scale * high);
      // The margins are narrow: 6 % of the data on either side.
      CHECK((axis.high - axis.low) * unit == doctest::Approx(1.12 * scale * (high - low)));
      CHECK(axis.first >= axis.low);
      CHECK(axis.first - axis.step < axis.low);
      CHECK(ticks(axis) >= 2);
      CHECK(ticks(axis) <= 6);
      const double lead = axis.step / std::pow(10.0, std::floor(std::log10(axis.step) + 1e-9));
      const bool round =
          std::abs(lead - 1.0) < 1e-9 || std::abs(lead - 2.0) < 1e-9 || std::abs(lead - 5.0) < 1e-9;
      CHECK(round);
    }
  }
}

TEST_CASE("the common power of ten is taken out beyond 0.01 and 1000, and no tick is -0") {
  CHECK(linear_axis(-3e-4, 1e-4).exponent == -4);
  CHECK(linear_axis(0.0, 0.05).exponent == 0);
  CHECK(linear_axis(0.0, 500.0).exponent == 0);
  CHECK(linear_axis(0.0, 5000.0).exponent == 3);
  CHECK_FALSE(std::signbit(linear_axis(-0.01, 1.0).first));
}

TEST_CASE("equal ends are set apart") {
  CHECK(linear_axis(0.0, 0.0).low < 0.0);
  CHECK(linear_axis(0.0, 0.0).high > 0.0);
  const Axis axis = linear_axis(3.0, 3.0);
  CHECK(axis.low < 3.0);
  CHECK(axis.high > 3.0);
  CHECK(linear_axis(-3.0, -3.0).low < -3.0);
}

TEST_CASE("a logarithmic axis runs from decade to decade around its values and errors") {
  const LogAxis axis = log_axis({{0.03, 0.01}, {2e-4, {}}}, kFloor);
  CHECK(axis.low == doctest::Approx(1e-4));
  CHECK(axis.first == doctest::Approx(1e-4));
  CHECK(axis.high == doctest::Approx(0.1));
  CHECK(axis.strip == 0.0);
  CHECK(log_axis({{0.08, 0.05}, {0.02, {}}}, kFloor).high == doctest::Approx(1.0));
  CHECK(log_axis({{0.02, 0.013}, {0.08, {}}}, kFloor).first == doctest::Approx(1e-3));
}

TEST_CASE("an error as large as the mean does not stretch a logarithmic axis") {
  CHECK(log_axis({{0.03, 0.03}, {0.5, {}}}, kFloor).first == doctest::Approx(0.01));
  CHECK(log_axis({{0.03, 0.0299999}, {0.5, {}}}, kFloor).first == doctest::Approx(0.01));
}

TEST_CASE("zero and rounding go to a strip below the lowest decade") {
  for (const double small : {0.0, 1e-16, 1e-12, -1e-20}) {
    const LogAxis axis = log_axis({{0.03, {}}, {2e-4, {}}, {small, 0.0}}, kFloor);
    CHECK(axis.first == doctest::Approx(1e-4));
    CHECK(axis.low < axis.strip);
    CHECK(axis.strip < axis.first);
  }
}

TEST_CASE("nothing to show, or nothing above the floor, still makes an axis") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const auto& values :
       {std::vector<MarkedValue>{}, {{0.0, 0.0}}, {{nan, {}}}, {{2e-12, {}}, {0.0, {}}}}) {
    const LogAxis axis = log_axis(values, kFloor);
    CHECK(axis.first == doctest::Approx(kFloor));
    CHECK(axis.high == doctest::Approx(100.0 * kFloor));
    CHECK(axis.low <= axis.first);
  }
  CHECK(std::isfinite(log_axis({{0.1, nan}}, kFloor).high));
}

TEST_CASE("many decades get a tick at most every fifth of the axis") {
  const LogAxis axis = log_axis({{1.0, {}}, {2e-11, {}}}, kFloor);
  CHECK(axis.decades == 3);  // 11 decades, ticks at 10^-11, -8, -5, -2
}
