// SPDX-License-Identifier: MIT
#include "experiments/support/panel_drawing.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "experiments/support/gnuplot_arrays.h"
#include "experiments/support/panel_words.h"

namespace leaveout {
namespace {

std::vector<double> horizontal_values(const Panel& panel) {
  std::vector<double> values;
  for (const Series& series : panel.series) {
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      if (std::isfinite(series.y[i])) values.push_back(series.x[i]);
    }
  }
  for (const Reference& mark : panel.references) {
    using enum Reference::Kind;
    if (mark.kind == vertical || mark.kind == point) values.push_back(mark.x);
  }
  return values;
}

bool has_points(Style style) {
  return style == Style::points || style == Style::line_points;
}

/// The ends of an error bar or band where both are finite.
void place_bar(const Series& series, std::size_t i, const Frame& frame, PlottedPoint& point) {
  point.low = point.high = point.y;
  if (series.low.empty() || !std::isfinite(series.low[i]) || !std::isfinite(series.high[i])) return;
  if (frame.in_strip(series.y[i])) return;
  const bool no_logarithm = frame.scale == Scale::logarithmic && series.low[i] <= 0.0;
  const bool cut =
      no_logarithm || frame.in_strip(series.low[i]) || frame.at(series.low[i]) < frame.strip;
  point.low = cut ? frame.strip : frame.at(series.low[i]);
  point.high = std::min(1.0, frame.at(std::max(series.high[i], series.y[i])));
  if (series.style != Style::band)
    point.bar = cut ? PlottedPoint::cut_bar : PlottedPoint::whole_bar;
}

std::vector<PlottedPoint> place_series(const Series& series,
                                       double shift,
                                       const Frame& x,
                                       const Frame& y) {
  std::vector<PlottedPoint> points(series.x.size());
  std::optional<std::size_t> last;
  for (std::size_t i = 0; i < points.size(); ++i) {
    PlottedPoint& point = points[i];
    if (!std::isfinite(series.x[i]) || !std::isfinite(series.y[i])) {
      last.reset();
      continue;
    }
    point.shown = true;
    point.x = x.at(series.x[i] + shift);
    point.y = y.at(series.y[i]);
    const bool in_strip = x.in_strip(series.x[i]), below = y.in_strip(series.y[i]);
    point.new_line =
        last && (in_strip != x.in_strip(series.x[*last]) || below != y.in_strip(series.y[*last]));
    if (has_points(series.style) || in_strip) point.mark = PlottedPoint::point;
    // A bare line in the strip is marked where it enters: all its points would be one smear.
    const bool enters = !last || point.new_line;
    if (below) point.mark = PlottedPoint::no_mark;
    if (below && (has_points(series.style) || enters)) point.mark = PlottedPoint::below;
    place_bar(series, i, y, point);
    last = i;
  }
  // A line of one point would not be seen.
  const auto joined = [&](std::size_t i) {
    return i > 0 && i < points.size() && points[i].shown && points[i - 1].shown &&
           !points[i].new_line;
  };
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i].shown && points[i].mark == PlottedPoint::no_mark && !joined(i) &&
        !joined(i + 1)) {
      points[i].mark = PlottedPoint::point;
    }
  }
  return points;
}

/// Series beside each other within a category, those of the same name at the same place.
double shift_of(const Panel& panel, std::size_t which) {
  if (panel.x.scale != Scale::categories) return 0.0;
  Names names;
  for (const Series& series : panel.series) names.index(series.name);
  const double count = static_cast<double>(names.all.size());
  const double step = std::min(0.17, 0.72 / count);
  return (static_cast<double>(names.index(panel.series[which].name)) - 0.5 * (count + 1.0)) * step;
}

PlottedSegment place_reference(const Reference& mark, const Frame& x, const Frame& y) {
  using enum Reference::Kind;
  if (mark.kind == horizontal) return {0.0, y.at(mark.y), 1.0, y.at(mark.y)};
  if (mark.kind == vertical) return {x.at(mark.x), 0.0, x.at(mark.x), 1.0};
  if (mark.kind == point) return {x.at(mark.x), y.at(mark.y), x.at(mark.x), y.at(mark.y)};
  // From the larger of both lower ends to the smaller of both upper ones, in the scale's units.
  const double x_unit = x.scale == Scale::linear ? std::pow(10.0, x.exponent) : 1.0;
  const double y_unit = y.scale == Scale::linear ? std::pow(10.0, y.exponent) : 1.0;
  const double low = std::max(x.low * x_unit, y.low * y_unit);
  const double high = std::max(low, std::min(x.high * x_unit, y.high * y_unit));
  const auto place = [](const Frame& frame, double unit, double value) {
    const double share = (value / unit - frame.low) / (frame.high - frame.low);
    return frame.strip + (1.0 - frame.strip) * share;
  };
  return {
      place(x, x_unit, low), place(y, y_unit, low), place(x, x_unit, high), place(y, y_unit, high)};
}

void place_marks(const Panel& panel, PanelDrawing& drawing) {
  drawing.series.clear();
  drawing.references.clear();
  for (std::size_t i = 0; i < panel.series.size(); ++i) {
    drawing.series.push_back(
        place_series(panel.series[i], shift_of(panel, i), drawing.x, drawing.y));
  }
  for (const Reference& mark : panel.references) {
    drawing.references.push_back(place_reference(mark, drawing.x, drawing.y));
  }
}

}  // namespace

Frame horizontal_frame(const Panel& panel, double width) {
  return make_frame(panel.x, horizontal_values(panel), width, true);
}

Frame vertical_frame(const Panel& panel, double height) {
  std::vector<double> values;
  const bool logarithmic = panel.y.scale == Scale::logarithmic;
  for (const Series& series : panel.series) {
    for (std::size_t i = 0; i < series.y.size(); ++i) {
      if (!std::isfinite(series.x[i]) || !std::isfinite(series.y[i])) continue;
      values.push_back(series.y[i]);
      if (series.low.empty()) continue;
      // A bar that reaches down to zero may leave a logarithmic frame.
      if (!logarithmic || series.low[i] > 0.3 * series.y[i]) values.push_back(series.low[i]);
      if (!logarithmic || series.y[i] > 0.0) values.push_back(series.high[i]);
    }
  }
  for (const Reference& mark : panel.references) {
    using enum Reference::Kind;
    if (mark.kind == horizontal || mark.kind == point) values.push_back(mark.y);
  }
  return make_frame(panel.y, values, height, false);
}

PanelDrawing draw_panel(const Panel& panel, double width, double height) {
  PanelDrawing drawing;
  drawing.x = horizontal_frame(panel, width);
  drawing.y = vertical_frame(panel, height);
  place_marks(panel, drawing);
  if (!panel.notes.empty()) {
    // As much as doubles the axis: more would squeeze the data.
    for (int i = 0; i < 12; ++i) {
      PanelWords words(drawing, width, height);
      if (words.choose_corner(panel.notes) == 0) break;
      drawing.y.lengthen(!words.corner_is_low(), 0.06);
      place_marks(panel, drawing);
    }
  }
  PanelWords words(drawing, width, height);
  if (!panel.notes.empty()) {
    words.choose_corner(panel.notes);
    words.write_notes(panel.notes);
  }
  for (std::size_t i = 0; i < panel.references.size(); ++i) {
    words.write_label(panel.references[i].label, drawing.references[i]);
  }
  return drawing;
}

}  // namespace leaveout
