// SPDX-License-Identifier: MIT
#pragma once
// One task of the experiment on deletion. With S the deleted, theta_T the end of the training on
// all, and theta_r the end of the same training without S:
//
//   nothing             theta_T
//   fine_tuning         fine_tune_epochs more on the rest, from theta_T
//   fine_tuning_shift   theta_T + where that ends less where as many epochs more on all end: what
//                       training has yet to learn drops out
//   diff_in             theta_T + sum over S of Eq. (9), 1/m         (Tan et al. 2025)
//   diff_in_sum         the same with T/m: the sum over steps that it stands for
//   diff_in_whole       and with the first-order term, T - t and weight decay: the derivation's
//   tracin              theta_T + sum over the steps of rate c_i g_i: curvature left out
//   newton              theta_T + (Gauss-Newton + damping)^-1 sum g_i / N, the influence function
//   unrolled            theta_T + the exact derivative through all steps
//   single_retrainings  theta_T + sum over S of (theta without i - theta_T): sums are additive to
//                       first order only, exact as their terms may be
//
//   distance               |estimate - theta_r| / |theta_r - theta_T|; of `nothing` 1
//   distance_best_scale    the same after the change is multiplied by the best number
//   cosine                 of the change with theta_r - theta_T
//   accuracy, accuracy_gap       of the test part, and its distance from theta_r's
//   deleted_loss, deleted_loss_gap   mean loss on S, and its distance from theta_r's

#include <array>
#include <set>

#include "experiments/trajectory/recorded_task.h"
#include "experiments/trajectory/seed_table.h"
#include "influence/responses.h"

namespace leaveout {

inline constexpr std::array<const char*, 10> kDeletions = {"nothing",
                                                           "fine_tuning",
                                                           "fine_tuning_shift",
                                                           "diff_in",
                                                           "diff_in_sum",
                                                           "diff_in_whole",
                                                           "tracin",
                                                           "newton",
                                                           "unrolled",
                                                           "single_retrainings"};
inline constexpr const char* kRetrained = "retrained";
inline constexpr std::array<const char*, 2> kWhoIsDeleted = {"random", "one_class"};

struct DeletionResult {
  TaskSettings settings;
  std::vector<double> shares;
  SeedTable table;                     // variant: who is deleted
  std::vector<double> merged = {};     // shares that are as many rows as the one before
  std::set<std::string> refused = {};  // "estimate: why", where numbers are missing
};

/// `shares` of the settings; of those that are equally many rows the first is kept.
struct DeletedShares {
  std::vector<double> kept, merged;
};
/// Throws std::invalid_argument unless they rise within (0, 1).
DeletedShares deleted_shares(const Settings& settings, Index examples);

/// The rows to delete, kWhoIsDeleted by shares; smaller groups are parts of larger ones. One class:
/// the largest. Throws std::invalid_argument where it is smaller than a share of all.
std::vector<Group> deleted_groups(const GroupedTask& task, const std::vector<double>& shares);

/// Where the estimates say that the training without each group ends: (P x groups) for each of
/// kDeletions.
std::vector<Eigen::MatrixXd> deletion_estimates(const RecordedTask& task,
                                                const std::vector<Group>& groups,
                                                const Settings& settings);

/// All seeds of a task, each a shard.
DeletionResult delete_and_estimate(const Job& job, const TaskOptions& options);

}  // namespace leaveout
