// SPDX-License-Identifier: MIT
#pragma once

// How much room text takes in a figure, so that it is placed before gnuplot draws it.
//
// Widths are those of Liberation Sans (Helvetica's) at 8 points, by classes of letters: right to
// about 5 %, in inches.
//
//   text_width("width 64")                       // 0.47
//   legend_layout({"paper", "exact"}, 6.0)       // where each name starts, and in which line

#include <string>
#include <vector>

namespace leaveout {

/// Width of one line of UTF-8 text, in inches. Control characters count as blanks.
double text_width(const std::string& text);

/// `text` in one line, cut with "..." to what fits into `inches`.
std::string fit_text(const std::string& text, double inches);

/// `text` with everything escaped that means something in gnuplot's enhanced mode.
std::string enhanced_text(const std::string& text);

/// "10^{-3}" for -3, and its width.
struct Markup {
  std::string text = {};
  double width = 0.0;
};
Markup power_text(int exponent);

/// "3×10^{-5}" for 3e-5, and "10^{-5}" for 1e-5; `value` is positive.
Markup scientific_text(double value);

/// Where an entry of the legend starts.
struct LegendEntry {
  int line = 0;    ///< From the top.
  double x = 0.0;  ///< Inches from the left end of the legend.
};

/// Room for the sample of a series in front of its name, inches.
inline constexpr double kLegendSample = 0.30;

/// Entries beside each other, as many as fit into `inches`, in columns as soon as there are more
/// lines than one.
std::vector<LegendEntry> legend_layout(const std::vector<std::string>& names, double inches);

}  // namespace leaveout
