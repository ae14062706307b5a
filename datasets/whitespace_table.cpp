// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <filesystem>
#include <stdexcept>
#include <string_view>

#include "datasets/csv.h"
#include "datasets/files.h"
#include "datasets/sha256.h"
#include "datasets/text.h"

namespace leaveout {

namespace {

[[noreturn]] void refuse(const std::string& path, std::size_t line, const std::string& why) {
  throw std::invalid_argument(
      fmt::format("[table] {}, line {}: {}", printable(path, kWholeText), line, why));
}

/// Appends the numbers of one line and returns how many there were.
std::size_t read_line(std::string_view line,
                      const std::string& path,
                      std::size_t number,
                      std::vector<double>& values) {
  constexpr std::string_view kBlanks = " \t\r";
  std::size_t count = 0;
  for (;;) {
    const std::size_t begin = line.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return count;
    const std::size_t end = std::min(line.find_first_of(kBlanks, begin), line.size());
    const std::string_view cell = line.substr(begin, end - begin);
    const auto value = parse_number(cell);
    ++count;
    if (!value) {
      refuse(
          path,
          number,
          fmt::format("column {}: '{}' is not a finite number; give numbers separated by blanks, "
                      "without a header",
                      count,
                      printable(cell)));
    }
    values.push_back(*value);
    line.remove_prefix(end);
  }
}

std::vector<std::string> default_names(std::size_t columns) {
  std::vector<std::string> names;
  for (std::size_t i = 1; i < columns; ++i) names.push_back(fmt::format("x{}", i));
  names.emplace_back("y");
  return names;
}

}  // namespace

Dataset whitespace_table_from_text(const std::string& text,
                                   const std::string& path,
                                   const std::vector<std::string>& names) {
  require_text(text, path);
  std::vector<double> values;  // (rows x columns), row after row
  std::size_t columns = 0;
  std::size_t number = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::size_t count = read_line(rest.substr(0, end), path, ++number, values);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (count == 0) continue;  // a blank line
    if (columns == 0) columns = count;
    if (count != columns) {
      refuse(path,
             number,
             fmt::format(
                 "{} numbers where the first row has {}; give each row the same", count, columns));
    }
  }
  if (columns == 0) refuse(path, 1, "the file is empty; give rows of numbers");
  if (columns < 2) refuse(path, 1, "one column only; give features and, last, the target");
  if (!names.empty() && names.size() != columns) {
    refuse(path, 1, fmt::format("{} columns where {} are expected", columns, names.size()));
  }
  Dataset dataset;
  dataset.name = std::filesystem::path(path).stem().string();
  dataset.feature_names = names.empty() ? default_names(columns) : names;
  dataset.target_name = dataset.feature_names.back();
  dataset.feature_names.pop_back();
  dataset.provenance = {path, "the file's owner's", sha256(text)};
  const auto width = static_cast<Eigen::Index>(columns);
  const Eigen::Map<const Eigen::MatrixXd> table(  // (columns x rows)
      values.data(),
      width,
      static_cast<Eigen::Index>(values.size()) / width);
  dataset.inputs = table.topRows(width - 1);
  dataset.targets = table.bottomRows(1);
  return dataset;
}

Dataset read_whitespace_table(const std::string& path, const std::vector<std::string>& names) {
  return whitespace_table_from_text(read_file(path), path, names);
}

}  // namespace leaveout
