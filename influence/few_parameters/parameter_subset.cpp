// SPDX-License-Identifier: MIT
#include "influence/few_parameters/parameter_subset.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "models/architecture.h"

namespace leaveout {

namespace {

using Blocks = std::vector<ParameterBlock>;

std::string text_of(const Blocks& blocks) {
  std::vector<std::string> texts;
  for (const ParameterBlock& b : blocks)
    texts.push_back(fmt::format("{} {} {}{}",
                                texts.size(),
                                block_kind_name(b.kind),
                                b.rows,
                                b.cols == 1 ? "" : fmt::format("x{}", b.cols)));
  return fmt::format("{}", fmt::join(texts, ", "));
}

[[noreturn]] void refuse(const std::string& text, const std::string& expected) {
  throw std::invalid_argument(
      fmt::format("[parameter subset] subset, expected {}, got '{}'", expected, text));
}

/// A whole number that is not negative, and nothing else.
std::optional<Index> number(std::string_view text) {
  Index value = 0;
  const char* const end = text.data() + text.size();
  const auto [next, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || next != end || value < 0) return std::nullopt;
  return value;
}

void append(Index first, Index count, std::vector<Index>& subset) {
  for (Index i = 0; i < count; ++i) subset.push_back(first + i);
}

template <class Predicate>
std::vector<Index> entries(const Blocks& blocks, const Predicate& holds) {
  std::vector<Index> subset;
  for (const ParameterBlock& b : blocks)
    if (holds(b)) append(b.offset, b.size(), subset);
  return subset;
}

std::vector<Index> last_layers(const Blocks& blocks, std::string_view k, const std::string& text) {
  std::vector<Index> starts;  // of each layer: its weight
  for (const ParameterBlock& b : blocks)
    if (b.kind == BlockKind::weight) starts.push_back(b.offset);
  const Index layers = static_cast<Index>(starts.size());
  const std::optional<Index> count = number(k);
  if (!count || *count < 1 || *count > layers)
    refuse(text, fmt::format("1 to {} last layers: the blocks are {}", layers, text_of(blocks)));
  const Index first = starts[static_cast<std::size_t>(layers - *count)];
  return entries(blocks, [&](const ParameterBlock& b) { return b.offset >= first; });
}

std::vector<Index> one_block(const Blocks& blocks, std::string_view k, const std::string& text) {
  const std::optional<Index> chosen = number(k);
  if (!chosen || *chosen >= static_cast<Index>(blocks.size()))
    refuse(text, fmt::format("a block from 0 to {}: {}", blocks.size() - 1, text_of(blocks)));
  const ParameterBlock& b = blocks[static_cast<std::size_t>(*chosen)];
  std::vector<Index> subset;
  append(b.offset, b.size(), subset);
  return subset;
}

std::vector<Index> of_kind(const Blocks& blocks, BlockKind kind, const std::string& text) {
  std::vector<Index> subset =
      entries(blocks, [&](const ParameterBlock& b) { return b.kind == kind; });
  if (subset.empty()) refuse(text, "something that the model has: " + text_of(blocks));
  return subset;
}

/// "3,7-9": 3, 7, 8, 9.
std::vector<Index> listed(std::string_view list, Index parameters, const std::string& text) {
  std::vector<Index> subset;
  while (true) {
    const std::size_t comma = list.find(',');
    const std::string_view item = list.substr(0, comma);
    const std::size_t dash = item.find('-');
    const std::optional<Index> first = number(item.substr(0, dash));
    const std::optional<Index> last =
        dash == std::string_view::npos ? first : number(item.substr(dash + 1));
    if (!first || !last || *last < *first || *last >= parameters)
      refuse(text, fmt::format("entries of theta from 0 to {} as in 0,4-7", parameters - 1));
    append(*first, *last - *first + 1, subset);
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  std::sort(subset.begin(), subset.end());
  subset.erase(std::unique(subset.begin(), subset.end()), subset.end());
  return subset;
}

}  // namespace

const std::vector<SubsetForm>& parameter_subset_forms() {
  static const std::vector<SubsetForm> forms = {
      {"last_layer", "weight and bias of the last layer"},
      {"last_layers:K", "all parameters of the last K layers"},
      {"weights", "the weights of every layer"},
      {"biases", "the biases of every layer, shifts of layer norms among them"},
      {"block:K", "one weight, bias or gain, counted from 0"},
      {"parameters:I,J-K", "these entries of theta, counted from 0"}};
  return forms;
}

std::vector<Index> parameter_subset(const ModelSpec& spec, const std::string& text) {
  const Blocks blocks = parameter_blocks(architecture(spec));
  const std::string_view whole = text;
  const std::size_t colon = whole.find(':');
  const std::string_view name = whole.substr(0, colon);
  if (text == "last_layer") return last_layers(blocks, "1", text);
  if (text == "weights") return of_kind(blocks, BlockKind::weight, text);
  if (text == "biases") return of_kind(blocks, BlockKind::bias, text);
  if (colon != std::string_view::npos) {
    const std::string_view value = whole.substr(colon + 1);
    if (name == "last_layers") return last_layers(blocks, value, text);
    if (name == "block") return one_block(blocks, value, text);
    if (name == "parameters") return listed(value, spec.parameter_count(), text);
  }
  std::vector<std::string> forms;
  for (const SubsetForm& f : parameter_subset_forms()) forms.push_back(f.form);
  refuse(text, fmt::format("one of {}", fmt::join(forms, " | ")));
}

std::vector<Index> complement(const std::vector<Index>& subset, Index parameters) {
  assert(std::is_sorted(subset.begin(), subset.end()));
  std::vector<Index> rest;
  auto next = subset.begin();
  for (Index i = 0; i < parameters; ++i) {
    if (next != subset.end() && *next == i)
      ++next;
    else
      rest.push_back(i);
  }
  return rest;
}

std::string describe_blocks(const ModelSpec& spec) {
  return text_of(parameter_blocks(architecture(spec)));
}

}  // namespace leaveout
