// SPDX-License-Identifier: MIT
#include "experiments/support/panel_figure.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>
#include <tuple>

using namespace leaveout;
namespace fs = std::filesystem;

namespace {

const double kNan = std::numeric_limits<double>::quiet_NaN();

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

}  // namespace

TEST_CASE("the CSV file holds positions, then the numbers as they were given") {
  const ScratchFolder scratch;
  Series series{.name = "a \"b\", c\nd", .x = {0.0, 1.0, 100.0, kNan}, .y = {1.0, 2.0, 3.0, 4.0}};
  series.low = {0.5, 1.5, kNan, 3.0};
  series.high = {1.5, 2.5, 3.5, 5.0};
  PanelFigure figure{.name = "f", .panels = {{.title = "p", .series = {series, {}, series}}}};
  figure.panels[0].x.scale = Scale::logarithmic;
  write_panel_data(scratch.path, figure);
  std::istringstream text(content(scratch.path / "f.csv"));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  REQUIRE(lines.size() == 13);
  CHECK(lines[0] ==
        "x_at,y_at,low_at,high_at,mark,bar,x,y,low,high,panel_index,series_index,panel,series");
  // A zero on a logarithmic axis stands in the strip, and no line runs over the break.
  CHECK(lines[1].ends_with(",1,2,0,1,0.5,1.5,1,1,\"p\",\"a  b , c d\""));
  CHECK(lines[2].empty());
  CHECK(lines[4].find(",,,1,0,100,3,nan,3.5,1,1,") != std::string::npos);
  CHECK(lines[5].starts_with(",,,,0,0,nan,4,3,5,1,1,"));
  // Series are parted by two empty lines; one without points has no block.
  CHECK(lines[6].empty());
  CHECK(lines[7].empty());
  CHECK(lines[8].find(",1,3,\"p\"") != std::string::npos);
  const std::string labels = content(scratch.path / "f_labels.gp");
  CHECK(labels.find("array drawn_block[2] = [0, 1]\n") != std::string::npos);
  CHECK(labels.find("array drawn_colour[2] = [1, 1]\n") != std::string::npos);
  CHECK(labels.find("array legend_name[1] = ['a  b , c d']\n") != std::string::npos);
}

TEST_CASE("series of one name share a colour over panels, in the order of first use") {
  const ScratchFolder scratch;
  const Series a{.name = "a", .x = {1.0}, .y = {1.0}}, b{.name = "b", .x = {1.0}, .y = {1.0}};
  write_panel_data(scratch.path,
                   {.name = "f", .panels = {{.series = {a}}, {.series = {b}}, {.series = {b, a}}}});
  const std::string labels = content(scratch.path / "f_labels.gp");
  CHECK(labels.find("array drawn_panel[4] = [1, 2, 3, 3]\n") != std::string::npos);
  CHECK(labels.find("array drawn_colour[4] = [1, 2, 2, 1]\n") != std::string::npos);
  CHECK(labels.find("array legend_name[2] = ['a', 'b']\n") != std::string::npos);
  CHECK(labels.find("array panel_first[3] = [1, 2, 3]\n") != std::string::npos);
  CHECK(labels.find("array panel_last[3] = [1, 2, 4]\n") != std::string::npos);
}

TEST_CASE("one panel is 3.25 inches wide, more are 6.75, in one, two or three columns") {
  for (const auto& [panels, width, columns] : {std::tuple{1U, "3.25", 1U},
                                               {2U, "6.75", 2U},
                                               {3U, "6.75", 3U},
                                               {4U, "6.75", 2U},
                                               {6U, "6.75", 3U}}) {
    const ScratchFolder scratch;
    PanelFigure figure{.name = "f"};
    figure.panels.resize(panels, {.x = {.label = "x"}});
    write_panel_data(scratch.path, figure);
    const std::string labels = content(scratch.path / "f_labels.gp");
    CHECK(labels.find(std::string("width = ") + width + "\n") != std::string::npos);
    // The shared label stands under the lowest panel of every column.
    const std::string shared = labels.substr(labels.find("panel_x_label["));
    const std::string line = shared.substr(0, shared.find('\n'));
    CHECK(std::count(line.begin(), line.end(), 'x') == static_cast<std::ptrdiff_t>(columns) + 1);
  }
}

TEST_CASE("the power of ten of an axis has room under its row, label or not") {
  const auto height = [](double x) {
    const ScratchFolder scratch;
    PanelFigure figure{.name = "f", .columns = 1};
    figure.panels.resize(2, {.x = {.label = "x"}, .series = {{.x = {0, x}, .y = {0, 1}}}});
    write_panel_data(scratch.path, figure);
    const std::string labels = content(scratch.path / "f_labels.gp");
    return std::stod(labels.substr(labels.find("\nheight = ") + 10));
  };
  // One line of a label for the upper row; the lower one has it as it is.
  CHECK(height(1e-4) - height(1) == doctest::Approx(0.17).epsilon(1e-3));
}

TEST_CASE("no name of a figure's parts is read as a command, and none breaks the drawing") {
  for (const char* name : {"'",
                           "it's \"x\"",
                           "a,b\nc",
                           "`touch x`",
                           "%s $1",
                           "énergie",
                           "'.system('touch x').'",
                           "{/:Bold}^2_a@b&c~d\\"}) {
    const ScratchFolder scratch;
    const Series series{.name = name, .x = {0, 1}, .y = {1e-7, 2e-7}};
    PanelFigure figure{
        .name = "f", .panels = {{.title = name, .notes = {name}}}, .footnotes = {name}};
    figure.panels[0].x = {.label = name, .scale = Scale::categories, .categories = {name, name}};
    figure.panels[0].y.label = name;
    figure.panels[0].series = {series};
    figure.panels[0].references = {horizontal_line(1e-7, name), marked_point(0, 2e-7, name)};
    check_drawn(scratch.path, figure);
    CHECK_FALSE(fs::exists("x"));
  }
}

TEST_CASE("empty panels, lone points and values that are not finite are drawn") {
  const ScratchFolder scratch;
  const Series lone{
      .name = "lone", .x = {1.0, 2.0, 3.0}, .y = {kNan, 1.0, kNan}, .style = Style::line};
  const Series none{.name = "none", .x = {1.0}, .y = {kNan}};
  check_drawn(scratch.path,
              {.name = "odd", .panels = {{}, {.series = {lone, none}}, {.series = {none}}}});
  write_panel_data(scratch.path, {.name = "g", .panels = {{.series = {lone}}}});
  // A line of one point is drawn as a point.
  CHECK(content(scratch.path / "g.csv").find("0.500000,0.500000,,,1,0,2,1,,,") !=
        std::string::npos);
}

TEST_CASE("what cannot be a figure is refused in one line and nothing is written") {
  const ScratchFolder scratch;
  const auto refused = [&](const PanelFigure& figure, const char* message) {
    CHECK_THROWS_WITH_AS(write_panel_data(scratch.path, figure), message, std::invalid_argument);
  };
  refused({.name = "f"}, "[figure] f: no panels, expected at least one");
  refused({.name = "a/b", .panels = {{}}},
          "[figure] a/b: no name for files, expected letters, digits, '_' and '-'");
  refused(
      {.name = "f", .panels = {{.title = "p", .series = {{.name = "s", .x = {1}, .y = {1, 2}}}}}},
      "[figure] f: series 's' of panel 'p' has 1 x, 2 y, 0 low and 0 high ends, expected as many "
      "of each, or no ends at all");
  refused(
      {.name = "f", .panels = {{.series = {{.x = {1}, .y = {1}, .low = {0}}}}}},
      "[figure] f: series '' of panel '' has 1 x, 1 y, 1 low and 0 high ends, expected as many of "
      "each, or no ends at all");
  PanelFigure many{.name = "f", .panels = {{.title = "p"}}};
  many.panels[0].series.resize(9);
  refused(many, "[figure] f: panel 'p' has 9 series, expected at most 8");
  PanelFigure names{.name = "f", .panels = {{}, {}}};
  for (int k = 0; k < 10; ++k) names.panels[k % 2].series.push_back({.name = std::to_string(k)});
  refused(names, "[figure] f: 10 different series, expected at most 8: draw more than one figure");
  PanelFigure categories{.name = "f", .panels = {{.title = "p"}}};
  categories.panels[0].x = {.scale = Scale::categories, .categories = {"a"}};
  categories.panels[0].series = {{.name = "s", .x = {1}, .y = {0}}};
  refused(categories, "[figure] f: category 1 of panel 'p', expected an index below 1");
  PanelFigure diagonal{.name = "f", .panels = {{.title = "p", .references = {diagonal_line()}}}};
  diagonal.panels[0].x.scale = Scale::logarithmic;
  refused(diagonal, "[figure] f: a diagonal in panel 'p', expected axes of the same scale");
  CHECK(fs::is_empty(scratch.path));
}
