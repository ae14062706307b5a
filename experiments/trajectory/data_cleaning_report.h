// SPDX-License-Identifier: MIT
#pragma once
// What data cleaning measures and leaves behind: rows, tables, verdicts, its figure.
//
//   auc                of the wrong labels in the ranking
//   recall             share of the wrong labels that is removed; as many are removed as are wrong,
//                      so that it is the precision as well
//   precision_at_half  among the first half of those who are removed
//   accuracy, loss     of the test part, after training again on the rest
//
//   CleaningResult r = clean(job, options);
//   r.table.difference({"", 0.2, "self_diff_in", "auc"}, "self_tracin");     // paired over seeds

#include <array>
#include <filesystem>
#include <set>

#include "experiments/trajectory/scored_retraining.h"
#include "experiments/trajectory/seed_table.h"

namespace leaveout {

inline constexpr std::array<const char*, 13> kSuspicions = {"self_diff_in",
                                                            "self_diff_in_whole",
                                                            "validation_diff_in",
                                                            "self_tracin",
                                                            "validation_tracin",
                                                            "validation_unrolled",
                                                            "self_influence",
                                                            "el2n",
                                                            "grand",
                                                            "loss",
                                                            "forgetting",
                                                            "random",
                                                            "oracle"};
inline constexpr const char* kUncleaned = "none";  // nobody is removed

struct CleaningResult {
  TaskSettings settings;
  std::vector<double> noise;
  SeedTable table;                     // share: the noise; no variant
  std::set<double> without = {};       // of `noise`, where no label is wrong: nothing to find
  std::set<std::string> refused = {};  // "score: why", where numbers are missing
};

/// Every noise rate and seed of a task.
CleaningResult clean(const Job& job, const TaskOptions& options);

/// Scores with the suspicious on top: minus the influence on the validation part, else as they are.
Eigen::VectorXd suspicion(const ScoredTask& task, const std::string& method);

std::string cleaning_table(const CleaningResult& r);
std::vector<Verdict> judge(const CleaningResult& r);
void describe_cleaning(const std::vector<CleaningResult>& done, Results& results);
/// data-cleaning.{svg,pdf,png} with their data: a panel per task, accuracy gained by cleaning.
void draw(const std::vector<CleaningResult>& done, const std::filesystem::path& folder);

}  // namespace leaveout
