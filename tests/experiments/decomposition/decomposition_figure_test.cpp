// SPDX-License-Identifier: MIT
#include "experiments/decomposition/decomposition_figure.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>

using namespace leaveout;
using Eigen::VectorXd;
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

GapRow gap(const std::string& task, const std::string& protocol, int index, double mean) {
  return {.task = task, .protocol = protocol, .gap = "g", .gap_index = index, .mean = mean};
}

ScatterPanel panel(const std::string& task, const std::string& against, Eigen::Index n) {
  const VectorXd x = n > 1 ? VectorXd::LinSpaced(n, -1e-5, 1e-5).eval() : VectorXd::Zero(n).eval();
  return {.task = task, .against = against, .predicted = x, .actual = 2.0 * x};
}

void check_drawn(const fs::path& folder, const std::string& name) {
  for (const char* kind : {".svg", ".pdf", ".png"}) {
    CHECK(fs::file_size(folder / (name + kind)) > 1000);
  }
}

}  // namespace

TEST_CASE("the data of the figures are numbers first, indices in the order of first use") {
  const ScratchFolder scratch;
  GapRow second = gap("a, b", "exact", 5, 0.0);
  second.standard_error = 0.5;
  write_decomposition_data(
      scratch.path, {gap("z", "paper", 1, 0.25), second}, {panel("z", "PBRF", 2)}, {"over", "of"});
  CHECK(content(scratch.path / "gaps.csv") ==
        "task_index,protocol_index,gap_index,mean,standard_error,task,protocol,gap\n"
        "1,1,1,0.25,,\"z\",\"paper\",\"g\"\n"
        "2,2,5,0,0.5,\"a, b\",\"exact\",\"g\"\n");
  CHECK(content(scratch.path / "scatter.csv") ==
        "task_index,against_index,predicted,actual,task,against\n"
        "1,1,-1e-05,-2e-05,\"z\",\"PBRF\"\n"
        "1,1,1e-05,2e-05,\"z\",\"PBRF\"\n");
  const std::string labels = content(scratch.path / "figure_labels.gp");
  CHECK(labels.find("tasks = 2\nprotocols = 2\ntruths = 1\n") != std::string::npos);
  CHECK(labels.find("array task_name[2] = ['z', 'a, b']\n") != std::string::npos);
  CHECK(labels.find("gaps_note = 'over'\nscatter_note = 'of'\n") != std::string::npos);
  CHECK(labels.find("any_below = 1\n") != std::string::npos);
  CHECK(labels.find("array panel_points[2] = [2, 0]\n") != std::string::npos);
}

TEST_CASE("one to six tasks are drawn in three formats, whatever their names and values") {
  if (!has_gnuplot()) return;
  const std::string names[] = {"Concrete",
                               "digits_8x8",
                               "O'Hara, \"x\"",
                               "{/:Bold}^2",
                               "énergie",
                               "a name that is much too long for the top of a panel"};
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const std::size_t tasks : {1U, 4U, 6U}) {
    const ScratchFolder scratch;
    std::vector<GapRow> gaps;
    std::vector<ScatterPanel> scatters;
    for (std::size_t t = 0; t < tasks; ++t) {
      for (int k = 1; k <= 5; ++k) {
        gaps.push_back(gap(names[t], "paper", k, 0.5 / k));
        gaps.back().standard_error = 0.1 * k;
        gaps.push_back(gap(names[t], "exact", k, k == 1 ? nan : k == 5 ? 0.0 : 1e-6));
      }
      scatters.push_back(panel(names[t], "cold-start retraining", 20));
      scatters.push_back(panel(names[t], "PBRF", static_cast<Eigen::Index>(t % 3)));
    }
    CHECK(write_decomposition_figures(scratch.path, gaps, scatters, {"{/:Bold}^2", "it's one"}));
    check_drawn(scratch.path, "gaps");
    check_drawn(scratch.path, "scatter");
  }
}

TEST_CASE("a figure without data is not drawn, the other one is") {
  if (!has_gnuplot()) return;
  const ScratchFolder one, other;
  CHECK(write_decomposition_figures(one.path, {gap("t", "exact", 2, 1e-16)}, {}));
  check_drawn(one.path, "gaps");
  CHECK_FALSE(fs::exists(one.path / "scatter.png"));
  CHECK(write_decomposition_figures(other.path, {}, {panel("t", "PBRF", 5)}));
  check_drawn(other.path, "scatter");
  CHECK_FALSE(fs::exists(other.path / "gaps.png"));
}

TEST_CASE("PNG and SVG are the same bytes from run to run") {
  if (!has_gnuplot()) return;
  const ScratchFolder one, two;
  for (const fs::path& folder : {one.path, two.path}) {
    CHECK(
        write_decomposition_figures(folder, {gap("t", "paper", 1, 0.1)}, {panel("t", "PBRF", 9)}));
  }
  for (const char* name : {"gaps.png", "gaps.svg", "scatter.png", "scatter.svg"}) {
    CHECK(content(one.path / name) == content(two.path / name));
  }
}

TEST_CASE("a sixth gap, a fifth protocol and unequal sizes are refused in one line") {
  const ScratchFolder scratch;
  CHECK_THROWS_AS(write_decomposition_data(scratch.path, {gap("t", "p", 6, 1.0)}, {}),
                  std::invalid_argument);
  std::vector<GapRow> gaps;
  for (const char* protocol : {"a", "b", "c", "d", "e"}) gaps.push_back(gap("t", protocol, 1, 1.0));
  CHECK_THROWS_AS(write_decomposition_data(scratch.path, gaps, {}), std::invalid_argument);
  ScatterPanel uneven = panel("t", "PBRF", 3);
  uneven.actual = VectorXd::Zero(2);
  CHECK_THROWS_WITH_AS(write_decomposition_data(scratch.path, {}, {uneven}),
                       "[figure] task 't' has 3 predictions but 2 true values, expected pairs",
                       std::invalid_argument);
  CHECK(fs::is_empty(scratch.path));
}
