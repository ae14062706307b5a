// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "datasets/csv.h"
#include "datasets/sha256.h"
#include "tests/datasets/support.h"

namespace leaveout {

TEST_CASE(
    "blanks, tabs, line ends and empty lines make no difference, the last column is the target") {
  const DataFolder folder;
  Eigen::MatrixXd inputs(2, 2);
  inputs << 1, 3, 2.5, -4;
  for (const char* text :
       {"1 2.5 9\n3 -4 8\n", "  1\t 2.5   9 \r\n\r\n3 -4 8", "1e0 25e-1 9\n\n+3 -4 8\n \n"}) {
    const Dataset data = read_whitespace_table(folder.file("t.txt", text));
    CHECK(data.inputs == inputs);
    CHECK(data.targets == Eigen::RowVector2d(9, 8));
    CHECK(data.feature_names == std::vector<std::string>{"x1", "x2"});
    CHECK(data.target_name == "y");
    CHECK(data.name == "t");
    CHECK(data.provenance.sha256 == sha256(text));
  }
}

TEST_CASE("given names are used, the last for the target") {
  const DataFolder folder;
  const Dataset data = read_whitespace_table(folder.file("t.txt", "1 2\n"), {"width", "price"});
  CHECK(data.feature_names == std::vector<std::string>{"width"});
  CHECK(data.target_name == "price");
}

TEST_CASE("a damaged table is refused with its line and column") {
  const DataFolder folder;
  const auto message = [&](std::string_view text, const std::vector<std::string>& names = {}) {
    return refusal([&] { read_whitespace_table(folder.file("t.txt", text), names); });
  };
  CHECK(has(message(""), "the file is empty"));
  CHECK(has(message(" \n\n"), "the file is empty"));
  CHECK(has(message("1\n2\n"), "one column only"));
  CHECK(has(message("1 2\n\n1 2 3\n"), "line 3: 3 numbers where the first row has 2"));
  CHECK(has(message("1 2\n1 x\n"), "line 2: column 2: 'x' is not a finite number"));
  CHECK(has(message("1 nan\n"), "'nan' is not a finite number"));
  CHECK(has(message("1 2\n", {"a", "b", "c"}), "2 columns where 3 are expected"));
  CHECK(has(message(std::string_view("1 2\n\0", 5)), "line 2: a NUL byte"));
}

}  // namespace leaveout
