// SPDX-License-Identifier: MIT
#include "experiments/support/panel_words.h"

#include <doctest/doctest.h>

#include <cmath>

#include "experiments/support/panel_text.h"

using namespace leaveout;

namespace {

constexpr double kWidth = 1.6, kHeight = 1.3;

/// A panel with a line through the given points.
Panel with_line(std::vector<double> x, std::vector<double> y) {
  Panel panel;
  panel.series = {{.name = "s", .x = std::move(x), .y = std::move(y), .style = Style::line}};
  return panel;
}

/// Whether a place of the drawing lies under a text.
bool is_under(const PlottedText& text, double x, double y) {
  const double across = text_width(text.text) / kWidth, half = 0.05 / kHeight;
  const double left = text.side == "right"    ? text.x - across
                      : text.side == "center" ? text.x - 0.5 * across
                                              : text.x;
  return x > left && x < left + across && std::abs(y - text.y) < half;
}

}  // namespace

TEST_CASE("a rising line leaves the upper left corner to the notes, a falling one the right") {
  Panel rising = with_line({0, 1, 2}, {0, 1, 2}), falling = with_line({0, 1, 2}, {2, 1, 0});
  rising.notes = falling.notes = {"n = 20", "seed 1"};
  const PanelDrawing left = draw_panel(rising, kWidth, kHeight);
  REQUIRE(left.texts.size() == 2);
  CHECK(left.texts[0].side == "left");
  CHECK(left.texts[0].y > left.texts[1].y);
  CHECK(left.texts[1].y > 0.5);
  CHECK(draw_panel(falling, kWidth, kHeight).texts[0].side == "right");
}

TEST_CASE("where no corner is free the vertical axis is lengthened until one is") {
  Panel panel = with_line({0, 1, 2, 3, 4}, {0, 1, 0, 1, 0});
  const double before = draw_panel(panel, kWidth, kHeight).y.high;
  panel.series.push_back({.x = {0, 4}, .y = {1, 1}});
  panel.notes = {"a note of some length"};
  const PanelDrawing drawing = draw_panel(panel, kWidth, kHeight);
  CHECK((drawing.y.high > before || drawing.y.low < -0.06));
  for (const auto& series : drawing.series) {
    for (const PlottedPoint& point : series) {
      CHECK_FALSE(is_under(drawing.texts[0], point.x, point.y));
    }
  }
}

TEST_CASE("labels of references stand beside them, inside the panel and not on the data") {
  Panel panel = with_line({0, 1, 2}, {0, 1, 2});
  panel.references = {horizontal_line(1.5, "above"),
                      vertical_line(1.5, "beside"),
                      diagonal_line("equal"),
                      marked_point(1.0, 0.2, "here")};
  const PanelDrawing drawing = draw_panel(panel, kWidth, kHeight);
  REQUIRE(drawing.texts.size() == 4);
  CHECK(std::abs(drawing.texts[0].y - drawing.y.at(1.5)) * kHeight < 0.1);
  for (const PlottedText& text : drawing.texts) {
    CHECK(text.y > 0.0);
    CHECK(text.y < 1.0);
    for (int i = 0; i <= 100; ++i) {
      const double x = drawing.x.at(0.02 * i), y = drawing.y.at(0.02 * i);
      CHECK_FALSE(is_under(text, x, y));
    }
  }
  CHECK(drawing.leaders.empty());
}

TEST_CASE("the diagonal runs where both axes show the same value") {
  for (const Scale scale : {Scale::linear, Scale::logarithmic}) {
    Panel panel = with_line({1e-5, 3e-4}, {1e-4, 5e-3});
    panel.x.scale = panel.y.scale = scale;
    panel.references = {diagonal_line()};
    const PanelDrawing drawing = draw_panel(panel, kWidth, kHeight);
    const PlottedSegment& s = drawing.references[0];
    const double value = 2e-4, t = (drawing.x.at(value) - s.x) / (s.to_x - s.x);
    CHECK(s.y + t * (s.to_y - s.y) == doctest::Approx(drawing.y.at(value)));
    for (const double end : {s.x, s.y, s.to_x, s.to_y}) {
      CHECK(end > -1e-9);
      CHECK(end < 1.0 + 1e-9);
    }
  }
}

TEST_CASE("series of a dot plot stand side by side, those of one name at one place") {
  Panel panel;
  panel.x = {.scale = Scale::categories, .categories = {"a", "b"}};
  panel.series = {{.name = "s", .x = {0}, .y = {1}},
                  {.name = "t", .x = {0}, .y = {1}},
                  {.name = "s", .x = {1}, .y = {1}}};
  const PanelDrawing drawing = draw_panel(panel, kWidth, kHeight);
  const double s = drawing.series[0][0].x, t = drawing.series[1][0].x;
  CHECK(0.5 * (s + t) == doctest::Approx(0.25));
  CHECK(t - s == doctest::Approx(0.5 * 0.17));
  CHECK(drawing.series[2][0].x - s == doctest::Approx(0.5));
}

TEST_CASE("a bar that reaches down to zero or out of a logarithmic frame is cut at its lower end") {
  Panel panel;
  panel.y.scale = Scale::logarithmic;
  panel.series = {{.x = {1, 2, 3}, .y = {1, 2, 3}, .low = {0.5, -1.0, 1e-9}, .high = {2, 3, 4}}};
  const PanelDrawing drawing = draw_panel(panel, kWidth, kHeight);
  CHECK(drawing.series[0][0].bar == PlottedPoint::whole_bar);
  CHECK(drawing.series[0][0].low == doctest::Approx(drawing.y.at(0.5)));
  for (const int i : {1, 2}) {
    CHECK(drawing.series[0][i].bar == PlottedPoint::cut_bar);
    CHECK(drawing.series[0][i].low == 0.0);
  }
  CHECK(drawing.series[0][2].high == doctest::Approx(drawing.y.at(4.0)));
}

TEST_CASE("names that do not fit into a line of the legend go into the next, in columns") {
  const auto one = legend_layout({"a", "b", "c"}, 6.0);
  CHECK(one[2].line == 0);
  const std::vector<std::string> names(5, "a name of some length");
  const auto more = legend_layout(names, 3.2);
  CHECK(more[1].line == 0);
  CHECK(more[2].line == 1);
  CHECK(more[3].x == more[1].x);
  CHECK(more[1].x + kLegendSample + text_width(names[0]) <= 3.2);
  CHECK(legend_layout({}, 3.0).empty());
  CHECK(text_width("é") == text_width("e"));
  CHECK(text_width(fit_text("a much too long title of a panel", 1.0)) <= 1.0);
}
