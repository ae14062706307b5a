// SPDX-License-Identifier: MIT
#include "experiments/trajectory/seed_table.h"

#include <fmt/format.h>

#include <limits>

#include "influence/metrics/student.h"

namespace leaveout {

using Eigen::VectorXd;

namespace {

Estimate interval_of(const std::vector<double>& values) {
  return mean_interval(
      Eigen::Map<const VectorXd>(values.data(), static_cast<Eigen::Index>(values.size())));
}

}  // namespace

std::map<std::uint64_t, double> SeedTable::by_seed(const Question& about) const {
  std::map<std::uint64_t, std::pair<double, double>> sums;  // and how many
  for (const SeedMeasure& row : rows_) {
    if (row.metric != about.metric || row.method != about.method) continue;
    if (about.variant && row.variant != *about.variant) continue;
    if (about.share && row.share != *about.share) continue;
    sums[row.seed].first += row.value;
    sums[row.seed].second += 1;
  }
  std::map<std::uint64_t, double> means;
  for (const auto& [seed, sum] : sums) means[seed] = sum.first / sum.second;
  return means;
}

Estimate SeedTable::mean(const Question& about) const {
  std::vector<double> values;
  for (const auto& [seed, value] : by_seed(about)) values.push_back(value);
  return interval_of(values);
}

Estimate SeedTable::difference(const Question& about, const std::string& other) const {
  Question against = about;
  against.method = other;
  return difference(about, against);
}

Estimate SeedTable::difference(const Question& about, const Question& other) const {
  const std::map<std::uint64_t, double> theirs = by_seed(other);
  std::vector<double> values;
  for (const auto& [seed, value] : by_seed(about))
    if (const auto at = theirs.find(seed); at != theirs.end()) values.push_back(value - at->second);
  return interval_of(values);
}

RunsLayout seed_table_layout(const std::string& variant, const std::string& share) {
  RunsLayout layout{.columns = {"task"}, .keys = {"task"}};
  for (const std::string& column : {variant, share}) {
    if (column.empty()) continue;
    layout.columns.push_back(column);
    layout.keys.push_back(column);
  }
  for (const char* column : {"seed", "method", "metric", "value"}) layout.columns.push_back(column);
  for (const char* key : {"method", "metric"}) layout.keys.push_back(key);
  return layout;
}

void write_rows(const SeedTable& table,
                const std::string& task,
                bool with_variant,
                Results& results) {
  for (const SeedMeasure& m : table.rows()) {
    std::vector<Cell> cells = {task};
    if (with_variant) cells.push_back(m.variant);
    cells.push_back(m.share);
    cells.push_back(static_cast<std::int64_t>(m.seed));
    cells.push_back(m.method);
    cells.push_back(m.metric);
    cells.push_back(m.value);
    results.row(cells);
  }
}

std::string is_higher(const Estimate& e) {
  return above(interval(e), std::numeric_limits<double>::min());
}

Verdict seed_verdict(const std::string& task,
                     const std::string& part,
                     const std::string& claim,
                     const Estimate& e,
                     const std::string& says) {
  Verdict v = {task, part, claim, to_string(e, 3), says};
  if (!e.value)
    v.verdict = "not testable: nothing was measured";
  else if (e.resamples == 0)
    v.verdict = "not testable: one seed has no interval";
  else if (*e.value == 0 && e.low == 0 && e.high == 0 && says == "disagrees")
    v.verdict = "not testable: no difference in any seed";
  return v;
}

std::string plain(const Estimate& e, int decimals) {
  return e.value ? fmt::format("{:.{}f}", *e.value, decimals) : "-";
}

}  // namespace leaveout
