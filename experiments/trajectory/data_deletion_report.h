// SPDX-License-Identifier: MIT
#pragma once
// What the experiment on deletion leaves behind: tables, verdicts, its figure.
//
//   DeletionResult r = delete_and_estimate(job, options);
//   r.table.difference({"random", 0.1, "newton", "distance"}, "diff_in");     // paired over seeds

#include <filesystem>

#include "experiments/trajectory/data_deletion_task.h"

namespace leaveout {

/// A table for each of kWhoIsDeleted.
std::string deletion_tables(const DeletionResult& r);
std::vector<Verdict> judge(const DeletionResult& r);
void describe_deletion(const std::vector<DeletionResult>& done, Results& results);
/// data-deletion.{svg,pdf,png} with their data: distance against the deleted share.
void draw(const std::vector<DeletionResult>& done, const std::filesystem::path& folder);

}  // namespace leaveout
