// SPDX-License-Identifier: MIT
#pragma once

// Which known name did the user mean?
//
// The distance is that of optimal string alignment: the fewest insertions, deletions, replacements
// and swaps of neighbours, each letter touched once.
//
//   nearest("dampnig", {"damping", "data"});   // "damping", at distance 1

#include <cstddef>
#include <string>
#include <vector>

namespace leaveout {

/// Edits that make `a` into `b`.
std::size_t edit_distance(const std::string& a, const std::string& b);

/// The entry of `known` nearest to `word`, the first of equals; empty if `known` is empty.
std::string nearest(const std::string& word, const std::vector<std::string>& known);

}  // namespace leaveout
