// SPDX-License-Identifier: MIT
#include "experiments/support/panel_script.h"

#include <fmt/format.h>

#include <utility>

#include "experiments/support/figure.h"
#include "experiments/support/gnuplot_arrays.h"
#include "experiments/support/panel_text.h"

namespace leaveout {
namespace {

std::string count(std::size_t number) {
  return fmt::format("{}", number);
}

std::string style_number(Style style) {
  return fmt::format("{}", static_cast<int>(style));
}

/// A table whose columns become the arrays LIST_COLUMN, beside its length LIST_rows.
class Columns {
 public:
  Columns(std::string list, std::vector<std::string> columns)
      : list_(std::move(list)), columns_(std::move(columns)) {}

  void row(std::vector<std::string> fields) { rows_.push_back(std::move(fields)); }

  std::string text() const {
    std::string result = fmt::format("{}_rows = {}\n", list_, rows_.size());
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      result += gnuplot_array(
          list_ + "_" + columns_[c], rows_, [c](const auto& fields) { return fields[c]; });
    }
    return result;
  }

 private:
  std::string list_;
  std::vector<std::string> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// Ticks with the panel they belong to. Level 1 is a small tick.
std::string tick_rows(const std::string& list,
                      const std::vector<PanelDrawing>& drawings,
                      Frame PanelDrawing::*axis) {
  Columns table(list, {"panel", "text", "at", "level"});
  for (std::size_t p = 0; p < drawings.size(); ++p) {
    for (const Tick& tick : (drawings[p].*axis).ticks) {
      table.row({count(p + 1),
                 gnuplot_string(tick.text),
                 gnuplot_real(tick.at),
                 tick.text.empty() ? "1" : "0"});
    }
  }
  return table.text();
}

/// An axis's label, with the power of ten that its ticks leave out.
std::string axis_label(const PanelAxis& axis, const Frame& frame, bool shown) {
  const std::string name = shown ? enhanced_text(axis.label) : "";
  if (frame.exponent == 0) return gnuplot_string(name);
  const std::string power = "×" + power_text(frame.exponent).text;
  return gnuplot_string(name.empty() ? power : name + " (" + power + ")");
}

std::string panel_rows(const PanelFigure& figure,
                       const FigureLayout& layout,
                       const std::vector<PanelDrawing>& drawings) {
  Columns table("panel",
                {"x",
                 "y",
                 "title",
                 "x_label",
                 "x_label_y",
                 "y_label",
                 "y_label_x",
                 "x_strip",
                 "y_strip",
                 "rotated",
                 "categories",
                 "first",
                 "last"});
  std::size_t drawn = 0;
  for (std::size_t p = 0; p < drawings.size(); ++p) {
    const Panel& panel = figure.panels[p];
    const std::size_t before = drawn;
    for (const Series& series : panel.series) drawn += series.x.empty() ? 0 : 1;
    const PanelPlace& place = layout.panels[p];
    table.row({gnuplot_real(place.x),
               gnuplot_real(place.y),
               gnuplot_string(fit_text(panel.title, layout.panel_width)),
               axis_label(panel.x, drawings[p].x, place.x_label),
               gnuplot_real(place.x_label_y),
               axis_label(panel.y, drawings[p].y, place.y_label),
               gnuplot_real(place.y_label_x),
               gnuplot_real(drawings[p].x.strip),
               gnuplot_real(drawings[p].y.strip),
               place.rotated ? "1" : "0",
               panel.x.scale == Scale::categories ? "1" : "0",
               count(before + 1),
               count(drawn)});
  }
  return table.text();
}

std::string legend_rows(const PanelFigure& figure, const FigureLayout& layout) {
  Columns table("legend", {"name", "colour", "style", "x", "y"});
  const std::vector<LegendSeries> entries = legend_series(figure);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    table.row({gnuplot_string(entries[i].name),
               count(entries[i].colour),
               style_number(entries[i].style),
               gnuplot_real(layout.legend_x + layout.legend[i].x),
               gnuplot_real(layout.legend_y - kLegendLine * layout.legend[i].line)});
  }
  return table.text();
}

/// Series by their block in the CSV file, in which those without points have none.
std::string drawn_rows(const PanelFigure& figure) {
  Columns table("drawn", {"panel", "block", "colour", "style"});
  Names names;
  std::size_t block = 0;
  for (std::size_t p = 0; p < figure.panels.size(); ++p) {
    for (const Series& series : figure.panels[p].series) {
      const std::size_t colour = names.index(series.name);
      if (series.x.empty()) continue;
      table.row({count(p + 1), count(block), count(colour), style_number(series.style)});
      ++block;
    }
  }
  return table.text();
}

std::string reference_rows(const std::vector<PanelDrawing>& drawings) {
  Columns lines("line", {"panel", "x", "y", "to_x", "to_y"});
  Columns leaders("leader", {"panel", "x", "y", "to_x", "to_y"});
  Columns texts("text", {"panel", "x", "y", "side", "words"});
  for (std::size_t p = 0; p < drawings.size(); ++p) {
    const auto ends = [&](const PlottedSegment& s) -> std::vector<std::string> {
      return {count(p + 1),
              gnuplot_real(s.x),
              gnuplot_real(s.y),
              gnuplot_real(s.to_x),
              gnuplot_real(s.to_y)};
    };
    for (const PlottedSegment& s : drawings[p].references) lines.row(ends(s));
    for (const PlottedSegment& s : drawings[p].leaders) leaders.row(ends(s));
    for (const PlottedText& t : drawings[p].texts) {
      texts.row({count(p + 1),
                 gnuplot_real(t.x),
                 gnuplot_real(t.y),
                 gnuplot_string(t.side),
                 gnuplot_string(t.text)});
    }
  }
  return lines.text() + leaders.text() + texts.text();
}

}  // namespace

std::string panel_script(const PanelFigure& figure,
                         const FigureLayout& layout,
                         const std::vector<PanelDrawing>& drawings) {
  Columns footnotes("footnote", {"words", "y"});
  for (std::size_t i = 0; i < figure.footnotes.size(); ++i) {
    footnotes.row({gnuplot_string(figure.footnotes[i]),
                   gnuplot_real(layout.footnote_y - kLegendLine * static_cast<double>(i))});
  }
  return "# Written by the program for panels.gp.\n" +
         fmt::format("width = {}\nheight = {}\npanel_width = {}\npanel_height = {}\n",
                     gnuplot_real(layout.width),
                     gnuplot_real(layout.height),
                     gnuplot_real(layout.panel_width),
                     gnuplot_real(layout.panel_height)) +
         panel_rows(figure, layout, drawings) + tick_rows("x_tick", drawings, &PanelDrawing::x) +
         tick_rows("y_tick", drawings, &PanelDrawing::y) + legend_rows(figure, layout) +
         drawn_rows(figure) + reference_rows(drawings) + footnotes.text();
}

}  // namespace leaveout
