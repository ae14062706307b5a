// SPDX-License-Identifier: MIT
#pragma once

// One panel as it is drawn: both axes, every mark, bar, line and word at its place.
//
// Law: positions are fractions of the panel. Words stand where they cover least; for its notes the
// vertical axis is lengthened until nothing is under them.
//
//   PanelDrawing drawing = draw_panel(panel, 1.6, 1.35);   // inches
//   drawing.series[0][2].x;                                // of the third point of the first
//   series

#include <string>
#include <vector>

#include "experiments/support/panel_axis.h"
#include "experiments/support/panel_figure.h"

namespace leaveout {

/// A point of a series. `shown` is false for one that is not finite.
struct PlottedPoint {
  enum Mark { no_mark, point, below };      ///< below: in the strip under the vertical axis.
  enum Bar { no_bar, cut_bar, whole_bar };  ///< cut: its lower end leaves the frame.
  bool shown = false;
  bool new_line = false;  ///< A line starts here anew: an axis is broken in between.
  double x = 0.0, y = 0.0, low = 0.0, high = 0.0;
  Mark mark = no_mark;
  Bar bar = no_bar;
};

/// A reference line; a reference point has equal ends.
struct PlottedSegment {
  double x = 0.0, y = 0.0, to_x = 0.0, to_y = 0.0;
};

/// A line of text: `x` is where its `side` stands, `y` its middle.
struct PlottedText {
  double x = 0.0, y = 0.0;
  std::string side = "left";
  std::string text = {};
};

struct PanelDrawing {
  Frame x, y;
  std::vector<std::vector<PlottedPoint>> series = {};
  std::vector<PlottedSegment> references = {};
  std::vector<PlottedSegment> leaders = {};  ///< From a reference point to its far label.
  std::vector<PlottedText> texts = {};
};

/// Each axis alone: neither depends on the length of the other.
Frame horizontal_frame(const Panel& panel, double width);
Frame vertical_frame(const Panel& panel, double height);

/// A panel of `width` x `height` inches. Its sizes have been checked.
PanelDrawing draw_panel(const Panel& panel, double width, double height);

}  // namespace leaveout
