// SPDX-License-Identifier: MIT
#include "experiments/support/image_grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "datasets/files.h"
#include "datasets/text.h"
#include "experiments/support/figure.h"
#include "experiments/support/gnuplot_arrays.h"

namespace leaveout {

namespace {

using Eigen::Index;
using Eigen::MatrixXd;

// Inches.
constexpr double kWidth = 6.75, kLeft = 0.85, kRight = 0.1;      // notes stand at the left
constexpr double kGap = 0.07, kGroupGap = 0.2, kMostSide = 0.7;  // between images, groups; a side
constexpr double kLine = 0.15, kMargin = 0.06;                   // a line of text
constexpr int kGreys = 15;                                       // beside white

[[noreturn]] void refuse(const ImageGrid& grid, const std::string& what) {
  throw std::invalid_argument(fmt::format("[image grid] {}: {}", printable(grid.name), what));
}

std::size_t columns_of(const ImageGrid& grid) {
  std::size_t columns = 0;
  for (const GridGroup& g : grid.groups) columns += g.columns.size();
  return columns;
}

void check(const ImageGrid& grid) {
  const char* letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  if (grid.name.empty() || grid.name.find_first_not_of(letters) != std::string::npos)
    refuse(grid, "no name for files, expected letters, digits, '_' and '-'");
  const std::size_t columns = columns_of(grid);
  std::size_t rows = 0;
  for (const GridSection& section : grid.sections)
    for (const GridRow& row : section.rows) {
      ++rows;
      if (row.images.size() != columns)
        refuse(grid,
               fmt::format("a row of {} images, expected {}: as many as there are columns",
                           row.images.size(),
                           columns));
      for (const GridImage& image : row.images)
        if (!image.ink.allFinite()) refuse(grid, "ink that is not finite");
    }
  if (columns == 0 || rows == 0)
    refuse(grid, fmt::format("{} columns and {} rows, expected some of both", columns, rows));
}

/// A piece of text: where it stands, and how. Anchors: -1 left, 0 centre.
struct Words {
  std::string text;
  double x, y;
  int anchor;
  bool small;
};

/// Where an image's upper left corner is, y from the top of the figure.
struct Placed {
  const GridImage* image;
  double x, y;
};

struct Layout {
  double side = 0, height = 0;
  std::vector<Words> words = {};
  std::vector<Placed> images = {};
};

std::vector<double> column_places(const ImageGrid& grid, double side) {
  std::vector<double> places;
  double x = kLeft;
  for (const GridGroup& group : grid.groups) {
    for (std::size_t c = 0; c < group.columns.size(); ++c) {
      places.push_back(x);
      x += side + kGap;
    }
    x += kGroupGap - kGap;
  }
  return places;
}

double side_of(const ImageGrid& grid) {
  const auto columns = static_cast<double>(columns_of(grid));
  const auto groups = static_cast<double>(grid.groups.size());
  const double gaps = (columns - groups) * kGap + (groups - 1) * kGroupGap;
  return std::min(kMostSide, (kWidth - kLeft - kRight - gaps) / columns);
}

void place_heads(const ImageGrid& grid, const std::vector<double>& places, Layout& at) {
  std::size_t column = 0;
  for (const GridGroup& group : grid.groups) {
    if (group.columns.empty()) continue;
    const double first = places[column], last = places[column + group.columns.size() - 1];
    at.words.push_back(
        {group.head, 0.5 * (first + last + at.side), at.height + 0.5 * kLine, 0, false});
    for (const std::string& words : group.columns)
      at.words.push_back(
          {words, places[column++] + 0.5 * at.side, at.height + 1.5 * kLine, 0, true});
  }
  at.height += 2 * kLine + kMargin;
}

Layout lay_out(const ImageGrid& grid) {
  Layout at;
  at.side = side_of(grid);
  at.height = kMargin;
  const std::vector<double> places = column_places(grid, at.side);
  place_heads(grid, places, at);
  for (const GridSection& section : grid.sections) {
    at.words.push_back({section.title, kMargin, at.height + 0.5 * kLine, -1, false});
    at.height += kLine + kMargin;
    for (const GridRow& row : section.rows) {
      at.words.push_back({row.note, kMargin, at.height + 0.5 * at.side, -1, true});
      for (std::size_t c = 0; c < places.size(); ++c) {
        const GridImage& image = row.images[c];
        if (image.ink.size() > 0) at.images.push_back({&image, places[c], at.height});
        at.words.push_back({image.caption,
                            places[c] + 0.5 * at.side,
                            at.height + at.side + 0.55 * kLine,
                            0,
                            true});
      }
      at.height += at.side + kLine + kMargin;
    }
  }
  at.height += kMargin;
  for (const std::string& words : grid.footnotes) {
    at.words.push_back({words, kMargin, at.height + 0.5 * kLine, -1, true});
    at.height += kLine;
  }
  at.height += kMargin;
  std::erase_if(at.words, [](const Words& w) { return w.text.empty(); });
  return at;
}

/// A box reaches a little under the next ones, which are drawn later: no seams between them.
std::string csv_text(const Layout& at) {
  std::string text = "x_low,x_high,y_low,y_high,colour\n";
  text += fmt::format("0,{:.4f},0,{:.4f},{}\n", kWidth, at.height, 0xFFFFFF);  // the paper
  for (const Placed& placed : at.images) {
    const MatrixXd& ink = placed.image->ink;
    const double w = at.side / static_cast<double>(ink.cols());
    const double h = at.side / static_cast<double>(ink.rows());
    for (const InkBox& box : ink_boxes(ink)) {
      const int level = 255 - box.ink * 255 / kGreys;
      const double right = static_cast<double>(box.last + 1);
      const double under = static_cast<double>(box.row + 1);
      const double x_high = box.last + 1 < ink.cols() ? right + 0.1 : right;
      const double y_under = box.row + 1 < ink.rows() ? under + 0.1 : under;
      text += fmt::format("{:.4f},{:.4f},{:.4f},{:.4f},{}\n",
                          placed.x + w * static_cast<double>(box.first),
                          placed.x + w * x_high,
                          at.height - placed.y - h * y_under,
                          at.height - placed.y - h * static_cast<double>(box.row),
                          level * 0x010101);
    }
  }
  return text;
}

std::string labels_text(const Layout& at) {
  const auto numbers = [&](const char* name, const auto& items, auto number) {
    return gnuplot_array(name, items, [&](const auto& item) { return gnuplot_real(number(item)); });
  };
  std::string text = fmt::format("width = {}\nheight = {}\nside = {}\n",
                                 gnuplot_real(kWidth),
                                 gnuplot_real(at.height),
                                 gnuplot_real(at.side));
  text += fmt::format("word_rows = {}\nimage_rows = {}\n", at.words.size(), at.images.size());
  text += gnuplot_array("words", at.words, [](const Words& w) { return gnuplot_string(w.text); });
  text += numbers("word_x", at.words, [](const Words& w) { return w.x; });
  text += numbers("word_y", at.words, [&](const Words& w) { return at.height - w.y; });
  text += numbers("word_anchor", at.words, [](const Words& w) { return 1.0 * w.anchor; });
  text += numbers("word_small", at.words, [](const Words& w) { return w.small ? 1.0 : 0.0; });
  text += numbers("image_x", at.images, [](const Placed& p) { return p.x; });
  text += numbers("image_y", at.images, [&](const Placed& p) { return at.height - p.y; });
  text += numbers("image_frame", at.images, [](const Placed& p) {
    return 1.0 * static_cast<int>(p.image->frame);
  });
  return text;
}

}  // namespace

std::vector<InkBox> ink_boxes(const MatrixXd& ink) {
  const auto level = [&](Index row, Index column) {
    return static_cast<int>(std::lround(std::clamp(ink(row, column), 0.0, 1.0) * kGreys));
  };
  std::vector<InkBox> boxes;
  for (Index row = 0; row < ink.rows(); ++row)
    for (Index first = 0; first < ink.cols();) {
      Index last = first;
      while (last + 1 < ink.cols() && level(row, last + 1) == level(row, first)) ++last;
      if (level(row, first) > 0) boxes.push_back({row, first, last, level(row, first)});
      first = last + 1;
    }
  return boxes;
}

void write_image_data(const std::filesystem::path& folder, const ImageGrid& grid) {
  check(grid);
  const Layout at = lay_out(grid);
  std::filesystem::create_directories(folder);
  write_file((folder / (grid.name + ".csv")).string(), csv_text(at));
  write_file((folder / (grid.name + "_labels.gp")).string(), labels_text(at));
}

bool write_image_grid(const std::filesystem::path& folder, const ImageGrid& grid) {
  write_image_data(folder, grid);
  return draw_figure("images", folder, folder, stderr, grid.name);
}

}  // namespace leaveout
