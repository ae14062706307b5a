// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "experiments/support/panel_axis.h"
#include "experiments/support/panel_text.h"

namespace leaveout {
namespace {

double power_of_ten(int exponent) {
  return std::pow(10.0, exponent);
}

/// Height of a line of text and free space between two numbers, inches.
constexpr double kLine = 0.12, kTickGap = 0.06;

std::string plain_number(double value) {
  return fmt::format("{:.6g}", value);
}

/// Whether labelled ticks, in rising order, stand clear of each other; the strip's tick too.
bool fits(const std::vector<Tick>& ticks, const Frame& frame) {
  double end = -std::numeric_limits<double>::infinity();
  if (frame.strip > 0.0 && frame.horizontal) {
    end = frame.length * frame.strip_tick.at + 0.5 * frame.strip_tick.width;
  }
  for (const Tick& tick : ticks) {
    const double half = 0.5 * (frame.horizontal ? tick.width : kLine);
    const double centre = tick.at * frame.length;
    if (centre - half < end + (frame.horizontal ? kTickGap : 0.03)) return false;
    end = centre + half;
  }
  return true;
}

/// Every `each`-th of `values` as a tick, as a number or with a power of ten.
std::vector<Tick> ticks_at(const std::vector<double>& values,
                           std::size_t each,
                           bool powers,
                           const Frame& frame) {
  std::vector<Tick> ticks;
  for (std::size_t i = 0; i < values.size(); i += each) {
    const double at = frame.at(values[i]);
    if (at < 0.0 || at > 1.0) continue;
    const std::string plain = plain_number(values[i] / power_of_ten(frame.exponent));
    const Markup shown = powers ? scientific_text(values[i]) : Markup{plain, text_width(plain)};
    ticks.push_back({at, shown.text, shown.width});
  }
  return ticks;
}

bool is_power_of_ten(double value) {
  const double power = std::log10(value);
  return value > 0.0 && std::abs(power - std::round(power)) < 1e-9;
}

/// Whether a number is read easily as it is.
bool is_short(double value) {
  const std::string text = plain_number(value);
  return text.size() <= 5 && text.find('e') == std::string::npos;
}

/// Whether it is with a power of ten: 3×10^-5 and 1.5×10^-5, but not 1.23×10^-5.
bool is_round(double value) {
  return value > 0.0 && is_power_of_ten(value / std::stod(fmt::format("{:.1e}", value)));
}

/// Ticks at the values themselves: a sweep over a few widths or over powers of ten. None where
/// they are too many or their numbers too long.
std::vector<Tick> ticks_at_values(const Frame& frame) {
  std::vector<double> shown;
  for (const double value : frame.values) {
    if (!frame.in_strip(value)) shown.push_back(value);
  }
  if (shown.size() < 2 || frame.exponent != 0) return {};
  const auto all = [&](auto holds) { return std::all_of(shown.begin(), shown.end(), holds); };
  const bool wide = shown.front() < 0.0099 || shown.back() > 1001.0;
  const bool powers = frame.scale == Scale::logarithmic &&
                      ((wide && all(is_power_of_ten)) || (!all(is_short) && all(is_round)));
  if (!powers && !all(is_short)) return {};
  for (std::size_t each = 1; each < 4 && (shown.size() - 1) / each >= 1; ++each) {
    std::vector<Tick> ticks = ticks_at(shown, each, powers, frame);
    if (!fits(ticks, frame)) continue;
    for (const double value : shown) {
      if (each > 1) ticks.push_back({frame.at(value)});
    }
    return ticks;
  }
  return {};
}

/// The multiples `factors` of the powers of ten inside a logarithmic frame.
std::vector<double> multiples(const Frame& frame, const std::vector<double>& factors) {
  std::vector<double> values;
  for (int e = static_cast<int>(std::floor(frame.low)); e <= frame.high; ++e) {
    for (const double factor : factors) {
      const double position = e + std::log10(factor);
      if (position > frame.low - 1e-9 && position < frame.high + 1e-9) {
        values.push_back(factor * power_of_ten(e));
      }
    }
  }
  return values;
}

/// Those of `ticks` that stand clear of the ones before them.
std::vector<Tick> clear_ticks(const std::vector<Tick>& ticks, const Frame& frame) {
  std::vector<Tick> clear;
  for (const Tick& tick : ticks) {
    clear.push_back(tick);
    if (!fits(clear, frame)) clear.pop_back();
  }
  return clear;
}

/// Multiples of 1, 2 or 5 times a power of ten, for less than about a decade. Where two of them
/// never fit, some of the finest.
std::vector<Tick> even_ticks(const Frame& frame) {
  const double low = std::pow(10.0, frame.low), high = std::pow(10.0, frame.high);
  std::vector<Tick> finest;
  for (double rough = (high - low) / 6.0;; rough *= 1.5) {
    const double unit = power_of_ten(static_cast<int>(std::floor(std::log10(rough))));
    const double ratio = rough / unit;
    const double step = unit * (ratio <= 1.0   ? 1.0
                                : ratio <= 2.0 ? 2.0
                                : ratio <= 5.0 ? 5.0
                                               : 10.0);
    std::vector<double> values;
    for (double k = std::ceil(low / step); k * step <= high; ++k) values.push_back(k * step);
    const bool powers = !std::all_of(values.begin(), values.end(), is_short);
    const std::vector<Tick> ticks = ticks_at(values, 1, powers, frame);
    if (finest.empty()) finest = clear_ticks(ticks, frame);
    if (ticks.size() < 2) return finest;
    if (fits(ticks, frame)) return ticks;
  }
}

/// Powers of ten, every one or every few.
std::vector<Tick> decade_ticks(const Frame& frame) {
  const std::vector<double> decades = multiples(frame, {1.0});
  if (decades.empty()) return {};
  const bool powers = decades.front() < 0.0099 || decades.back() > 1001.0;
  std::size_t each = 1;
  std::vector<Tick> ticks = ticks_at(decades, each, powers, frame);
  while (ticks.size() > 2 && (!fits(ticks, frame) || ticks.size() > 6)) {
    ticks = ticks_at(decades, ++each, powers, frame);
  }
  return ticks;
}

void add_small_ticks(Frame& frame, const std::vector<double>& values) {
  for (const double value : values) frame.ticks.push_back({frame.at(value)});
}

void choose_log_ticks(Frame& frame) {
  const std::vector<double> all{1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0};
  frame.ticks = decade_ticks(frame);
  if (frame.ticks.size() < 3) {
    for (const auto& factors : {std::vector<double>{1.0, 2.0, 5.0}, {1.0, 3.0}}) {
      const std::vector<double> values = multiples(frame, factors);
      const bool powers = !std::all_of(values.begin(), values.end(), is_short);
      const std::vector<Tick> ticks = ticks_at(values, 1, powers, frame);
      if (ticks.size() >= 3 && fits(ticks, frame)) {
        frame.ticks = ticks;
        break;
      }
    }
  }
  if (frame.ticks.size() < 2) {
    frame.ticks = even_ticks(frame);
    return;
  }
  add_small_ticks(frame, multiples(frame, frame.high - frame.low < 4.0 ? all : std::vector{1.0}));
}

void choose_linear_ticks(Frame& frame, double step) {
  for (;; step *= 2.0) {
    std::vector<double> values;
    const double unit = power_of_ten(frame.exponent);
    for (double k = std::ceil(frame.low / step - 1e-9);
         k * step <= frame.high * (1 + 1e-12) + 1e-12 * step;
         ++k) {
      values.push_back((k * step + 0.0) * unit);
    }
    frame.ticks = ticks_at(values, 1, false, frame);
    if (frame.ticks.size() < 3 || fits(frame.ticks, frame)) return;
  }
}

}  // namespace

void Frame::choose_ticks() {
  ticks.clear();
  if (scale == Scale::categories) {
    for (std::size_t i = 0; i < categories.size(); ++i) {
      ticks.push_back({at(static_cast<double>(i)), categories[i], text_width(categories[i])});
    }
    return;
  }
  ticks = ticks_at_values(*this);
  if (ticks.empty() && scale == Scale::logarithmic) choose_log_ticks(*this);
  if (ticks.empty()) {
    const double rough = (high - low) / 3.5;
    const double unit = power_of_ten(static_cast<int>(std::floor(std::log10(rough))));
    const double ratio = rough / unit;
    choose_linear_ticks(*this,
                        unit * (ratio < 1.5   ? 1.0
                                : ratio < 3.5 ? 2.0
                                : ratio < 7.5 ? 5.0
                                              : 10.0));
  }
  if (strip > 0.0) ticks.push_back(strip_tick);
}

}  // namespace leaveout
