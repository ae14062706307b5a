// SPDX-License-Identifier: MIT
#pragma once

// The axes of one panel of a scatter, and the corner in which its text covers nothing.
//
// Where both ranges are alike the axes are equal, so that the line predicted = actual is the
// diagonal; where they are not, each has its own and the line's slope says so.
//
//   PanelLabels labels = panel_labels(panel);
//   // labels.text_x, labels.text_y: where the text starts, in fractions of the panel

#include <Eigen/Dense>
#include <string>

#include "experiments/decomposition/decomposition_figure.h"
#include "experiments/support/axis.h"

namespace leaveout {

/// One panel of the scatter as it goes into figure_labels.gp.
struct PanelLabels {
  Eigen::Index points = 0;
  Axis x, y;
  std::string pearson, spearman;  ///< The two lines of text.
  double text_x = 0.05, text_y = 0.92;
  std::string side = "left";
};

/// Axes and text of a panel. Points that are not finite count for nothing; a panel without any has
/// `points` = 0.
PanelLabels panel_labels(const ScatterPanel& panel);

}  // namespace leaveout
