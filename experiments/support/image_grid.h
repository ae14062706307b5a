// SPDX-License-Identifier: MIT
#pragma once

// A figure of small grey images in rows, with captions and coloured frames.
//
// Every image is drawn as the rectangles of its equal neighbours in a row, of 16 greys: vectors in
// every format, no file beside the figure. Images are scaled to squares of one size.
//
//   ImageGrid grid{.name = "pairs", .groups = {{"", {"query"}}, {"influence", {"helps",
//   "harms"}}}}; grid.sections = {{"digits", {{"rare", {{ink, "4"}, {ink, "9"}, {ink, "9",
//   ImageFrame::vermilion}}}}}}; write_image_grid(folder, grid);   // pairs.csv, pairs_labels.gp,
//   pairs.{svg,pdf,png}

#include <Eigen/Core>
#include <filesystem>
#include <string>
#include <vector>

namespace leaveout {

enum class ImageFrame { faint, vermilion, blue };

struct GridImage {
  Eigen::MatrixXd ink;  // (height x width), 0 white to 1 black, cut off there; empty: no image
  std::string caption = {};
  ImageFrame frame = ImageFrame::faint;
};

/// Images side by side, and a word at their left.
struct GridRow {
  std::string note = {};
  std::vector<GridImage> images = {};
};

struct GridSection {
  std::string title = {};
  std::vector<GridRow> rows = {};
};

/// Columns under one head; groups stand a little apart.
struct GridGroup {
  std::string head = {};
  std::vector<std::string> columns = {};
};

/// 6.75 inches wide, as high as it must be.
struct ImageGrid {
  std::string name = {};  ///< Of the files: letters, digits, '_' and '-'.
  std::vector<GridGroup> groups = {};
  std::vector<GridSection> sections = {};
  std::vector<std::string> footnotes = {};
};

/// A rectangle of one grey, in pixels from an image's upper left corner.
struct InkBox {
  Eigen::Index row = 0, first = 0, last = 0;  // columns first to last
  int ink = 0;                                // 1 to 15; white is not drawn
};
std::vector<InkBox> ink_boxes(const Eigen::MatrixXd& ink);

/// Writes NAME.csv (a row per rectangle) and NAME_labels.gp into `folder`, made if it is missing.
/// Throws std::invalid_argument, and writes nothing, for a name that is no plain file name, no
/// columns, no rows, a row with another number of images than there are columns, and ink that is
/// not finite.
void write_image_data(const std::filesystem::path& folder, const ImageGrid& grid);

/// The data and the drawing. Returns false, after one line on stderr, where it cannot be drawn.
bool write_image_grid(const std::filesystem::path& folder, const ImageGrid& grid);

}  // namespace leaveout
