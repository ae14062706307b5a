// SPDX-License-Identifier: MIT
#include "experiments/trajectory/shard_text.h"

#include <fmt/format.h>

#include <stdexcept>

#include "datasets/text.h"

namespace leaveout {

std::vector<std::string> fields(const std::string& line) {
  std::vector<std::string> f(1);
  for (const char c : line)
    if (c == '\t')
      f.emplace_back();
    else
      f.back() += c;
  return f;
}

void refuse_shard(const std::string& text) {
  throw std::runtime_error("[shards] damaged, expected a number, got '" + printable(text) + "'");
}

double shard_number(const std::string& text) {
  const std::optional<double> value = parse_number(text);
  if (!value) refuse_shard(text);
  return *value;
}

std::string shard_text(const std::optional<double>& number) {
  return number ? fmt::format("{}", *number) : "";
}

std::optional<double> shard_optional(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(shard_number(text));
}

}  // namespace leaveout
