// SPDX-License-Identifier: MIT
#pragma once

// One axis of a panel, linear, logarithmic or of categories: where every value stands between its
// two ends, and its ticks.
//
// Law: a position is a fraction of the axis, from 0 to 1, so that a script draws every scale alike.
// A logarithmic axis has no place for zero: values at or below its floor stand in a strip in front
// of it, under one tick that says what they are ("0", "<10^{-12}").
//
//   Frame x = make_frame({.scale = Scale::logarithmic}, {0, 1e-5, 1e-4, 1e-3}, 1.6, true);
//   x.at(1e-4);   // x.ticks: "0", "10^{-5}", "10^{-4}", "10^{-3}"

#include <optional>
#include <string>
#include <vector>

namespace leaveout {

enum class Scale { linear, logarithmic, categories };

/// An axis as a caller asks for it.
struct PanelAxis {
  std::string label = {};
  Scale scale = Scale::linear;
  /// Logarithmic: values at or below it are not told apart. Without one, only zero and negative
  /// values stand in the strip.
  std::optional<double> floor = {};
  std::vector<std::string> categories = {};  ///< Of the scale of that name; for x only.
  std::vector<double> include = {};          ///< Values that the frame holds whatever the data.
};

/// A tick, labelled or (with empty text) a small one.
struct Tick {
  double at = 0.0;        ///< Fraction of the axis.
  std::string text = {};  ///< In gnuplot's enhanced markup; of categories plain.
  double width = 0.0;     ///< Of the text, inches.
};

/// An axis as it is drawn.
struct Frame {
  Scale scale = Scale::linear;
  double low = 0.0;  ///< In units of the scale: value / 10^exponent, log10(value), index.
  double high = 1.0;
  int exponent = 0;      ///< Linear: the power of ten common to all ticks.
  double strip = 0.0;    ///< The fraction of the axis that the strip takes, 0 where there is none.
  double floor = 0.0;    ///< Values at or below it stand in the strip.
  Tick strip_tick = {};  ///< What the strip's values are.
  std::vector<Tick> ticks = {};

  double length = 1.0;  ///< Inches.
  bool horizontal = true;
  std::vector<double> values = {};  ///< Sorted, at most 8 of a horizontal axis, for ticks at them.
  std::vector<std::string> categories = {};

  /// The fraction at which a finite value stands.
  double at(double value) const;

  /// Whether a finite value stands in the strip.
  bool in_strip(double value) const { return strip > 0.0 && value <= floor; }

  /// Moves one end outwards by `share` of the length and chooses the ticks again.
  void lengthen(bool high_end, double share);

  /// Chooses `ticks` anew: as many as fit beside each other.
  void choose_ticks();
};

/// The frame of an axis of `length` inches that holds all finite `values` with a margin.
Frame make_frame(const PanelAxis& axis,
                 const std::vector<double>& values,
                 double length,
                 bool horizontal);

}  // namespace leaveout
