// SPDX-License-Identifier: MIT
#pragma once
// What all counterfactual trainings of a path share: its start and its protocol, what names them
// on the disk, and the walk of one of them beside the path.
//
//   const std::string description = describe_training(path, options.provenance);
//   tasks.push_back({description + "without=3\n", [=] { return train_counterfactual(path, q); }});
//   MatrixXd theta = training_ends(path, tasks, options.pool);             // (P x tasks)

#include <functional>

#include "influence/trajectory/trajectory.h"
#include "models/retraining_pool.h"

namespace leaveout {

struct CounterfactualOptions {
  PoolOptions pool;
  std::string provenance;  // enters the shards' keys: what built this, with which data
};

/// Throws std::invalid_argument "[counterfactual] what" unless ok.
void require_counterfactual(bool ok, const std::string& what);
/// Throws for objectives that are no trainings, which are losses and weight decay.
void require_training(const Trajectory& path);

/// Where the path's training began, (P).
const Eigen::VectorXd& training_start(const Trajectory& path);

/// What stands for a matrix in a description.
std::string numbers_hash(const Eigen::MatrixXd& m);

/// All that decides a training of this path, but for what is changed in it. Hashes the data: once
/// for all tasks.
std::string describe_training(const Trajectory& path, const std::string& provenance);

/// The path's own training with another objective: batches and rates as they were.
Run train_counterfactual(const Trajectory& path, const Objective& instead);

/// Where the trainings end, (P x tasks).
Eigen::MatrixXd training_ends(const Trajectory& path,
                              const std::vector<RetrainingTask>& tasks,
                              const PoolOptions& pool);

/// Called after each step with the number of steps done, and theta of the counterfactual training
/// minus the path's own, (P).
using CounterfactualVisitor = std::function<void(Index steps_done, const Eigen::VectorXd& delta)>;
/// Every step of the path, with `instead` beside it.
void walk_beside(const Trajectory& path,
                 const Objective& instead,
                 const CounterfactualVisitor& after);

}  // namespace leaveout
