// SPDX-License-Identifier: MIT
#include "experiments/support/panel_labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace leaveout {
namespace {

double power_of_ten(int exponent) {
  return std::pow(10.0, exponent);
}

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void include(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  double span() const { return high - low; }
};

std::string number_or_undefined(const std::optional<double>& value) {
  return value ? fmt::format("{:.2f}", *value) : "undefined";
}

/// The part of a panel that two lines of text in a corner take up, in fractions of the panel.
constexpr double kTextWidth = 0.62, kTextHeight = 0.25;

struct Corner {
  bool right = false;
  bool low = false;
};

/// How many points, and how many of 41 points of the identity line, lie in a corner.
Eigen::Index covered(const ScatterPanel& panel, const PanelLabels& labels, Corner corner) {
  const Axis &x = labels.x, &y = labels.y;
  const double sx = power_of_ten(-x.exponent), sy = power_of_ten(-y.exponent);
  Eigen::Index count = 0;
  const auto look = [&](double px, double py) {
    const double across = (px - x.low) / (x.high - x.low), up = (py - y.low) / (y.high - y.low);
    count += (corner.right ? across > 1.0 - kTextWidth : across < kTextWidth) &&
             (corner.low ? up < kTextHeight && up >= 0.0 : up > 1.0 - kTextHeight && up <= 1.0);
  };
  for (Eigen::Index i = 0; i < panel.predicted.size(); ++i) {
    look(panel.predicted[i] * sx, panel.actual[i] * sy);
  }
  for (int i = 0; i <= 40; ++i) {
    const double at = x.low + i / 40.0 * (x.high - x.low);
    look(at, at / sx * sy);
  }
  return count;
}

/// Puts the text into the emptiest corner, and lengthens the vertical axis until nothing is under
/// it.
void place_text(const ScatterPanel& panel, PanelLabels& labels) {
  Corner best;
  for (const Corner corner : {Corner{true, true}, Corner{true, false}, Corner{false, true}}) {
    if (covered(panel, labels, corner) < covered(panel, labels, best)) best = corner;
  }
  for (int i = 0; i < 8 && covered(panel, labels, best) > 0; ++i) {
    const double more = 0.06 * (labels.y.high - labels.y.low);
    (best.low ? labels.y.low : labels.y.high) += best.low ? -more : more;
  }
  labels.y.first = std::ceil(labels.y.low / labels.y.step) * labels.y.step + 0.0;  // no "-0"
  labels.text_x = best.right ? 0.97 : 0.05;
  labels.text_y = best.low ? 0.17 : 0.92;
  labels.side = best.right ? "right" : "left";
}

}  // namespace

PanelLabels panel_labels(const ScatterPanel& panel) {
  PanelLabels labels;
  Range x, y;
  for (Eigen::Index i = 0; i < panel.predicted.size(); ++i) {
    if (!std::isfinite(panel.predicted[i]) || !std::isfinite(panel.actual[i])) continue;
    x.include(panel.predicted[i]);
    y.include(panel.actual[i]);
    ++labels.points;
  }
  if (labels.points == 0) return labels;
  // Equal axes where that squeezes neither cloud, so that the identity is the diagonal.
  const Range both{std::min(x.low, y.low), std::max(x.high, y.high)};
  if (both.span() < 2.5 * std::min(x.span(), y.span())) x = y = both;
  labels.x = linear_axis(x.low, x.high);
  labels.y = linear_axis(y.low, y.high);
  labels.pearson = "Pearson " + number_or_undefined(panel.pearson);
  labels.spearman = "Spearman " + number_or_undefined(panel.spearman);
  place_text(panel, labels);
  return labels;
}

}  // namespace leaveout
