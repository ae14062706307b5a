// SPDX-License-Identifier: MIT
#pragma once

// What a program tells a gnuplot script beside the CSV file: numbers and names as gnuplot arrays.
//
// Law: whatever the names, the file is read as data; gnuplot counts from 1 and has no empty arrays.
//
//   gnuplot_array("width", widths, gnuplot_real)        // "array width[2] = [0.5, 1.0]\n"
//   Names protocols; protocols.index("exact")           // 1: the first to be named

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace leaveout {

/// Names in the order of their first use.
struct Names {
  std::vector<std::string> all;

  /// From 1, as gnuplot counts; a new name is appended.
  std::size_t index(const std::string& name);
};

/// A number that gnuplot reads as a real one: "10" would make it divide as integers do. `value` is
/// finite.
std::string gnuplot_real(double value);

/// A line that defines the array `name`, its elements shown by `show`; [0] for no items at all.
template <typename Items, typename Show>
std::string gnuplot_array(const std::string& name, const Items& items, Show show) {
  std::string list;
  for (const auto& item : items) list += (list.empty() ? "" : ", ") + show(item);
  return fmt::format("array {}[{}] = [{}]\n",
                     name,
                     std::max<std::size_t>(1, items.size()),
                     list.empty() ? "0" : list);
}

}  // namespace leaveout
