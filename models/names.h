// SPDX-License-Identifier: MIT
#pragma once
// The words for an enumeration's values, in one place for printing and parsing.
//
//   constexpr Names<Pooling, 2> kPoolings = {{{Pooling::average, "average"}, {Pooling::max,
//   "max"}}}; name_of(kPoolings, Pooling::max);                    // "max" parse_name(kPoolings,
//   "median", "pooling");          // throws, with the words that there are

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace leaveout {

template <class E, std::size_t n>
using Names = std::array<std::pair<E, const char*>, n>;

template <class E, std::size_t n>
std::string name_of(const Names<E, n>& names, E value) {
  for (const auto& [e, name] : names)
    if (e == value) return name;
  return "?";
}

/// Throws std::invalid_argument that lists the words; `what` says what they are for.
template <class E, std::size_t n>
E parse_name(const Names<E, n>& names, const std::string& text, const char* what) {
  std::vector<std::string> known;
  for (const auto& [e, name] : names) {
    if (text == name) return e;
    known.emplace_back(name);
  }
  throw std::invalid_argument(
      fmt::format("[model] {}, expected one of {}, got '{}'", what, fmt::join(known, ", "), text));
}

}  // namespace leaveout
