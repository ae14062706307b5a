// SPDX-License-Identifier: MIT
// Images as rectangles of ink, and where they stand in the figure.
#include "experiments/support/image_grid.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <stdexcept>

#include "datasets/csv_table.h"
#include "datasets/files.h"
#include "tests/support/temporary_folder.h"

namespace leaveout {

namespace {

using Eigen::MatrixXd;

MatrixXd ink(double a, double b, double c, double d) {
  MatrixXd m(2, 2);
  m << a, b, c, d;
  return m;
}

ImageGrid two_columns() {
  ImageGrid grid{.name = "grid", .groups = {{"", {"query"}}, {"influence", {"helps"}}}};
  grid.sections = {{"digits", {{"rare", {{ink(1, 1, 0, 0.5), "4"}, {ink(0, 0, 0, 1), "9"}}}}}};
  return grid;
}

std::string complaint(const ImageGrid& grid) {
  const TemporaryFolder folder;
  try {
    write_image_data(folder / "x", grid);
  } catch (const std::invalid_argument& e) {
    CHECK_FALSE(std::filesystem::exists(folder / "x"));
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("an image is the rectangles of its equal neighbours in a row, without the white ones") {
  MatrixXd m(2, 4);
  m << 1, 1, 0, 7, 0.4, 0.41, -1, 0.2;  // cut off at 0 and 1; 0.4 and 0.41 are one grey
  const std::vector<InkBox> boxes = ink_boxes(m);
  REQUIRE(boxes.size() == 4);
  const auto is = [&](std::size_t k, Eigen::Index row, Eigen::Index first, Eigen::Index last) {
    return boxes[k].row == row && boxes[k].first == first && boxes[k].last == last;
  };
  CHECK(is(0, 0, 0, 1));
  CHECK(is(1, 0, 3, 3));
  CHECK(is(2, 1, 0, 1));
  CHECK(is(3, 1, 3, 3));
  CHECK(boxes[0].ink == 15);
  CHECK(boxes[1].ink == 15);
  CHECK(boxes[2].ink == 6);
  CHECK(boxes[3].ink == 3);
  CHECK(ink_boxes(MatrixXd::Zero(3, 3)).empty());
}

TEST_CASE("rectangles stand where their pixels are, black is black, and words are kept") {
  const TemporaryFolder folder;
  write_image_data(folder / "f", two_columns());
  const CsvTable csv = read_csv(folder / "f/grid.csv");
  const auto number = [&](Eigen::Index row, const char* column) {
    return std::stod(std::string(csv.cell(row, csv.column(column))));
  };
  REQUIRE(csv.rows() == 4);  // the paper, two boxes and one
  CHECK(number(0, "colour") == 0xFFFFFF);
  CHECK(number(1, "colour") == 0);
  CHECK(number(2, "colour") == 0x777777);  // 0.5 is 8 of 15 greys
  CHECK(number(1, "x_high") - number(1, "x_low") == doctest::Approx(0.7).epsilon(1e-6));
  CHECK(number(2, "x_low") - number(1, "x_low") == doctest::Approx(0.35).epsilon(1e-6));
  CHECK(number(1, "y_high") - number(2, "y_high") == doctest::Approx(0.35).epsilon(1e-6));
  CHECK(number(2, "y_high") - number(2, "y_low") == doctest::Approx(0.35).epsilon(1e-3));
  CHECK(number(3, "x_low") > number(1, "x_high"));
  const std::string labels = read_file(folder / "f/grid_labels.gp");
  for (const char* words : {"'digits'", "'rare'", "'query'", "'helps'", "'4'", "'9'"})
    CHECK_MESSAGE(labels.find(words) != std::string::npos, words);
}

TEST_CASE("the figure is drawn in every format") {
  if (std::system("gnuplot --version >/dev/null 2>&1") != 0) return;
  const TemporaryFolder folder;
  REQUIRE(write_image_grid(folder / "f", two_columns()));
  for (const char* kind : {"svg", "pdf", "png"})
    CHECK_MESSAGE(std::filesystem::file_size(folder / fmt::format("f/grid.{}", kind)) > 500, kind);
  CHECK(read_file(folder / "f/grid.svg").find(">influence<") != std::string::npos);
}

TEST_CASE("what cannot be drawn is refused, and nothing is written") {
  ImageGrid grid = two_columns();
  grid.name = "a/b";
  CHECK(complaint(grid).find("no name for files") != std::string::npos);
  grid = two_columns();
  grid.sections[0].rows[0].images.pop_back();
  CHECK(complaint(grid) ==
        "[image grid] grid: a row of 1 images, expected 2: as many as there are columns");
  grid = two_columns();
  grid.sections[0].rows[0].images[0].ink(0, 0) = NAN;
  CHECK(complaint(grid) == "[image grid] grid: ink that is not finite");
  grid.sections.clear();
  CHECK(complaint(grid) == "[image grid] grid: 2 columns and 0 rows, expected some of both");
}

}  // namespace leaveout
