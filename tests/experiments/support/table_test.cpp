// SPDX-License-Identifier: MIT
#include "experiments/support/table.h"

#include <doctest/doctest.h>

#include <stdexcept>

using namespace leaveout;

TEST_CASE("width is what a terminal shows, not bytes") {
  CHECK(display_width("") == 0);
  CHECK(display_width("abc") == 3);
  CHECK(display_width("± ρ") == 3);
  CHECK(display_width("e\xcc\x81") == 1);  // e with a combining acute accent
  CHECK(display_width("漢字") == 4);
  CHECK(display_width("😀") == 2);
  CHECK(display_width("\xff\xc3") == 2);  // not UTF-8
  CHECK(display_width("\xe2\x82") == 2);  // cut in the middle of a character
}

TEST_CASE("numbers stand to the right, words to the left, and the lines are in line") {
  Table table({"task", "gap", "agreement"});
  table.title("Gaps").footnote("Means over 20 examples.");
  table.row({"énergie", "0.5 ± 0.1", "0.93 [0.90, 0.95]"});
  table.row({"x", "12", "undefined"});
  CHECK(table.text() ==
        "Gaps\n"
        "task           gap          agreement\n"
        "-------------------------------------\n"
        "énergie  0.5 ± 0.1  0.93 [0.90, 0.95]\n"
        "x               12          undefined\n"
        "-------------------------------------\n"
        "Means over 20 examples.\n");
}

TEST_CASE("one word makes a column a column of words, without blanks at the end of a line") {
  Table table({"a", "b"});
  table.row({"-1", "first"}).row({"<1e-12", "2"});
  CHECK(table.text() ==
        "     a  b\n"
        "-------------\n"
        "    -1  first\n"
        "<1e-12  2\n");
}

TEST_CASE("a rule separates groups and is not drawn twice") {
  Table table({"n"});
  table.rule().row({"1"}).rule().rule().row({"2"}).rule().footnote("end");
  CHECK(table.text() == "n\n-\n1\n-\n2\n-\nend\n");
}

TEST_CASE("a table without rows is its heading") {
  CHECK(Table({"task", "n"}).text() == "task  n\n-------\n");
}

TEST_CASE("a row of the wrong length is refused") {
  Table table({"a", "b"});
  CHECK_THROWS_WITH_AS(
      table.row({"1"}), "[table] a row of 1 cells, expected 2", std::invalid_argument);
}
