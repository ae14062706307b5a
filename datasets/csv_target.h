// SPDX-License-Identifier: MIT
#pragma once

// The target column of a table: which task it poses, and its values as that task needs them. The
// rule is stated at the head of datasets/csv.h.
//
//   Target target = read_target(table, table.column("price"), std::nullopt);
//   Eigen::MatrixXd query = read_target_like(other, other.column("price"), target.task,
//   target.class_names);

#include <Eigen/Dense>
#include <optional>
#include <string>
#include <vector>

#include "datasets/csv_table.h"
#include "datasets/dataset.h"

namespace leaveout {

struct Target {
  Task task;
  Eigen::MatrixXd values;                // (outputs x rows): value | 0 or 1 | one-hot
  std::vector<std::string> class_names;  // sorted; none in regression
};

/// Reads the column for `task`, or for the task that its cells pose. Throws std::invalid_argument,
/// with file, line and column, for a cell or a set of classes that does not fit.
Target read_target(const CsvTable& table, Eigen::Index column, std::optional<Task> task);

/// Reads the column for a known task with known classes, (outputs x rows).
/// Throws std::invalid_argument for a class that is not one of `class_names`.
Eigen::MatrixXd read_target_like(const CsvTable& table,
                                 Eigen::Index column,
                                 Task task,
                                 const std::vector<std::string>& class_names);

}  // namespace leaveout
