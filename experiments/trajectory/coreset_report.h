// SPDX-License-Identifier: MIT
#pragma once
// What coreset selection measures and leaves behind: rows, tables, verdicts, its figure.
//
//   accuracy, loss   of the test part, after training on the kept share
//
//   CoresetResult r = select_and_train(job, options);
//   r.table.difference({"per_class", 0.1, "moso", "accuracy"}, "random");     // paired over seeds

#include <array>
#include <filesystem>
#include <set>

#include "experiments/trajectory/scored_retraining.h"
#include "experiments/trajectory/seed_table.h"

namespace leaveout {

inline constexpr std::array<const char*, 12> kSelections = {"validation_diff_in",
                                                            "validation_diff_in_whole",
                                                            "validation_tracin",
                                                            "validation_unrolled",
                                                            "moso",
                                                            "el2n",
                                                            "grand",
                                                            "forgetting",
                                                            "loss",
                                                            "herding",
                                                            "k_center",
                                                            "random"};
inline constexpr const char* kAll = "all";  // nobody is left out
/// The highest of all, or of each class as large a share.
inline constexpr std::array<const char*, 2> kQuotas = {"free", "per_class"};

struct CoresetResult {
  TaskSettings settings;
  std::vector<double> kept;
  SeedTable table;                     // variant: quota; share: kept
  std::set<std::string> refused = {};  // "score: why", where numbers are missing
};

/// Every share and seed of a task.
CoresetResult select_and_train(const Job& job, const TaskOptions& options);

/// A table for each of kQuotas.
std::string coreset_tables(const CoresetResult& r);
std::vector<Verdict> judge(const CoresetResult& r);
void describe_coresets(const std::vector<CoresetResult>& done, Results& results);
/// coreset.{svg,pdf,png} with their data: accuracy gained over random, by the kept share.
void draw(const std::vector<CoresetResult>& done, const std::filesystem::path& folder);

}  // namespace leaveout
