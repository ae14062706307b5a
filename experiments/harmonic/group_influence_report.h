// SPDX-License-Identifier: MIT
#pragma once
// What the measurement of groups leaves behind: rows, tables, verdicts, a figure.
//
//   write_rows(result, results);
//   fputs(group_table(result).c_str(), stdout);

#include <filesystem>
#include <functional>

#include "experiments/harmonic/group_influence_task.h"
#include "experiments/harmonic/group_influence_toys.h"
#include "experiments/support/results.h"
#include "experiments/support/verdict.h"
#include "influence/metrics/correlation.h"

namespace leaveout {

/// Which groups a mean is over.
struct GroupChoice {
  QueryOutput output = QueryOutput::margin;
  double p = 0.5;
  GroupKind kind = GroupKind::random;
  Index size = 2;
  bool operator==(const GroupChoice&) const = default;
};
using GroupMetric = std::function<std::optional<double>(const GroupEffects&)>;

/// A metric's mean over the groups of each query, (queries); NaN where it is undefined for all.
Eigen::VectorXd by_query(const GroupResult& result,
                         const GroupChoice& choice,
                         const GroupMetric& metric);
/// Mean over queries with its interval; queries in which it is undefined are left out.
Estimate over_queries(const Eigen::VectorXd& values);
/// Sizes of the groups of a kind, ascending.
std::vector<Index> sizes_of(const GroupResult& result, GroupKind kind);

/// Columns of runs.csv: task, output, p, kind, size, group, query, metric, value.
RunsLayout group_layout();
void write_rows(const GroupResult& result, Results& results);
void write_rows(const std::vector<ToyCluster>& toys, Results& results);
void describe(const std::vector<GroupResult>& done, Results& results);

std::string group_table(const GroupResult& result);
std::string toy_table(const std::vector<ToyCluster>& toys);
std::vector<Verdict> judge(const std::vector<GroupResult>& done,
                           const std::vector<ToyCluster>& toys);
/// group-influence.{svg,pdf,png}: relative defect against size, and the toy clusters.
void draw(const std::vector<GroupResult>& done,
          const std::vector<ToyCluster>& toys,
          const std::filesystem::path& folder);

}  // namespace leaveout
