// SPDX-License-Identifier: MIT
// A seed's numbers as text: what its shard on the disk holds.
#include <fmt/format.h>

#include <array>
#include <sstream>

#include "experiments/trajectory/cost_task.h"
#include "experiments/trajectory/shard_text.h"

namespace leaveout {

namespace {

constexpr std::array kDefined = {&CostRow::passes,
                                 &CostRow::gradients,
                                 &CostRow::products,
                                 &CostRow::dense,
                                 &CostRow::stored_bytes,
                                 &CostRow::working_bytes,
                                 &CostRow::seconds};
constexpr std::array kMaybe = {&CostRow::spearman,
                               &CostRow::scale,
                               &CostRow::error,
                               &CostRow::derivative_spearman,
                               &CostRow::derivative_error};

CostRow row_of(const std::vector<std::string>& f) {
  CostRow row{f.at(1), f.at(2)};
  std::size_t next = 3;
  for (const auto member : kDefined) row.*member = shard_number(f.at(next++));
  for (const auto member : kMaybe) row.*member = shard_optional(f.at(next++));
  return row;
}

}  // namespace

std::string to_text(const CostSeed& s) {
  std::string text = fmt::format("seed\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n",
                                 s.seed,
                                 s.examples,
                                 s.parameters,
                                 s.steps,
                                 s.curvature_time,
                                 s.training_passes,
                                 s.training_seconds);
  for (const CostRow& row : s.rows) {
    text += fmt::format("row\t{}\t{}", row.estimator, row.refused);
    for (const auto member : kDefined) text += fmt::format("\t{}", row.*member);
    for (const auto member : kMaybe) text += fmt::format("\t{}", shard_text(row.*member));
    text += '\n';
  }
  return text;
}

CostSeed cost_seed_from_text(const std::string& text) {
  CostSeed s;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::vector<std::string> f = fields(line);
    if (f[0] == "row") {
      s.rows.push_back(row_of(f));
      continue;
    }
    s.seed = shard_whole<std::uint64_t>(f.at(1));
    s.examples = shard_whole<Index>(f.at(2));
    s.parameters = shard_whole<Index>(f.at(3));
    s.steps = shard_whole<Index>(f.at(4));
    s.curvature_time = shard_number(f.at(5));
    s.training_passes = shard_number(f.at(6));
    s.training_seconds = shard_number(f.at(7));
  }
  return s;
}

}  // namespace leaveout
