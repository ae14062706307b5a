// SPDX-License-Identifier: MIT
#pragma once
// One recorded training, and every estimator of it: its agreement, its count, its time.
//
//   CostSeed seed = measure_cost(task, session.options(), how);
//   find_row(seed, "diff_in")->passes / seed.training_passes;
//
// The query is the mean test loss; MoSo, which has none, is compared with what removal does to the
// others' training loss. An estimator that refuses the training (Adam, momentum) has its reason in
// place of numbers.

#include <optional>
#include <string>
#include <vector>

#include "experiments/trajectory/removal_truth.h"
#include "influence/trajectory/estimators.h"

namespace leaveout {

/// The row of the trainings without each example.
inline constexpr const char* kRetraining = "retraining";

struct CostRow {
  std::string estimator;
  std::string refused = {};                                     // why; empty: it ran
  std::optional<double> spearman = {}, scale = {}, error = {};  // with removal; error: after scale
  std::optional<double> derivative_spearman = {}, derivative_error = {};
  double passes = 0;     // gradient passes over the training data, all priced
  double gradients = 0;  // of examples
  double products = 0;   // of an example's Hessian with one direction
  double dense = 0;      // multiply-adds of P x P algebra
  double stored_bytes = 0, working_bytes = 0;
  double seconds = 0;  // of one processor; of removals: wall time times threads
};

struct CostSeed {
  std::uint64_t seed = 0;
  Index examples = 0, parameters = 0, steps = 0;
  double curvature_time = 0;
  double training_passes = 0, training_seconds = 0;
  std::vector<CostRow> rows = {};  // in the order of trajectory_estimators(), then kRetraining
};

/// As text and back, to the last bit.
std::string to_text(const CostSeed& seed);
CostSeed cost_seed_from_text(const std::string& text);

/// Null where there is no such row, or it refused.
const CostRow* find_row(const CostSeed& seed, const std::string& estimator);

/// `how.sampled.seed` is replaced by the task's. Throws what choose_checkpoints() throws.
CostSeed measure_cost(const RecordedTask& task, const TaskOptions& options, TrajectoryOptions how);

}  // namespace leaveout
