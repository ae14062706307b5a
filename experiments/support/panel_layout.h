// SPDX-License-Identifier: MIT
#pragma once

// Where the panels of a figure, their labels and the legend stand, in inches from its lower left
// corner.
//
// Law: all panels of a figure have one size; the labels that all panels share are written once per
// row and column.
//
//   FigureLayout layout = lay_out(figure);
//   layout.panels[0].x;   // of the left end of the first panel's frame

#include <cstddef>
#include <string>
#include <vector>

#include "experiments/support/panel_figure.h"
#include "experiments/support/panel_text.h"

namespace leaveout {

struct PanelPlace {
  double x = 0.0, y = 0.0;  ///< The frame's lower left corner.
  double y_label_x = 0.0;   ///< The middle of the vertical axis's label.
  double x_label_y = 0.0;   ///< The middle of the horizontal axis's label.
  bool x_label = true, y_label = true;
  bool rotated = false;  ///< Whether the categories under it stand at a slant.
};

/// What the legend says of a series.
struct LegendSeries {
  std::string name = {};
  std::size_t colour = 1;       ///< In the order of first use, from 1.
  Style style = Style::points;  ///< Of the first use.
};

/// The named series of a figure in the order of first use.
std::vector<LegendSeries> legend_series(const PanelFigure& figure);

struct FigureLayout {
  double width = 0.0, height = 0.0;
  double panel_width = 0.0, panel_height = 0.0;
  std::vector<PanelPlace> panels = {};
  std::vector<LegendEntry> legend = {};   ///< One place per legend_series(figure).
  double legend_x = 0.0, legend_y = 0.0;  ///< The middle of the first line of the legend.
  double footnote_y = 0.0;                ///< The middle of the first footnote.
};

/// Height of a line of the legend and of footnotes, inches.
inline constexpr double kLegendLine = 0.16;

/// A checked figure's layout.
FigureLayout lay_out(const PanelFigure& figure);

}  // namespace leaveout
