// SPDX-License-Identifier: MIT
#include "experiments/support/panel_layout.h"

#include <algorithm>

#include "experiments/support/gnuplot_arrays.h"
#include "experiments/support/panel_drawing.h"

namespace leaveout {
namespace {

/// Inches: below the frame to the tick labels' end, for one line of an axis label, for a title, at
/// the right end of the figure and of every column.
constexpr double kTicks = 0.20, kLabel = 0.17, kTitle = 0.20, kRight = 0.14, kEdge = 0.05;

std::size_t columns_of(const PanelFigure& figure) {
  const std::size_t n = figure.panels.size();
  if (figure.columns > 0) return std::min<std::size_t>(n, static_cast<std::size_t>(figure.columns));
  return n == 1 ? 1 : n == 2 || n == 4 ? 2 : 3;
}

bool all_alike(const PanelFigure& figure, PanelAxis Panel::*axis) {
  return std::all_of(figure.panels.begin(), figure.panels.end(), [&](const Panel& panel) {
    return (panel.*axis).label == (figure.panels[0].*axis).label;
  });
}

double widest_tick(const Frame& frame) {
  double widest = 0.0;
  for (const Tick& tick : frame.ticks) widest = std::max(widest, tick.width);
  return widest;
}

/// Room for tick labels under a panel; slanted categories take more.
double tick_room(const Panel& panel, double width, bool& rotated) {
  rotated = false;
  if (panel.x.scale != Scale::categories) return kTicks;
  const Frame frame = make_frame(panel.x, {}, width, true);
  const double room = width / static_cast<double>(std::max<std::size_t>(1, frame.ticks.size()));
  rotated = widest_tick(frame) > 0.92 * room;
  return rotated ? 0.11 + 0.65 * widest_tick(frame) : kTicks;
}

/// The left end of every column's frames, and the width of all panels.
std::vector<double> place_columns(const PanelFigure& figure,
                                  std::size_t columns,
                                  bool one_label,
                                  FigureLayout& layout) {
  std::vector<double> left(columns, 0.0);
  for (std::size_t p = 0; p < figure.panels.size(); ++p) {
    const std::size_t c = p % columns;
    const bool label = !figure.panels[p].y.label.empty() && (c == 0 || !one_label);
    layout.panels[p].y_label = label;
    const double ticks = widest_tick(vertical_frame(figure.panels[p], layout.panel_height));
    left[c] = std::max(left[c], ticks + 0.10 + (label ? kLabel : 0.0));
  }
  double used = kEdge;
  for (const double width : left) used += width + kRight;
  layout.panel_width = (layout.width - used) / static_cast<double>(columns);
  double x = kEdge;
  for (double& start : left) {
    const double room = start;
    start = x + room;
    x = start + layout.panel_width + kRight;
  }
  return left;
}

}  // namespace

std::vector<LegendSeries> legend_series(const PanelFigure& figure) {
  Names names;
  std::vector<LegendSeries> legend;
  for (const Panel& panel : figure.panels) {
    for (const Series& series : panel.series) {
      const std::size_t known = names.all.size(), colour = names.index(series.name);
      if (colour > known && !series.name.empty()) {
        legend.push_back({series.name, colour, series.style});
      }
    }
  }
  return legend;
}

FigureLayout lay_out(const PanelFigure& figure) {
  const std::size_t n = figure.panels.size(), columns = columns_of(figure);
  FigureLayout layout;
  layout.width = columns == 1 ? 3.25 : 6.75;
  layout.panel_height = columns == 1 ? 1.90 : columns == 2 ? 1.75 : columns == 3 ? 1.40 : 1.20;
  layout.panels.resize(n);
  const std::vector<double> left =
      place_columns(figure, columns, all_alike(figure, &Panel::y), layout);
  layout.legend_x = columns == 1 ? kEdge : left[0];
  std::vector<std::string> names;
  for (const LegendSeries& entry : legend_series(figure)) names.push_back(entry.name);
  layout.legend = legend_layout(names, layout.width - layout.legend_x - kRight);
  const bool one_label = all_alike(figure, &Panel::x);
  const auto row_of = [&](std::size_t p) { return p / columns; };
  std::vector<double> tick_rooms((n + columns - 1) / columns, 0.0);
  std::vector<bool> labels(tick_rooms.size(), false);
  bool titles = false;
  for (std::size_t p = 0; p < n; ++p) {
    PanelPlace& place = layout.panels[p];
    const double ticks = tick_room(figure.panels[p], layout.panel_width, place.rotated);
    place.x = left[p % columns];
    place.y_label_x = place.x - widest_tick(vertical_frame(figure.panels[p], layout.panel_height)) -
                      0.10 - 0.5 * kLabel + 0.02;
    place.x_label = !figure.panels[p].x.label.empty() && (!one_label || p + columns >= n);
    double& room = tick_rooms[row_of(p)];
    room = std::max(room, ticks);
    // A power of ten common to the ticks stands where the label does.
    const bool power = horizontal_frame(figure.panels[p], layout.panel_width).exponent != 0;
    labels[row_of(p)] = labels[row_of(p)] || place.x_label || power;
    titles = titles || !figure.panels[p].title.empty();
  }
  // From the bottom up.
  double y = 0.04 + kLegendLine * static_cast<double>(figure.footnotes.size());
  layout.footnote_y = y - 0.5 * kLegendLine;
  const double title = titles ? kTitle : 0.10;
  for (std::size_t row = tick_rooms.size(); row-- > 0;) {
    y += tick_rooms[row] + (labels[row] ? kLabel : 0.0);
    for (std::size_t p = 0; p < n; ++p) {
      if (row_of(p) != row) continue;
      layout.panels[p].y = y;
      layout.panels[p].x_label_y = y - tick_rooms[row] - 0.45 * kLabel;
    }
    y += layout.panel_height + title + (row > 0 ? 0.04 : 0.0);
  }
  const double lines = layout.legend.empty() ? 0.0 : layout.legend.back().line + 1.0;
  layout.height = y + kLegendLine * lines + 0.03;
  layout.legend_y = layout.height - 0.03 - 0.5 * kLegendLine;
  return layout;
}

}  // namespace leaveout
