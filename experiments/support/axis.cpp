// SPDX-License-Identifier: MIT
#include "experiments/support/axis.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace leaveout {
namespace {

double power_of_ten(int exponent) {
  return std::pow(10.0, exponent);
}

}  // namespace

Axis linear_axis(double low, double high) {
  // Equal ends: a window as wide as the value itself, or of 1 around zero.
  const double size = std::max(std::abs(low), std::abs(high));
  if (!(high - low > 1e-9 * size)) {
    const double half = size > 0.0 ? 0.5 * size : 0.5;
    low -= half;
    high += half;
  }
  const double margin = 0.06 * (high - low);
  low -= margin;
  high += margin;
  Axis axis;
  const int power =
      static_cast<int>(std::floor(std::log10(std::max(std::abs(low), std::abs(high)))));
  // 0.01 and 100 are read as easily as powers; beyond them the power is written once.
  axis.exponent = power >= -2 && power <= 2 ? 0 : power;
  axis.low = low / power_of_ten(axis.exponent);
  axis.high = high / power_of_ten(axis.exponent);
  const double rough = (axis.high - axis.low) / 3.5;
  const double unit = power_of_ten(static_cast<int>(std::floor(std::log10(rough))));
  const double ratio = rough / unit;
  axis.step = unit * (ratio < 1.5 ? 1.0 : ratio < 3.5 ? 2.0 : ratio < 7.5 ? 5.0 : 10.0);
  axis.first = std::ceil(axis.low / axis.step) * axis.step + 0.0;  // no "-0"
  return axis;
}

LogAxis log_axis(const std::vector<MarkedValue>& values, double floor) {
  double lowest = std::numeric_limits<double>::infinity(), highest = 0.0;
  bool below = false;
  for (const MarkedValue& value : values) {
    if (!std::isfinite(value.mean)) continue;
    if (value.mean <= floor) {
      below = true;
      continue;
    }
    double error = value.standard_error.value_or(0.0);
    if (!std::isfinite(error)) error = 0.0;
    highest = std::max(highest, value.mean + error);
    // An error as large as the mean would reach down to zero: its bar may leave the frame.
    lowest = std::min(lowest, error < 0.7 * value.mean ? value.mean - error : value.mean);
  }
  if (lowest > highest) lowest = highest = floor;
  const int lowest_of_all = static_cast<int>(std::floor(std::log10(floor)));
  int low = static_cast<int>(std::floor(std::log10(lowest)));
  int high = static_cast<int>(std::ceil(std::log10(highest)));
  if (high - low < 2) low = high - 2;
  low = std::max(low, lowest_of_all);
  high = std::max(high, low + 2);
  LogAxis axis;
  axis.first = power_of_ten(low);
  axis.high = power_of_ten(high);
  axis.decades = (high - low + 4) / 5;
  // Room for a tick label below that of the lowest decade.
  const double strip = below ? std::max(0.6, (high - low) / 4.5) : 0.0;
  axis.low = std::pow(10.0, low - strip);
  axis.strip = below ? std::pow(10.0, low - 0.62 * strip) : 0.0;
  return axis;
}

}  // namespace leaveout
