// SPDX-License-Identifier: MIT
#pragma once

// What panels.gp is told beside the CSV file: sizes, axes, words and the legend as gnuplot arrays.
//
// Law: every choice is made before gnuplot starts; the script only draws. Names come as string
// constants, so that none is ever read as a command.
//
//   write_file("width_labels.gp", panel_script(figure, lay_out(figure), drawings));

#include <string>
#include <vector>

#include "experiments/support/panel_drawing.h"
#include "experiments/support/panel_layout.h"

namespace leaveout {

/// NAME_labels.gp of a figure whose panels are drawn as `drawings`.
std::string panel_script(const PanelFigure& figure,
                         const FigureLayout& layout,
                         const std::vector<PanelDrawing>& drawings);

}  // namespace leaveout
