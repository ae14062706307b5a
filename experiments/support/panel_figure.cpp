// SPDX-License-Identifier: MIT
#include "experiments/support/panel_figure.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "datasets/files.h"
#include "datasets/text.h"
#include "experiments/support/figure.h"
#include "experiments/support/gnuplot_arrays.h"
#include "experiments/support/panel_drawing.h"
#include "experiments/support/panel_layout.h"
#include "experiments/support/panel_script.h"

namespace leaveout {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const PanelFigure& figure, const std::string& what) {
  throw std::invalid_argument(fmt::format("[figure] {}: {}", printable(figure.name), what));
}

void check_series(const PanelFigure& figure, const Panel& panel, const Series& series) {
  const std::size_t n = series.x.size();
  const bool bars = !series.low.empty() || !series.high.empty();
  if (series.y.size() != n || (bars && (series.low.size() != n || series.high.size() != n))) {
    refuse(
        figure,
        fmt::format("series '{}' of panel '{}' has {} x, {} y, {} low and {} high ends, expected "
                    "as many of each, or no ends at all",
                    printable(series.name),
                    printable(panel.title),
                    n,
                    series.y.size(),
                    series.low.size(),
                    series.high.size()));
  }
  if (panel.x.scale != Scale::categories) return;
  for (const double x : series.x) {
    if (!(x >= 0.0 && x < static_cast<double>(panel.x.categories.size())) || x != std::floor(x)) {
      refuse(figure,
             fmt::format("category {} of panel '{}', expected an index below {}",
                         x,
                         printable(panel.title),
                         panel.x.categories.size()));
    }
  }
}

void check_panel(const PanelFigure& figure, const Panel& panel) {
  if (panel.series.size() > kMostSeries) {
    refuse(figure,
           fmt::format("panel '{}' has {} series, expected at most {}",
                       printable(panel.title),
                       panel.series.size(),
                       kMostSeries));
  }
  if (panel.y.scale == Scale::categories ||
      (panel.x.scale == Scale::categories && panel.x.categories.empty())) {
    refuse(
        figure,
        fmt::format("panel '{}' has no categories, or has them on its vertical axis; give x some",
                    printable(panel.title)));
  }
  for (const Series& series : panel.series) check_series(figure, panel, series);
  for (const Reference& mark : panel.references) {
    if (!std::isfinite(mark.x) || !std::isfinite(mark.y)) {
      refuse(figure, fmt::format("reference '{}' is not finite", printable(mark.label)));
    }
    if (mark.kind == Reference::Kind::diagonal && panel.x.scale != panel.y.scale) {
      refuse(figure,
             fmt::format("a diagonal in panel '{}', expected axes of the same scale",
                         printable(panel.title)));
    }
  }
}

void check(const PanelFigure& figure) {
  const char* letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  if (figure.name.empty() || figure.name.find_first_not_of(letters) != std::string::npos) {
    refuse(figure, "no name for files, expected letters, digits, '_' and '-'");
  }
  if (figure.panels.empty()) refuse(figure, "no panels, expected at least one");
  Names names;
  for (const Panel& panel : figure.panels) {
    check_panel(figure, panel);
    for (const Series& series : panel.series) names.index(series.name);
  }
  if (names.all.size() > kMostSeries) {
    refuse(figure,
           fmt::format("{} different series, expected at most {}: draw more than one figure",
                       names.all.size(),
                       kMostSeries));
  }
}

std::string fraction(bool shown, double value) {
  return shown ? fmt::format("{:.6f}", value) : "";
}

std::string csv_row(const Series& series, const PlottedPoint& point, std::size_t i) {
  const bool ends = point.bar != PlottedPoint::no_bar || series.style == Style::band;
  return fmt::format("{},{},{},{},{},{},{},{},{},{}",
                     fraction(point.shown, point.x),
                     fraction(point.shown, point.y),
                     fraction(point.shown && ends, point.low),
                     fraction(point.shown && ends, point.high),
                     static_cast<int>(point.mark),
                     static_cast<int>(point.bar),
                     series.x[i],
                     series.y[i],
                     series.low.empty() ? "" : fmt::format("{}", series.low[i]),
                     series.high.empty() ? "" : fmt::format("{}", series.high[i]));
}

/// All points. Two empty lines part the series, one a line that is broken.
std::string csv_text(const PanelFigure& figure, const std::vector<PanelDrawing>& drawings) {
  std::string text =
      "x_at,y_at,low_at,high_at,mark,bar,x,y,low,high,panel_index,series_index,panel,series\n";
  bool first = true;
  for (std::size_t p = 0; p < figure.panels.size(); ++p) {
    const Panel& panel = figure.panels[p];
    for (std::size_t s = 0; s < panel.series.size(); ++s) {
      const Series& series = panel.series[s];
      if (series.x.empty()) continue;
      if (!first) text += "\n\n";
      first = false;
      for (std::size_t i = 0; i < series.x.size(); ++i) {
        const PlottedPoint& point = drawings[p].series[s][i];
        if (point.new_line) text += "\n";
        text += fmt::format("{},{},{},\"{}\",\"{}\"\n",
                            csv_row(series, point, i),
                            p + 1,
                            s + 1,
                            plain_text(panel.title),
                            plain_text(series.name));
      }
    }
  }
  return text;
}

}  // namespace

Reference horizontal_line(double y, const std::string& label) {
  return {.kind = Reference::Kind::horizontal, .y = y, .label = label};
}

Reference vertical_line(double x, const std::string& label) {
  return {.kind = Reference::Kind::vertical, .x = x, .label = label};
}

Reference marked_point(double x, double y, const std::string& label) {
  return {.kind = Reference::Kind::point, .x = x, .y = y, .label = label};
}

Reference diagonal_line(const std::string& label) {
  return {.kind = Reference::Kind::diagonal, .label = label};
}

void write_panel_data(const fs::path& folder, const PanelFigure& figure) {
  check(figure);
  const FigureLayout layout = lay_out(figure);
  std::vector<PanelDrawing> drawings;
  for (const Panel& panel : figure.panels) {
    drawings.push_back(draw_panel(panel, layout.panel_width, layout.panel_height));
  }
  const std::string csv = csv_text(figure, drawings);
  const std::string script = panel_script(figure, layout, drawings);
  fs::create_directories(folder);
  write_file((folder / (figure.name + ".csv")).string(), csv);
  write_file((folder / (figure.name + "_labels.gp")).string(), script);
}

bool write_panel_figure(const fs::path& folder, const PanelFigure& figure) {
  write_panel_data(folder, figure);
  return draw_figure("panels", folder, folder, stderr, figure.name);
}

}  // namespace leaveout
