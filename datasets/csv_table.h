// SPDX-License-Identifier: MIT
#pragma once

// Comma-separated tables: cells as text, with the line each row came from.
//
// The grammar is RFC 4180 with what people's files need beyond it: a header line is required; cells
// may be quoted ("a, b", doubled quotes, line breaks); lines end in LF, CRLF or CR; a UTF-8 byte
// order mark, blank lines, and blanks around a cell are dropped (blanks inside quotes stay).
//
//   CsvTable table = read_csv("cars.csv");
//   std::string_view cell = table.cell(0, table.column("price"));
//   write_csv("out.csv", {"name", "value"}, {{"pi", 3.14}, {"answer", 42}});

#include <Eigen/Dense>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leaveout {

/// A parsed file. Copies are shallow: the cells point into one shared text.
struct CsvTable {
  std::string path;                     ///< for messages
  std::vector<std::string> header;      ///< column names: unique, not empty
  std::vector<std::string_view> cells;  // (rows x columns), row after row
  std::vector<Eigen::Index> lines;      // (rows): the line, counted from 1, where a row starts
  std::shared_ptr<const std::string> storage = {};  ///< what the cells point into

  Eigen::Index rows() const { return static_cast<Eigen::Index>(lines.size()); }
  Eigen::Index columns() const { return static_cast<Eigen::Index>(header.size()); }
  std::string_view cell(Eigen::Index row, Eigen::Index column) const {
    return cells[static_cast<std::size_t>(row * columns() + column)];
  }

  /// The index of a column, none if the header does not have it.
  std::optional<Eigen::Index> find(std::string_view name) const;

  /// The index of a column. Throws std::invalid_argument that lists the header if it is not there.
  Eigen::Index column(std::string_view name) const;

  /// The number in a cell. Throws std::invalid_argument for a missing value and for anything that
  /// is not a finite number; the message ends in `cure`, which says what to do.
  double number(Eigen::Index row, Eigen::Index column, const char* cure) const;

  /// True if a cell is empty or a way to write "no value": NA, NaN, null, ?.
  bool is_missing(Eigen::Index row, Eigen::Index column) const;

  /// Throws std::invalid_argument if a cell is missing.
  void require_present(Eigen::Index row, Eigen::Index column) const;

  /// Throws std::invalid_argument: file, line and column of a cell, then `why`.
  [[noreturn]] void refuse(Eigen::Index row, Eigen::Index column, const std::string& why) const;
};

/// Reads a file. Throws std::invalid_argument, one line with file, line and cure, if it is
/// unreadable, empty, without a header or a data row, not UTF-8 text (NUL and control bytes
/// included), has a ragged row, an unclosed quote, text after a closing quote, an unnamed column,
/// two columns of one name, or nothing but numbers where the header should be.
CsvTable read_csv(const std::string& path, char separator = ',');

/// `read_csv` of bytes in memory; `path` is only for messages.
CsvTable parse_csv(std::string text, const std::string& path, char separator = ',');

/// A cell to write: text as it is, numbers in the shortest form that reads back to the same bits.
struct CsvCell {
  std::string text;

  CsvCell(std::string value) : text(std::move(value)) {}
  CsvCell(std::string_view value) : text(value) {}
  CsvCell(const char* value) : text(value) {}
  CsvCell(double value);
  template <std::integral T>
  CsvCell(T value) : text(std::to_string(value)) {}
};

/// One line, with its line break. Cells that need it are quoted.
std::string csv_line(const std::vector<CsvCell>& cells);

/// Writes a table by `write_file`: in one step. Throws std::invalid_argument if a row has another
/// number of cells than the header, std::runtime_error if the disk refuses.
void write_csv(const std::string& path,
               const std::vector<std::string>& header,
               const std::vector<std::vector<CsvCell>>& rows);

}  // namespace leaveout
