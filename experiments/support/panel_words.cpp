// SPDX-License-Identifier: MIT
#include "experiments/support/panel_words.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "experiments/support/panel_text.h"

namespace leaveout {
namespace {

/// Height of a line of text and the room kept free around a word, inches.
constexpr double kLine = 0.135, kRoom = 0.03;

PlottedText text_at(double x, double y, const char* side) {
  return {.x = x, .y = y, .side = side};
}

}  // namespace

void Ink::line(double x, double y, double to_x, double to_y) {
  const int steps = 1 + static_cast<int>(50.0 * std::hypot(to_x - x, to_y - y));
  for (int i = 0; i <= steps; ++i) {
    const double t = static_cast<double>(i) / steps;
    points_.push_back({x + t * (to_x - x), y + t * (to_y - y)});
  }
}

void Ink::fill(const Box& box) {
  for (int i = 0; i <= 8; ++i) {
    const double y = box.low + i / 8.0 * (box.high - box.low);
    line(box.left, y, box.right, y);
  }
}

std::ptrdiff_t Ink::under(const Box& box) const {
  return std::count_if(points_.begin(), points_.end(), [&](const auto& p) {
    return p[0] > box.left && p[0] < box.right && p[1] > box.low && p[1] < box.high;
  });
}

PanelWords::PanelWords(PanelDrawing& drawing, double width, double height)
    : drawing_(drawing), width_(width), height_(height) {
  for (const auto& series : drawing.series) add(series);
  for (const PlottedSegment& s : drawing.references) ink_.line(s.x, s.y, s.to_x, s.to_y);
}

std::ptrdiff_t PanelWords::choose_corner(const std::vector<std::string>& notes) {
  std::ptrdiff_t least = -1;
  for (const bool low : {false, true}) {
    for (const bool right : {false, true}) {
      if (low && drawing_.y.strip > 0.0) continue;
      const std::ptrdiff_t covered = ink_.under(note_box(notes, right, low));
      if (least >= 0 && covered >= least) continue;
      least = covered;
      right_ = right;
      low_ = low;
    }
  }
  return least;
}

void PanelWords::write_notes(const std::vector<std::string>& notes) {
  const Box box = note_box(notes, right_, low_);
  ink_.fill(box);
  for (std::size_t i = 0; i < notes.size(); ++i) {
    const double below_top = (static_cast<double>(i) + 0.5) * kLine + kRoom;
    drawing_.texts.push_back({right_ ? 1.0 - kRoom / width_ : 2.0 * kRoom / width_,
                              box.high - below_top / height_,
                              right_ ? "right" : "left",
                              notes[i]});
  }
}

void PanelWords::write_label(const std::string& label, const PlottedSegment& at) {
  if (label.empty()) return;
  std::optional<PlottedText> best;
  std::ptrdiff_t least = 0;
  const auto consider = [&](std::vector<PlottedText> candidates) {
    for (PlottedText& place : candidates) {
      place.text = label;
      const Box box = text_box(place);
      if (!box.inside()) continue;
      const std::ptrdiff_t covered = ink_.under(box);
      if (best && covered >= least) continue;
      best = place;
      least = covered;
    }
  };
  consider(places(at));
  const bool is_point = at.x == at.to_x && at.y == at.to_y;
  const std::ptrdiff_t near = least;
  if (is_point && (!best || near > 0)) consider(far_places(at));
  if (!best) best = PlottedText{0.03, 0.5, "left", label};
  if (is_point && least < near) drawing_.leaders.push_back({at.x, at.y, best->x, best->y});
  ink_.fill(text_box(*best));
  drawing_.texts.push_back(*best);
}

std::vector<PlottedText> PanelWords::far_places(const PlottedSegment& s) const {
  std::vector<PlottedText> all;
  for (const double inches : {0.25, 0.4, 0.55, 0.7, 0.85, 1.0}) {
    for (const double angle : {-0.4, -0.8, 0.4, 0.8, 0.0}) {
      const double dx = inches * std::cos(angle) / width_, dy = inches * std::sin(angle) / height_;
      all.push_back(text_at(s.x + dx, s.y + dy, "left"));
      all.push_back(text_at(s.x - dx, s.y + dy, "right"));
    }
  }
  return all;
}

void PanelWords::add(const std::vector<PlottedPoint>& series) {
  const PlottedPoint* last = nullptr;
  for (const PlottedPoint& point : series) {
    if (!point.shown) {
      last = nullptr;
      continue;
    }
    ink_.line(point.x, point.low, point.x, point.high);
    ink_.line(point.x, point.y, point.x, point.y);
    if (last != nullptr && !point.new_line) {
      ink_.line(last->x, last->y, point.x, point.y);
      ink_.line(last->x, last->low, point.x, point.low);
      ink_.line(last->x, last->high, point.x, point.high);
    }
    last = &point;
  }
}

Box PanelWords::note_box(const std::vector<std::string>& notes, bool right, bool low) const {
  double widest = 0.0;
  for (const std::string& note : notes) widest = std::max(widest, text_width(note));
  const double across = (widest + 3.0 * kRoom) / width_;
  const double up = (kLine * static_cast<double>(notes.size()) + 2.0 * kRoom) / height_;
  return {right ? 1.0 - across : 0.0, right ? 1.0 : across, low ? 0.0 : 1.0 - up, low ? up : 1.0};
}

Box PanelWords::text_box(const PlottedText& text) const {
  const double across = text_width(text.text) / width_, half = 0.5 * kLine / height_;
  const double start = text.side == "left"    ? text.x
                       : text.side == "right" ? text.x - across
                                              : text.x - 0.5 * across;
  return {start, start + across, text.y - half, text.y + half};
}

std::vector<PlottedText> PanelWords::places(const PlottedSegment& s) const {
  const double dx = 2.0 * kRoom / width_, dy = (0.5 * kLine + 0.02) / height_;
  std::vector<PlottedText> all;
  if (s.x == s.to_x && s.y == s.to_y) {
    all = {text_at(s.x + 1.4 * dx, s.y, "left"),
           text_at(s.x - 1.4 * dx, s.y, "right"),
           text_at(s.x, s.y + 1.6 * dy, "center"),
           text_at(s.x, s.y - 1.6 * dy, "center")};
    for (const double up : {1.4 * dy, -1.4 * dy}) {
      all.push_back(text_at(s.x + dx, s.y + up, "left"));
      all.push_back(text_at(s.x - dx, s.y + up, "right"));
    }
  } else if (s.y == s.to_y) {
    for (const double y : {s.y + dy, s.y - dy}) {
      all.push_back(text_at(1.0 - 0.5 * dx, y, "right"));
      all.push_back(text_at(dx, y, "left"));
      all.push_back(text_at(0.5, y, "center"));
    }
  } else {
    for (const double t : {0.93, 0.8, 0.65, 0.5, 0.35, 0.2, 0.07}) {
      const double x = s.x + t * (s.to_x - s.x), y = s.y + t * (s.to_y - s.y);
      const double aside = s.x == s.to_x ? 0.0 : dy;
      all.push_back(text_at(x + dx, y - aside, "left"));
      all.push_back(text_at(x - dx, y + aside, "right"));
    }
  }
  return all;
}

}  // namespace leaveout
