// SPDX-License-Identifier: MIT
#include "experiments/support/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>
#include <utility>

namespace leaveout {
namespace {

constexpr std::string_view kGap = "  ";

using Range = std::pair<std::uint32_t, std::uint32_t>;

// Blocks rather than the full Unicode tables: enough for names of data sets and columns.
constexpr std::array<Range, 6> kZeroWidth = {{{0x0300, 0x036f},
                                              {0x1ab0, 0x1aff},
                                              {0x200b, 0x200f},
                                              {0x20d0, 0x20ff},
                                              {0xfe00, 0xfe0f},
                                              {0xfeff, 0xfeff}}};
constexpr std::array<Range, 9> kDoubleWidth = {{{0x1100, 0x115f},
                                                {0x2e80, 0x303e},
                                                {0x3041, 0xa4cf},
                                                {0xac00, 0xd7a3},
                                                {0xf900, 0xfaff},
                                                {0xfe30, 0xfe6f},
                                                {0xff01, 0xff60},
                                                {0x1f300, 0x1faff},
                                                {0x20000, 0x3fffd}}};

template <std::size_t N>
bool in_any(const std::array<Range, N>& ranges, std::uint32_t point) {
  return std::any_of(ranges.begin(), ranges.end(), [point](const Range& r) {
    return r.first <= point && point <= r.second;
  });
}

/// Bytes of the UTF-8 character at the front of `text`, and its code point; a bad byte is itself.
std::pair<std::size_t, std::uint32_t> decode(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t bytes = first < 0x80           ? 1
                            : (first >> 5) == 0x06 ? 2
                            : (first >> 4) == 0x0e ? 3
                            : (first >> 3) == 0x1e ? 4
                                                   : 0;
  if (bytes <= 1 || bytes > text.size()) return {1, first};
  std::uint32_t point = first & (0xffU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next >> 6) != 0x02) return {1, first};
    point = (point << 6) | (next & 0x3fU);
  }
  return {bytes, point};
}

bool reads_as_number(std::string_view cell) {
  if (cell.empty() || cell == "-" || cell == "undefined" || cell == "nan") return true;
  for (const std::string_view lead : {"<", ">", "~", "+", "-", "−", "."}) {
    if (cell.starts_with(lead)) cell.remove_prefix(lead.size());
    while (cell.starts_with(' ')) cell.remove_prefix(1);
  }
  return !cell.empty() && cell[0] >= '0' && cell[0] <= '9';
}

std::string padded(const std::string& cell, std::size_t width, bool right) {
  const std::string blanks(width - display_width(cell), ' ');
  return right ? blanks + cell : cell + blanks;
}

void add_line(std::string& text, std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  text += line + "\n";
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const auto [bytes, point] = decode(text);
    // A single byte is ASCII or not UTF-8: its number is no code point of a block.
    const bool block = bytes > 1;
    const bool none = block && in_any(kZeroWidth, point);
    width += none ? 0 : block && in_any(kDoubleWidth, point) ? 2 : 1;
    text.remove_prefix(bytes);
  }
  return width;
}

Table::Table(std::vector<std::string> columns) : columns_(std::move(columns)) {}

Table& Table::title(std::string text) {
  title_ = std::move(text);
  return *this;
}

Table& Table::footnote(std::string text) {
  footnotes_.push_back(std::move(text));
  return *this;
}

Table& Table::row(std::vector<std::string> cells) {
  if (cells.size() != columns_.size() || cells.empty()) {
    throw std::invalid_argument(
        fmt::format("[table] a row of {} cells, expected {}", cells.size(), columns_.size()));
  }
  rows_.push_back(std::move(cells));
  return *this;
}

Table& Table::rule() {
  if (!rows_.empty() && !rows_.back().empty()) rows_.emplace_back();
  return *this;
}

bool Table::is_numeric(std::size_t column) const {
  bool any = false;
  for (const auto& row : rows_) {
    if (row.empty()) continue;
    if (!reads_as_number(row[column])) return false;
    any = any || !row[column].empty();
  }
  return any;
}

std::string Table::text() const {
  std::vector<std::size_t> widths(columns_.size());
  std::vector<bool> right(columns_.size());
  std::size_t total = 0;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    widths[c] = display_width(columns_[c]);
    for (const auto& row : rows_) {
      if (!row.empty()) widths[c] = std::max(widths[c], display_width(row[c]));
    }
    right[c] = is_numeric(c);
    total += widths[c] + (c > 0 ? kGap.size() : 0);
  }
  const std::string rule(total, '-');
  const auto join = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t c = 0; c < cells.size(); ++c) {
      if (c > 0) line += kGap;
      line += padded(cells[c], widths[c], right[c]);
    }
    return line;
  };
  std::string text;
  if (!title_.empty()) add_line(text, title_);
  add_line(text, join(columns_));
  add_line(text, rule);
  for (const auto& row : rows_) add_line(text, row.empty() ? rule : join(row));
  if (!footnotes_.empty() && (rows_.empty() || !rows_.back().empty())) add_line(text, rule);
  for (const std::string& note : footnotes_) add_line(text, note);
  return text;
}

}  // namespace leaveout
