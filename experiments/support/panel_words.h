// SPDX-License-Identifier: MIT
#pragma once

// Where the words of a panel stand: its notes in the emptiest corner, the names of its references
// beside them.
//
// Law: words stand where they cover least of what is drawn, other words included.
//
//   PanelWords words(drawing, 1.6, 1.35);                       // a panel's size in inches
//   if (words.choose_corner(notes) == 0) words.write_notes(notes);

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "experiments/support/panel_drawing.h"

namespace leaveout {

/// A rectangle in fractions of the panel.
struct Box {
  double left = 0.0, right = 0.0, low = 0.0, high = 0.0;

  bool inside() const { return left >= 0.0 && right <= 1.0 && low >= 0.0 && high <= 1.0; }
};

/// All that may not lie under words: points close together along every line.
class Ink {
 public:
  void line(double x, double y, double to_x, double to_y);
  void fill(const Box& box);
  std::ptrdiff_t under(const Box& box) const;

 private:
  std::vector<std::array<double, 2>> points_;
};

/// Chooses the places of a panel's words and appends them to the drawing's texts.
class PanelWords {
 public:
  /// `drawing` has its series and references, lives longer, and does not change in between.
  PanelWords(PanelDrawing& drawing, double width, double height);

  /// How much lies under notes in the emptiest corner; that corner is remembered. The lower corners
  /// are not taken where a strip lies there.
  std::ptrdiff_t choose_corner(const std::vector<std::string>& notes);

  bool corner_is_low() const { return low_; }

  /// In the chosen corner.
  void write_notes(const std::vector<std::string>& notes);

  /// Beside a reference, at the first of the places that cover least; farther from a point, with a
  /// line that leads there, where all places beside it are taken.
  void write_label(const std::string& label, const PlottedSegment& at);

 private:
  void add(const std::vector<PlottedPoint>& series);
  Box note_box(const std::vector<std::string>& notes, bool right, bool low) const;
  Box text_box(const PlottedText& text) const;
  /// Where a label may stand, the most natural place first.
  std::vector<PlottedText> places(const PlottedSegment& s) const;
  /// For a point in a crowd: the nearest place first.
  std::vector<PlottedText> far_places(const PlottedSegment& s) const;

  PanelDrawing& drawing_;
  double width_, height_;
  Ink ink_;
  bool right_ = false, low_ = false;
};

}  // namespace leaveout
