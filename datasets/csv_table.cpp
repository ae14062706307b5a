// SPDX-License-Identifier: MIT
#include "datasets/csv_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <stdexcept>

#include "datasets/files.h"
#include "datasets/text.h"

namespace leaveout {

namespace {

constexpr std::size_t kShownNames = 8;

/// One pass over the bytes. Cells are views; a quoted cell is unquoted in place, since what it
/// means is never longer than how it is written.
class Parser {
 public:
  Parser(std::string& text, const std::string& path, char separator)
      : path_(path), separator_(separator), at_(text.data()), end_(text.data() + text.size()) {
    if (std::string_view(text).starts_with("\xEF\xBB\xBF")) at_ += 3;
  }

  /// Appends the cells of the next row that is not blank and returns the line it starts on; 0 at
  /// the end of the text.
  Eigen::Index row(std::vector<std::string_view>& cells) {
    for (;;) {
      skip_blanks();
      if (at_ == end_) return 0;
      if (!at_line_end()) break;
      line_end();
    }
    const Eigen::Index start = line_;
    for (;;) {
      cells.push_back(cell());
      if (at_ == end_) return start;
      if (*at_ != separator_) break;
      ++at_;
    }
    line_end();
    return start;
  }

  [[noreturn]] void refuse(Eigen::Index line, const std::string& why) const {
    throw std::invalid_argument(
        fmt::format("[csv] {}, line {}: {}", printable(path_, kWholeText), line, why));
  }

 private:
  bool at_line_end() const { return *at_ == '\n' || *at_ == '\r'; }
  bool is_blank(char c) const { return (c == ' ' || c == '\t') && c != separator_; }
  void skip_blanks() {
    while (at_ != end_ && is_blank(*at_)) ++at_;
  }
  void line_end() {
    if (*at_ == '\r' && at_ + 1 != end_ && at_[1] == '\n') ++at_;
    ++at_;
    ++line_;
  }

  std::string_view cell() {
    skip_blanks();
    if (at_ != end_ && *at_ == '"') return quoted_cell();
    const char* const begin = at_;
    while (at_ != end_ && *at_ != separator_ && !at_line_end()) ++at_;
    const char* stop = at_;
    while (stop != begin && is_blank(stop[-1])) --stop;
    return {begin, static_cast<std::size_t>(stop - begin)};
  }

  std::string_view quoted_cell() {
    const Eigen::Index opened = line_;
    char* const begin = ++at_;
    char* to = begin;
    for (;; ++at_) {
      if (at_ == end_) refuse(opened, "a quote is opened and never closed; close it or double it");
      if (*at_ == '"') {
        if (at_ + 1 == end_ || at_[1] != '"') break;
        ++at_;
      }
      const bool second_half = *at_ == '\n' && at_[-1] == '\r';
      if (at_line_end() && !second_half) ++line_;
      *to++ = *at_;
    }
    ++at_;
    skip_blanks();
    if (at_ != end_ && *at_ != separator_ && !at_line_end()) {
      refuse(line_, "text after a closing quote; double the quotes that are part of a cell");
    }
    return {begin, static_cast<std::size_t>(to - begin)};
  }

  const std::string& path_;
  char separator_;
  char* at_;
  char* end_;
  Eigen::Index line_ = 1;
};

void check_header(const std::vector<std::string>& header, const Parser& parser, Eigen::Index line) {
  std::set<std::string_view> seen;
  bool numbers = true;
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (header[i].find_first_not_of(" \t") == std::string::npos) {
      parser.refuse(
          line,
          fmt::format("column {} has no name; name it, or remove it if it is an index or due "
                      "to a separator at the end of the line",
                      i + 1));
    }
    if (!seen.insert(header[i]).second) {
      parser.refuse(line,
                    fmt::format("two columns are named '{}'; rename one", printable(header[i])));
    }
    numbers = numbers && parse_number(header[i]).has_value();
  }
  if (numbers) {
    parser.refuse(line, "the header is missing: all cells are numbers; add a line of column names");
  }
}

bool needs_quotes(std::string_view text) {
  if (text.empty()) return true;  // a line of one empty cell would read as a blank line
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  return blank(text.front()) || blank(text.back()) ||
         text.find_first_of("\",\r\n") != std::string_view::npos;
}

}  // namespace

std::optional<Eigen::Index> CsvTable::find(std::string_view name) const {
  const auto found = std::find(header.begin(), header.end(), name);
  if (found == header.end()) return std::nullopt;
  return found - header.begin();
}

Eigen::Index CsvTable::column(std::string_view name) const {
  if (const std::optional<Eigen::Index> index = find(name)) return *index;
  std::string names;
  for (std::size_t i = 0; i < std::min(header.size(), kShownNames); ++i) {
    names += fmt::format("{}{}", i == 0 ? "" : ", ", printable(header[i]));
  }
  if (header.size() > kShownNames) names += fmt::format(", ... ({} columns)", header.size());
  const bool other_separator =
      header.size() == 1 && header[0].find_first_of(";\t|") != std::string::npos;
  throw std::invalid_argument(
      fmt::format("[csv] {}: no column '{}' in the header ({}); {}",
                  printable(path, kWholeText),
                  printable(name),
                  names,
                  other_separator ? "the cells seem to be separated by something else than commas"
                                  : "choose one of these"));
}

void CsvTable::refuse(Eigen::Index row, Eigen::Index column, const std::string& why) const {
  throw std::invalid_argument(fmt::format("[csv] {}, line {}, column {} ('{}'): {}",
                                          printable(path, kWholeText),
                                          lines[static_cast<std::size_t>(row)],
                                          column + 1,
                                          printable(header[static_cast<std::size_t>(column)]),
                                          why));
}

bool CsvTable::is_missing(Eigen::Index row, Eigen::Index column) const {
  constexpr std::array<std::string_view, 9> kMissing = {
      "NA", "N/A", "NaN", "nan", "NAN", "null", "NULL", "None", "?"};
  const std::string_view text = cell(row, column);
  return text.find_first_not_of(" \t") == std::string_view::npos ||
         std::find(kMissing.begin(), kMissing.end(), text) != kMissing.end();
}

void CsvTable::require_present(Eigen::Index row, Eigen::Index column) const {
  if (!is_missing(row, column)) return;
  const std::string_view text = cell(row, column);
  if (text.find_first_not_of(" \t") == std::string_view::npos)
    refuse(row, column, "the cell is empty; fill it in or remove the row");
  refuse(row, column, fmt::format("'{}' is a missing value; fill it in or remove the row", text));
}

double CsvTable::number(Eigen::Index row, Eigen::Index column, const char* cure) const {
  const std::string_view text = cell(row, column);
  if (const std::optional<double> value = parse_number(text)) return *value;
  require_present(row, column);
  refuse(row, column, fmt::format("'{}' is not a finite number; {}", printable(text), cure));
}

CsvTable parse_csv(std::string text, const std::string& path, char separator) {
  require_text(text, path);
  const auto storage = std::make_shared<std::string>(std::move(text));
  Parser parser(*storage, path, separator);
  CsvTable table;
  table.path = path;
  const Eigen::Index header_line = parser.row(table.cells);
  if (header_line == 0) parser.refuse(1, "the file is empty; give a header and data rows");
  table.header.assign(table.cells.begin(), table.cells.end());
  check_header(table.header, parser, header_line);
  table.cells.clear();
  for (std::size_t before = 0;; before = table.cells.size()) {
    const Eigen::Index line = parser.row(table.cells);
    if (line == 0) break;
    if (table.cells.size() - before != table.header.size()) {
      parser.refuse(
          line,
          fmt::format("the row has {} cells where the header has {}; add or remove cells, and "
                      "quote those that contain the separator",
                      table.cells.size() - before,
                      table.header.size()));
    }
    table.lines.push_back(line);
  }
  if (table.rows() == 0) {
    parser.refuse(header_line, "there is a header and no data row after it; add rows");
  }
  table.storage = storage;
  return table;
}

CsvTable read_csv(const std::string& path, char separator) {
  return parse_csv(read_file(path), path, separator);
}

CsvCell::CsvCell(double value) : text(fmt::format("{}", value)) {}

std::string csv_line(const std::vector<CsvCell>& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += ',';
    const std::string& text = cells[i].text;
    if (!needs_quotes(text)) {
      line += text;
      continue;
    }
    line += '"';
    for (const char c : text) line.append(c == '"' ? 2 : 1, c);
    line += '"';
  }
  return line += '\n';
}

void write_csv(const std::string& path,
               const std::vector<std::string>& header,
               const std::vector<std::vector<CsvCell>>& rows) {
  std::string text = csv_line({header.begin(), header.end()});
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].size() != header.size()) {
      throw std::invalid_argument(fmt::format(
          "[csv] {}: row {} to write has {} cells where the header has {}; give each column one",
          printable(path, kWholeText),
          i + 1,
          rows[i].size(),
          header.size()));
    }
    text += csv_line(rows[i]);
  }
  write_file(path, text);
}

}  // namespace leaveout
