// SPDX-License-Identifier: MIT
#pragma once

// Text that came from outside: is it text at all, is it a number, and how to show it in a message.
//
//   require_text(bytes, "cars.csv");                      // UTF-8 and no control bytes, or it
//   throws std::optional<double> value = parse_number("+1.5e3"); // 1500 printable("two\nlines") ==
//   "two\\nlines";

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace leaveout {

inline constexpr std::size_t kWholeText = std::string_view::npos;

/// `text` for use inside a one-line message: control characters and line breaks shown as \n, \t or
/// \xNN, cut to about `limit` bytes (never inside a UTF-8 character) with "..." at the end.
/// `kWholeText` as the limit cuts nothing.
std::string printable(std::string_view text, std::size_t limit = 60);

/// Throws std::invalid_argument with file and line unless `bytes` are UTF-8 text whose only control
/// characters are tabs and line breaks.
void require_text(std::string_view bytes, const std::string& path);

/// The number that `text` shows, blanks around it allowed: decimal, one leading '+' or '-', nothing
/// after it. None for anything else, for NaN and infinities, and for numbers too large for a
/// double; numbers too small for one are 0 or subnormal.
std::optional<double> parse_number(std::string_view text);

}  // namespace leaveout
