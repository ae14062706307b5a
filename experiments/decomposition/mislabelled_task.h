// SPDX-License-Identifier: MIT
#pragma once
// One search for mislabelled examples: the scores by which a task's training examples are
// inspected.
//
//   pbrf           L_k(theta_pbrf without k) - L_k(theta_s)     of all N examples, by retraining
//   influence      (1/N) g_k' (G + (weight_decay + damping) I)^-1 g_k
//   loss           L_k(theta_s)
//   gradient_norm  |g_k|
//   random
//
//   Inspection found = inspect(train_task(settings, options), options);
//   Ranking(found.scores.col(0), found.corrupted).recall(0.2);

#include <array>

#include "experiments/task.h"

namespace leaveout {

inline constexpr std::array<const char*, 5> kOrders = {
    "pbrf", "influence", "loss", "gradient_norm", "random"};

/// One seed of a task: its split, initialisation, batches and wrong labels.
struct Inspection {
  std::uint64_t seed = 0;
  std::vector<bool> corrupted;  // (N)
  Eigen::MatrixXd scores;       // (N x 5) in the order of kOrders, high = suspicious
  Index unconverged = 0;        // PBRFs that missed the tolerance of the exact protocol
  double worst_residual = 0;    // of the linear systems of the influence scores
  bool solved = true;           // all of them
  std::string estimator;        // how they were solved
  std::string model;            // the architecture in words
  Index parameters = 0;
  double train_accuracy = 0;  // of theta_s, on the labels that it was trained on
  double true_accuracy = 0;   // of theta_s, on the queries, whose labels are right
};

/// All five scores. The task's first protocol decides how the PBRFs are found and the influence is
/// solved. Throws std::invalid_argument where a dense solver would not fit into memory.
Inspection inspect(const TrainedTask& task, const TaskOptions& options);

/// The first two, (N) each. `unconverged` counts the PBRFs that missed their tolerance.
Eigen::VectorXd pbrf_self_influence(const TrainedTask& task,
                                    const TaskOptions& options,
                                    Index& unconverged);
Eigen::VectorXd influence_self_scores(const TrainedTask& task, Inspection& account);

/// Share of a data set's examples whose class is that of the largest output (binary: its sign).
double accuracy(const Model& model, const Dataset& data, const Eigen::VectorXd& theta);

}  // namespace leaveout
