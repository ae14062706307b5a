// SPDX-License-Identifier: MIT
#pragma once

// Plain tables for a terminal or a log.
//
//   Influence against the truth
//   task       Pearson                Spearman
//   ------------------------------------------
//   concrete   0.93 [0.90, 0.95]          0.91
//   ------------------------------------------
//   Intervals: 95 % bootstrap over removed examples.
//
// A column in which every cell reads as a number (or as "undefined", "-" or nothing) is aligned to
// the right, all others to the left. Widths are counted in what a terminal shows, not in bytes, so
// that "± ρ" does not push a column out of line.
//
//   Table table({"task", "Pearson", "Spearman"});
//   table.row({"concrete", "0.93 [0.90, 0.95]", "0.91"});
//   std::fputs(table.text().c_str(), stdout);

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace leaveout {

/// Columns that `text` takes up on a terminal: 0 for combining marks, 2 for East Asian wide
/// characters and emoji, 1 for all else. A byte that is not UTF-8 counts as 1.
std::size_t display_width(std::string_view text);

/// A table that is filled row by row and printed once.
class Table {
 public:
  explicit Table(std::vector<std::string> columns);

  /// One line above the table.
  Table& title(std::string text);

  /// One line below the table; footnotes come in the order of the calls.
  Table& footnote(std::string text);

  /// Throws std::invalid_argument unless there is one cell per column.
  Table& row(std::vector<std::string> cells);

  /// A rule below the last row, between groups of rows.
  Table& rule();

  /// The whole table, every line ended by '\n', no blanks at the end of a line.
  std::string text() const;

 private:
  bool is_numeric(std::size_t column) const;

  std::vector<std::string> columns_;
  std::vector<std::vector<std::string>> rows_;  // an empty row is a rule
  std::vector<std::string> footnotes_;
  std::string title_;
};

}  // namespace leaveout
