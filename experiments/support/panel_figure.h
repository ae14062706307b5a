// SPDX-License-Identifier: MIT
#pragma once

// A figure of panels in a grid, each with up to eight series: sweeps, curves, paths, dot plots.
//
// Law: a series of the same name has the same colour and point type in every panel, in the order of
// first use, and one legend on top names them all. What is not finite is left out of the figure and
// stays in the CSV file; what a logarithmic axis cannot show is drawn in a strip beside it.
//
//   PanelFigure figure{.name = "width", .panels = {{.title = "concrete", .x = {"width"}}}};
//   figure.panels[0].series.push_back({.name = "paper", .x = {4, 8, 16}, .y = {0.9, 0.5, 0.4}});
//   write_panel_figure(folder, figure);   // width.csv, width_labels.gp, width.{svg,pdf,png}

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/support/panel_axis.h"

namespace leaveout {

/// How a series is drawn. Error bars go with every style but `band`, which fills low to high and
/// draws a line through y.
enum class Style { points, line, line_points, dashed, dotted, band };

/// Pairs of numbers, drawn in their order. On an axis of categories x is a category's index.
struct Series {
  std::string name = {};       ///< As the legend names it; without a name it is not in the legend.
  std::vector<double> x = {};  // (points)
  std::vector<double> y = {};  // (points)
  std::vector<double> low = {};   // (points, or none) lower ends of error bars; not finite: none
  std::vector<double> high = {};  // (points, or none) upper ends
  Style style = Style::line_points;
};

/// A grey line, or one point, that a panel is read against.
struct Reference {
  enum class Kind { horizontal, vertical, diagonal, point };
  Kind kind = Kind::horizontal;
  double x = 0.0;          ///< Of a vertical line or a point.
  double y = 0.0;          ///< Of a horizontal line or a point.
  std::string label = {};  ///< A few words beside it.
};

Reference horizontal_line(double y, const std::string& label = {});
Reference vertical_line(double x, const std::string& label = {});
Reference marked_point(double x, double y, const std::string& label = {});

/// The line y = x; on two axes of the same scale only.
Reference diagonal_line(const std::string& label = {});

/// One panel. Its notes are lines of text, put where they cover least.
struct Panel {
  std::string title = {};
  PanelAxis x = {};
  PanelAxis y = {};
  std::vector<Series> series = {};
  std::vector<Reference> references = {};
  std::vector<std::string> notes = {};
};

/// Panels fill the rows one after the other. One column is 3.25 inches wide, more are 6.75.
struct PanelFigure {
  std::string name = {};  ///< Of the files: letters, digits, '_' and '-'.
  std::vector<Panel> panels = {};
  int columns = 0;                          ///< 0: one for one panel, two for 2 or 4, else three.
  std::vector<std::string> footnotes = {};  ///< Lines under the figure.
};

/// Most series of a panel, and most different names of a figure.
inline constexpr std::size_t kMostSeries = 8;

/// Writes NAME.csv and NAME_labels.gp into `folder`, made if it is missing. The CSV file has one
/// row per point: what panels.gp draws (positions as fractions of the panel), then the numbers as
/// they were given. Throws std::invalid_argument, and writes nothing, for a figure without panels,
/// a name that is no plain file name, unequal sizes, more than `kMostSeries` series, a category
/// that does not exist, and a diagonal between different scales.
void write_panel_data(const std::filesystem::path& folder, const PanelFigure& figure);

/// The data and the drawing in one call: NAME.svg, NAME.pdf and NAME.png in `folder`. Returns
/// false, after one line on stderr, where they cannot be drawn.
bool write_panel_figure(const std::filesystem::path& folder, const PanelFigure& figure);

}  // namespace leaveout
