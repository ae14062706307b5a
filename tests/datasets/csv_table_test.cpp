// SPDX-License-Identifier: MIT
#include "datasets/csv_table.h"

#include <doctest/doctest.h>

#include <cmath>

#include "datasets/files.h"
#include "datasets/random.h"
#include "datasets/text.h"
#include "tests/datasets/support.h"

namespace leaveout {

namespace {

using Cells = std::vector<std::string_view>;

std::string complaint(std::string_view text, char separator = ',') {
  return refusal([&] { parse_csv(std::string(text), "f.csv", separator); });
}

}  // namespace

TEST_CASE("a table is its header and its cells, with the line of each row") {
  const CsvTable table = parse_csv("a,b\n1,2\n3,4\n", "f.csv");
  CHECK(table.header == std::vector<std::string>{"a", "b"});
  CHECK(table.cells == Cells{"1", "2", "3", "4"});
  CHECK(table.lines == std::vector<Eigen::Index>{2, 3});
  CHECK(table.cell(1, 0) == "3");
  CHECK(table.column("b") == 1);
  CHECK_FALSE(table.find("c").has_value());
}

TEST_CASE("line ends, byte order mark, blank lines and blanks around cells make no difference") {
  const Cells cells = {"1", "2", "3", "4"};
  for (const char* text : {"a,b\r\n1,2\r\n3,4\r\n",
                           "a,b\r1,2\r3,4",
                           "a,b\n1,2\n3,4",
                           "\xEF\xBB\xBF"
                           "a,b\n1,2\n3,4\n",
                           "\n\na,b\n\n1,2\n  \n3,4\n\n \t",
                           " a ,\tb\n 1 , 2\n3 ,4 \n",
                           "\"a\",\"b\"\n\"1\" , \"2\"\n3,4\n"}) {
    CAPTURE(text);
    const CsvTable table = parse_csv(text, "f");
    CHECK(table.header == std::vector<std::string>{"a", "b"});
    CHECK(table.cells == cells);
  }
}

TEST_CASE("quoted cells hold separators, quotes, line breaks and blanks") {
  const CsvTable table =
      parse_csv("a,b\n\"1,2\",\"say \"\"hi\"\"\"\n\" x \",\"two\r\nlines\"\n\"\",5\" pipe\n", "f");
  CHECK(table.cells == Cells{"1,2", "say \"hi\"", " x ", "two\r\nlines", "", "5\" pipe"});
  CHECK(table.lines == std::vector<Eigen::Index>{2, 3, 5});
}

TEST_CASE("empty cells are cells") {
  CHECK(parse_csv("a,b,c\n,,\n1,,\n", "f").cells == Cells{"", "", "", "1", "", ""});
  CHECK(parse_csv("a\tb\n\t\n", "f", '\t').cells == Cells{"", ""});
}

TEST_CASE("another separator leaves commas alone") {
  CHECK(parse_csv("a;b\n1,5;2\n", "f", ';').cells == Cells{"1,5", "2"});
}

TEST_CASE("a copied table stands on its own") {
  CsvTable copy;
  {
    const CsvTable table = parse_csv("a\nx\n", "f");
    copy = table;
  }
  CHECK(copy.cell(0, 0) == "x");
}

TEST_CASE("a damaged table is refused with file, line and cure") {
  CHECK(complaint("") == "[csv] f.csv, line 1: the file is empty; give a header and data rows");
  CHECK(has(complaint("\n \n"), "the file is empty"));
  CHECK(has(complaint("\xEF\xBB\xBF"), "the file is empty"));
  CHECK(has(complaint("a,b\n\n"), "f.csv, line 1: there is a header and no data row"));
  CHECK(has(complaint("a,b\n1,2\n3\n"), "line 3: the row has 1 cells where the header has 2"));
  CHECK(has(complaint("a,b\n1,2,3\n"), "line 2: the row has 3 cells where the header has 2"));
  CHECK(has(complaint("a,b,a\n1,2,3\n"), "line 1: two columns are named 'a'"));
  CHECK(has(complaint("a,,c\n1,2,3\n"), "line 1: column 2 has no name"));
  CHECK(has(complaint("a,\"\"\n1,2\n"), "column 2 has no name"));
  CHECK(has(complaint("1,2.5\n3,4\n"), "line 1: the header is missing"));
  CHECK(has(complaint("a,b\n1,2\n\"3,4\n5,6\n"), "line 3: a quote is opened and never closed"));
  CHECK(has(complaint("a,b\n\"1\"x,2\n"), "line 2: text after a closing quote"));
  CHECK(has(complaint("a,b\n\"1\n2\"x,2\n"), "line 3: text after a closing quote"));
  CHECK(has(complaint(std::string_view("a,b\n1,\0\n", 8)), "line 2: a NUL byte"));
  CHECK(has(complaint("a,b\n1,\xe9\n"), "line 2: byte 0xe9 is not UTF-8"));
  CHECK(has(refusal([] { read_csv("/nowhere/f.csv"); }), "/nowhere/f.csv"));
}

TEST_CASE("a missing column is refused with the columns that are there") {
  const CsvTable table = parse_csv("a,b\n1,2\n", "f.csv");
  CHECK(refusal([&] { table.column("c"); }) ==
        "[csv] f.csv: no column 'c' in the header (a, b); choose one of these");
  const CsvTable semicolons = parse_csv("a;b\n1;2\n", "f.csv");
  CHECK(has(refusal([&] { semicolons.column("b"); }), "something else than commas"));
  const CsvTable wide = parse_csv("a,b,c,d,e,f,g,h,i,j\n1,2,3,4,5,6,7,8,9,0\n", "f.csv");
  CHECK(has(refusal([&] { wide.column("z"); }), "g, h, ... (10 columns)"));
}

TEST_CASE("a number is read from a cell or refused with line and column") {
  const CsvTable table = parse_csv("a,b\n1.5,red\n,NA\n", "f.csv");
  CHECK(table.number(0, 0, "cure") == 1.5);
  CHECK(refusal([&] { table.number(0, 1, "encode it"); }) ==
        "[csv] f.csv, line 2, column 2 ('b'): 'red' is not a finite number; encode it");
  CHECK(
      has(refusal([&] { table.number(1, 0, "x"); }), "line 3, column 1 ('a'): the cell is empty"));
  CHECK(has(refusal([&] { table.number(1, 1, "x"); }), "'NA' is a missing value"));
}

TEST_CASE("any text and any double survive a file") {
  const DataFolder folder;
  const std::vector<std::string> texts = {"plain",
                                          "",
                                          " blanks ",
                                          "a,b",
                                          "\"",
                                          "\"\"",
                                          "two\nlines",
                                          "\r",
                                          "\r\n",
                                          "\u00e9",
                                          "\ttab",
                                          "5\" x"};
  std::vector<std::vector<CsvCell>> rows;
  std::vector<double> numbers;
  Random random(1);
  for (const std::string& text : texts) {
    numbers.push_back(std::ldexp(random.normal(), static_cast<int>(random.below(600)) - 300));
    rows.push_back({text, numbers.back(), rows.size()});
  }
  write_csv(folder.path("t.csv"), {"text", "a \"name\", quoted", "i"}, rows);
  const CsvTable table = read_csv(folder.path("t.csv"));
  CHECK(table.header[1] == "a \"name\", quoted");
  REQUIRE(table.rows() == static_cast<Eigen::Index>(texts.size()));
  for (Eigen::Index i = 0; i < table.rows(); ++i) {
    CHECK(table.cell(i, 0) == texts[static_cast<std::size_t>(i)]);
    CHECK(parse_number(table.cell(i, 1)) == numbers[static_cast<std::size_t>(i)]);
    CHECK(parse_number(table.cell(i, 2)) == static_cast<double>(i));
  }
}

TEST_CASE("a line is written as one would by hand") {
  CHECK(csv_line({"a", 1, 0.1, -2.5e300, "b,c", std::nan("")}) ==
        "a,1,0.1,-2.5e+300,\"b,c\",nan\n");
}

TEST_CASE("a row of another width is not written") {
  const DataFolder folder;
  CHECK(has(refusal([&] {
              write_csv(folder.path("t.csv"), {"a", "b"}, {{1, 2}, {3}});
            }),
            "row 2 to write has 1 cells"));
  CHECK(folder.entries() == 0);
}

}  // namespace leaveout
