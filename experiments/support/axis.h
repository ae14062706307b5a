// SPDX-License-Identifier: MIT
#pragma once

// The axes of a figure: where a frame ends and where its ticks stand.
//
// They are chosen here and not by gnuplot, so that they are the same in SVG, PDF and PNG and can be
// tested: a frame ends near its data, ticks are 1, 2 or 5 times a power of ten, and the power
// common to all ticks of an axis is written once.
//
//   Axis x = linear_axis(-3e-4, 1e-4);   // ticks -2, 0 and "x 10^-4" beside them
//   LogAxis y = log_axis({{0.03, 0.01}, {1e-16, 0.0}}, 1e-12);
//   // decades from 0.01 to 1, and a strip below for what is rounding

#include <optional>
#include <vector>

namespace leaveout {

/// A linear axis in units of 10^exponent.
struct Axis {
  double low = 0.0;
  double high = 1.0;
  double first = 0.0;  ///< The lowest tick.
  double step = 0.5;
  int exponent = 0;
};

/// A logarithmic axis. Values at or below a floor are shown in a strip under it.
struct LogAxis {
  double low = 0.0;    ///< Lower end of the frame, strip included.
  double high = 0.0;   ///< A power of ten.
  double first = 0.0;  ///< The lowest tick, a power of ten.
  int decades = 1;     ///< From tick to tick.
  double strip = 0.0;  ///< Where values below the floor are drawn; 0 where there are none.
};

/// A mean with its standard error, undefined for a single value.
struct MarkedValue {
  double mean = 0.0;
  std::optional<double> standard_error = {};
};

/// The axis from `low` to `high`, both finite, with a margin on either side. Equal ends are set
/// apart.
Axis linear_axis(double low, double high);

/// The axis of positive values. Those at or below `floor`, zeros and negative ones included, go to
/// the strip; those that are not finite go nowhere.
LogAxis log_axis(const std::vector<MarkedValue>& values, double floor);

}  // namespace leaveout
