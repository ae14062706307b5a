// SPDX-License-Identifier: MIT
#pragma once
// Lines of fields between tabs: how measurements are kept in shards.
//
//   std::vector<std::string> f = fields("row\t0.5\t7");
//   double half = shard_number(f[1]);          // below the smallest normal number, too
//   auto seven = shard_whole<Index>(f[2]);

#include <charconv>
#include <optional>
#include <string>
#include <vector>

namespace leaveout {

std::vector<std::string> fields(const std::string& line);

/// Throw std::runtime_error for what is no number: the shard is not one of this program.
double shard_number(const std::string& text);
[[noreturn]] void refuse_shard(const std::string& text);

template <class T>
T shard_whole(const std::string& text) {
  T value = 0;
  const char* end = text.data() + text.size();
  const auto [next, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || next != end) refuse_shard(text);
  return value;
}

/// An undefined number is no text.
std::string shard_text(const std::optional<double>& number);
std::optional<double> shard_optional(const std::string& text);

}  // namespace leaveout
