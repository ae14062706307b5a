// SPDX-License-Identifier: MIT
#pragma once

// The two figures of the five-term decomposition, for any number of tasks.
//
//   gaps      the five gaps of every task, one panel per task with its own logarithmic axis, the
//             protocols side by side, means with standard errors; what is rounding is shown as such
//   scatter   predicted against actual change in test loss, one column per task and one row per
//             truth, with the line on which both agree and the two correlations
//
//   write_decomposition_figures(folder, gaps, scatters);   // data, then SVG, PDF and PNG

#include <Eigen/Dense>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace leaveout {

/// One of the five gaps of one task under one protocol.
struct GapRow {
  std::string task = {};
  std::string protocol = {};  ///< As the legend names it.
  std::string gap = {};       ///< For readers of the CSV file; the figure goes by the index.
  int gap_index = 0;  ///< 1 warm start, 2 proximity, 3 non-convergence, 4 linearisation, 5 solver.
  double mean = 0.0;  ///< Of the distance between outputs, over removed examples.
  std::optional<double> standard_error = {};
};

/// Predicted against actual change in test loss of one task, one point per removed example.
struct ScatterPanel {
  std::string task = {};
  std::string against = {};  ///< The truth, as the axis names it: "cold-start retraining", "PBRF".
  Eigen::VectorXd predicted = {};  // (removed examples)
  Eigen::VectorXd actual = {};     // (removed examples)
  std::optional<double> pearson = {};
  std::optional<double> spearman = {};
};

/// A line under each figure: what its bars are over, which protocol its points are of. Empty: none.
struct FigureNotes {
  std::string gaps = {}, scatter = {};
};

/// Gaps at or below this are rounding: they are drawn as "below 1e-12".
inline constexpr double kGapFloor = 1e-12;

/// Writes gaps.csv (where there are gaps), scatter.csv and figure_labels.gp into `folder`, made if
/// it is missing. Tasks,
/// protocols and truths come in the order in which they are first named; values that are not finite
/// are left out of the figure and stand as "nan" in the CSV file. Throws std::invalid_argument for
/// a gap index outside 1..5, more than four protocols, or unequal sizes.
void write_decomposition_data(const std::filesystem::path& folder,
                              const std::vector<GapRow>& gaps,
                              const std::vector<ScatterPanel>& scatters,
                              const FigureNotes& notes = {});

/// The data and the drawing in one call: gaps.* and scatter.* in `folder`.
bool write_decomposition_figures(const std::filesystem::path& folder,
                                 const std::vector<GapRow>& gaps,
                                 const std::vector<ScatterPanel>& scatters,
                                 const FigureNotes& notes = {});

}  // namespace leaveout
