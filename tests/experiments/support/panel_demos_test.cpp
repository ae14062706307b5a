// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "experiments/support/panel_figure.h"

using namespace leaveout;
namespace fs = std::filesystem;

namespace {

/// An empty folder, with blanks and a quote in its name, that goes away with the test.
struct ScratchFolder {
  ScratchFolder() {
    std::string name = (fs::temp_directory_path() / "leaveout it's a test_XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~ScratchFolder() { fs::remove_all(path); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  fs::path path;
};

std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

bool has_gnuplot() {
  return std::system("gnuplot --version >/dev/null 2>&1") == 0;
}

/// Draws a figure into `folder`, or into the folder of LEAVEOUT_FIGURES, to be looked at.
void check_drawn(const fs::path& folder, const PanelFigure& figure) {
  if (!has_gnuplot()) return;
  const char* keep = std::getenv("LEAVEOUT_FIGURES");
  const fs::path where = keep == nullptr ? folder : fs::path(keep);
  REQUIRE(write_panel_figure(where, figure));
  for (const char* kind : {".svg", ".pdf", ".png"}) {
    CHECK(fs::file_size(where / (figure.name + kind)) > 1000);
  }
}

/// y = scale x^power with error bars of a fifth.
Series power_law(const std::string& name, std::vector<double> x, double scale, double power) {
  Series series{.name = name, .x = std::move(x)};
  for (const double at : series.x) {
    const double y = scale * std::pow(std::max(at, 1e-6), power);
    series.y.push_back(y);
    series.low.push_back(0.8 * y);
    series.high.push_back(1.2 * y);
  }
  return series;
}

Panel sweep(const std::string& title, const std::string& label, const std::vector<double>& x) {
  Panel panel{.title = title,
              .x = {.label = label, .scale = Scale::logarithmic},
              .y = {.label = "mean distance", .scale = Scale::logarithmic, .floor = 1e-12}};
  const char* names[] = {"warm start", "proximity", "non-convergence", "linearisation", "solver"};
  for (int k = 0; k < 5; ++k) {
    panel.series.push_back(power_law(names[k], x, std::pow(10.0, -k), 0.3 * (k - 2)));
  }
  panel.series[4].y[0] = 1e-16;
  panel.series[3].low[1] = -1.0;
  return panel;
}

PanelFigure sweeps() {
  PanelFigure figure{.name = "sweeps"};
  figure.panels = {sweep("width", "hidden units", {4, 8, 16, 32}),
                   sweep("depth", "hidden layers", {1, 2, 3, 4}),
                   sweep("training time", "steps", {100, 300, 1000, 3000, 10000}),
                   sweep("weight decay", "weight decay", {0, 1e-5, 1e-4, 1e-3}),
                   sweep("damping", "damping", {1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1}),
                   sweep("removed fraction", "fraction", {0.01, 0.02, 0.05, 0.1, 0.2, 0.5})};
  figure.panels[1].x.scale = Scale::linear;
  return figure;
}

PanelFigure recall() {
  Series band{.name = "influence", .style = Style::band}, mean{.name = "self-influence"};
  Series gradients{.name = "gradient norm", .style = Style::dashed};
  for (int i = 0; i <= 20; ++i) {
    const double x = i / 20.0, y = 1.0 - std::pow(1.0 - x, 4.0);
    band.x.push_back(x);
    band.y.push_back(y);
    band.low.push_back(y - 0.3 * y * (1.0 - y));
    band.high.push_back(y + 0.3 * y * (1.0 - y));
    gradients.x.push_back(x);
    gradients.y.push_back(std::sqrt(x));
    if (i % 2 != 0) continue;
    mean.x.push_back(x);
    mean.y.push_back(x * (1.6 - 0.6 * x));
    mean.low.push_back(mean.y.back() - 0.06);
    mean.high.push_back(mean.y.back() + 0.06);
  }
  Panel panel{.x = {.label = "fraction of the training set inspected"},
              .y = {.label = "fraction of the mislabelled found", .include = {0.0, 1.0}},
              .series = {band, mean, gradients},
              .references = {diagonal_line("chance"), marked_point(0.3, 0.58, "published")},
              .notes = {"10 % flipped", "3 seeds"}};
  return {.name = "recall", .panels = {panel}, .footnotes = {"Bands: 95 % over seeds."}};
}

PanelFigure path() {
  Series exact{.name = "retrained", .style = Style::line};
  Series linear{.name = "influence function", .style = Style::dashed};
  Series parabola{.name = "second order", .style = Style::dotted};
  for (int i = 0; i <= 100; ++i) {
    const double w = i / 100.0;
    for (Series* s : {&exact, &linear, &parabola}) s->x.push_back(w);
    linear.y.push_back(-2e-4 * (w - 1.0));
    parabola.y.push_back(-2e-4 * (w - 1.0) + 1e-4 * (w - 1.0) * (w - 1.0));
    exact.y.push_back(2e-4 * std::expm1(1.2 * (1.0 - w)) / 1.2);
  }
  Panel one{.title = "example 17",
            .x = {.label = "weight of the example"},
            .y = {.label = "test loss"},
            .series = {exact, linear, parabola},
            .references = {vertical_line(1.0, "trained here"), horizontal_line(0.0)},
            .notes = {"relative error 0.31"}};
  Panel two = one;
  two.title = "example 4";
  for (Series& s : two.series) {
    for (double& y : s.y) y *= -7e5;
  }
  two.references[1].label = "no change";
  return {.name = "path", .panels = {one, two}};
}

PanelFigure dots() {
  Panel panel{.title = "Concrete",
              .x = {.label = "ground truth",
                    .scale = Scale::categories,
                    .categories = {"cold start", "warm start", "proximal", "PBRF", "linearised"}},
              .y = {.label = "Spearman correlation", .include = {1.0}},
              .references = {horizontal_line(0.0, "no relation")}};
  const char* names[] = {"influence", "GN influence", "TracIn", "representer"};
  for (int k = 0; k < 4; ++k) {
    Series series{.name = names[k], .style = Style::points};
    for (int c = 0; c < 5; ++c) {
      const double y = -0.1 + 0.22 * c - 0.07 * k;
      series.x.push_back(c);
      series.y.push_back(y);
      series.low.push_back(y - 0.15);
      series.high.push_back(y + 0.1);
    }
    panel.series.push_back(series);
  }
  Panel other = panel;
  other.title = "Digits";
  other.x.categories[0] = "a_b^2 it's \"long\" `x`";
  return {.name = "dots", .panels = {panel, other}};
}

/// Errors of eight solvers that fall below rounding, with names that fill two lines.
PanelFigure solvers() {
  Panel panel{.x = {.label = "products with the Hessian", .scale = Scale::logarithmic},
              .y = {.label = "relative error", .scale = Scale::logarithmic, .floor = 1e-12},
              .references = {horizontal_line(1e-6, "tolerance")},
              .notes = {"condition number 1e5"}};
  const char* names[] = {"conjugate gradients",
                         "LiSSA, depth 1000",
                         "stochastic LiSSA",
                         "Arnoldi",
                         "Cholesky",
                         "LDLT",
                         "Nyström, rank 64",
                         "diagonal"};
  for (int k = 0; k < 8; ++k) {
    Series series{.name = names[k], .style = k % 2 == 0 ? Style::line : Style::line_points};
    for (int i = 0; i <= 40; ++i) {
      series.x.push_back(std::pow(10.0, i * 0.11));
      series.y.push_back(std::pow(10.0, -i * 0.09 * k * 0.7));
    }
    panel.series.push_back(series);
  }
  return {.name = "solvers", .panels = {panel}};
}

}  // namespace

TEST_CASE("sweeps, recall curves, response paths and dot plots are drawn in three formats") {
  const ScratchFolder scratch;
  for (const PanelFigure& figure : {sweeps(), recall(), path(), dots(), solvers()}) {
    check_drawn(scratch.path, figure);
  }
}

TEST_CASE("figures of panels are the same bytes from run to run, and PDF forgets the day") {
  if (!has_gnuplot()) return;
  const ScratchFolder one, two;
  for (const fs::path& folder : {one.path, two.path}) CHECK(write_panel_figure(folder, recall()));
  for (const char* name :
       {"recall.png", "recall.svg", "recall.pdf", "recall.csv", "recall_labels.gp"}) {
    CHECK(content(one.path / name) == content(two.path / name));
  }
  CHECK(content(one.path / "recall.pdf").find("(D:19700101000000") != std::string::npos);
}
