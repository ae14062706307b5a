// SPDX-License-Identifier: MIT
#pragma once
// The trainings that datamodels are fitted to and judged by.
//
//   fit        m subsets ~ B_p, each trained once: for coefficients new subsets beat repeats
//   pairs      as many trainings again for each noise-stability plan, in correlated pairs
//   held out   subsets that no fit has seen, each trained `seeds` times (networks)
//   all        the whole training set, `seeds` times
//
//   SubsetPools pools = train_pools(task, {.subsets = 2000, .held_out = 500}, options);

#include "experiments/harmonic/residual_estimation_methods.h"
#include "experiments/harmonic/subset_task.h"

namespace leaveout {

struct PoolSizes {
  Index subsets = 2000, held_out = 500;
};

/// The trainings of a plan that estimates the residual without a fit.
struct PairedPool {
  std::string method;
  StabilityPlan plan;
  Eigen::MatrixXd first, second;  // outputs of both members, (pairs x Q)
};

struct SubsetPools {
  std::vector<Index> queries;      // whose outputs vary: the Q of all that follows
  Eigen::MatrixXd masks, outputs;  // (N x m), (m x Q)
  std::vector<PairedPool> pairs;
  Eigen::MatrixXd held_masks;         // (N x h)
  std::vector<Eigen::MatrixXd> held;  // (h x Q) of each repetition
  Eigen::VectorXd all;                // (Q) after training on everything, mean over repetitions
  Index unconverged = 0;

  /// Mean over repetitions, (h x Q).
  Eigen::MatrixXd held_mean() const;
};

/// A copy of the task's problem whose trainings are others': each `purpose` has its own seeds.
SubsetProblem problem_for(const SubsetTask& task, std::uint64_t purpose, Index seeds);

/// Throws std::invalid_argument where no query's output depends on the training examples.
SubsetPools train_pools(const SubsetTask& task, const PoolSizes& sizes, const TaskOptions& options);

}  // namespace leaveout
