// SPDX-License-Identifier: MIT
#include "experiments/support/panel_axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "experiments/support/axis.h"
#include "experiments/support/panel_text.h"

namespace leaveout {
namespace {

double power_of_ten(int exponent) {
  return std::pow(10.0, exponent);
}

/// Length of the strip in inches, and where its values stand in it.
constexpr double kStrip = 0.24, kStripMiddle = 0.4;

/// The tick that says what stands in the strip.
Tick strip_words(const PanelAxis& axis, double lowest) {
  if (!axis.floor || *axis.floor <= 0.0) {
    const std::string text = lowest < 0.0 ? "≤0" : "0";
    return {0.0, text, text_width(text)};
  }
  const std::string plain = fmt::format("{:.6g}", *axis.floor);
  const bool is_long = plain.size() > 5 || plain.find('e') != std::string::npos;
  const Markup floor = is_long ? scientific_text(*axis.floor) : Markup{plain, text_width(plain)};
  return {0.0, fmt::format("<{}", floor.text), text_width("<") + floor.width};
}

void set_log_range(Frame& frame, const PanelAxis& axis, const std::vector<double>& values) {
  frame.floor = std::max(0.0, axis.floor.value_or(0.0));
  double lowest = std::numeric_limits<double>::infinity(), highest = 0.0, in_strip = lowest;
  for (const double value : values) {
    if (value <= frame.floor) {
      in_strip = std::min(in_strip, value);
    } else {
      lowest = std::min(lowest, value);
      highest = std::max(highest, value);
    }
  }
  if (lowest > highest) {
    lowest = frame.floor > 0.0 ? frame.floor : 0.1;
    highest = 100.0 * lowest;
  }
  frame.low = std::log10(lowest);
  frame.high = std::log10(highest);
  const double margin = frame.high - frame.low < 0.02 ? 0.5 : 0.06 * (frame.high - frame.low);
  frame.low -= margin;
  frame.high += margin;
  if (std::isfinite(in_strip)) {
    frame.strip = std::min(0.3, kStrip / frame.length);
    frame.strip_tick = strip_words(axis, in_strip);
    frame.strip_tick.at = kStripMiddle * frame.strip;
  }
}

}  // namespace

double Frame::at(double value) const {
  if (in_strip(value)) return kStripMiddle * strip;
  const double position = scale == Scale::logarithmic ? std::log10(value)
                          : scale == Scale::linear    ? value / power_of_ten(exponent)
                                                      : value;
  return strip + (1.0 - strip) * (position - low) / (high - low);
}

void Frame::lengthen(bool high_end, double share) {
  (high_end ? high : low) += (high_end ? share : -share) * (high - low);
  choose_ticks();
}

Frame make_frame(const PanelAxis& axis,
                 const std::vector<double>& values,
                 double length,
                 bool horizontal) {
  Frame frame;
  frame.scale = axis.scale;
  frame.length = length;
  frame.horizontal = horizontal;
  // A longer name at a slant would reach under the next panel.
  for (const std::string& name : axis.categories) frame.categories.push_back(fit_text(name, 1.0));
  if (axis.scale == Scale::categories) {
    frame.low = -0.5;
    frame.high = static_cast<double>(axis.categories.size()) - 0.5;
    frame.choose_ticks();
    return frame;
  }
  std::vector<double> finite = axis.include;
  finite.insert(finite.end(), values.begin(), values.end());
  std::erase_if(finite, [](double value) { return !std::isfinite(value); });
  if (axis.scale == Scale::logarithmic) {
    set_log_range(frame, axis, finite);
  } else {
    const auto [low, high] = std::minmax_element(finite.begin(), finite.end());
    const Axis range = finite.empty() ? linear_axis(0.0, 1.0) : linear_axis(*low, *high);
    frame.low = range.low;
    frame.high = range.high;
    frame.exponent = range.exponent;
  }
  std::sort(finite.begin(), finite.end());
  finite.erase(std::unique(finite.begin(), finite.end()), finite.end());
  if (horizontal && finite.size() <= 8) frame.values = finite;
  frame.choose_ticks();
  return frame;
}

}  // namespace leaveout
