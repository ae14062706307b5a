// SPDX-License-Identifier: MIT
#pragma once
// Score the training examples once, keep some of them, train again: what data cleaning and coreset
// selection share.
//
//   self_diff_in          Diff-In of each example on itself, Eq. (12)   (Tan et al. 2025)
//   self_tracin           the sum of rate |g_i|^2 over checkpoints      (Pruthi et al. 2020)
//   self_influence        g_i' (Gauss-Newton + damping)^-1 g_i / N, at the end of training
//   validation_diff_in    Diff-In, Eq. (9), on the validation part's mean loss: positive: helps
//   ..._diff_in_whole     with the first-order term and the weights that the derivation gives
//   validation_tracin     TracIn at checkpoints, the same
//   validation_unrolled   the exact derivative through all steps, the same
//   moso                  high: trains as the others do                 (Tan et al. 2023)
//   el2n, grand           after early_epochs, mean of `runs` trainings  (Paul et al. 2021)
//   forgetting            events, sum of `runs` trainings               (Toneva et al. 2019)
//   loss                  at the end
//   herding               features whose chosen keep to their mean      (Welling 2009)
//   k_center              features farthest from those chosen before    (Sener and Savarese 2018)
//   random, oracle        in random order; wrong labels first, then as random
//
// Checkpoints are the same for all that need some. A training on the kept examples has them as its
// data set: same start, as many steps as the training on all, weights of one over their number.
//
//   std::vector<ScoredTask> tasks = score_examples({job}, {"self_diff_in", "loss"}, options);
//   std::vector<Index> first = highest(tasks[0].of("loss"), 30);
//   auto tested = retrain_and_test({{&tasks[0].data, kept}}, subset_pool(options, "kept"));

#include "experiments/memorization/grouped_scores.h"
#include "experiments/trajectory/recorded_task.h"

namespace leaveout {

/// Those of recorded_task_settings() and validation, checkpoints, damping, runs, early_epochs.
std::vector<SettingSpec> scored_task_settings();

/// Throws std::invalid_argument for data without classes, a training that Diff-In is not made for,
/// more early epochs than epochs, or neither weight decay nor damping; `area` opens the message.
void check_scored_task(const Job& job, const TaskOptions& options, const std::string& area);

/// A seed's data, where its training on all examples ended, and its scores.
struct ScoredTask {
  GroupedTask data;
  Eigen::VectorXd theta;             // (P)
  std::vector<std::string> methods;  // of the columns
  Eigen::MatrixXd scores;            // (N x methods)

  auto of(const std::string& method) const { return scores.col(column(method)); }
  Index column(const std::string& method) const;
  /// False where the method's scores are beyond all bounds.
  bool usable(const std::string& method) const { return within_bounds(of(method)); }
};

/// All columns of `features` (d x N), the first chosen first: herding from the mean, and the
/// greedy k-center from the one that is nearest to it.
std::vector<Index> herding_order(const Eigen::MatrixXd& features);
std::vector<Index> k_center_order(const Eigen::MatrixXd& features);

/// Scores of one recorded training, (N x methods).
Eigen::MatrixXd example_scores(const RecordedTask& task,
                               const std::vector<std::string>& methods,
                               const Settings& settings,
                               const TaskOptions& options);

/// Every seed of every job, seeds of a job side by side; each is a shard.
std::vector<ScoredTask> score_examples(const std::vector<Job>& jobs,
                                       const std::vector<std::string>& methods,
                                       const TaskOptions& options);

/// The class of each example, (N).
std::vector<Index> classes_of(const Dataset& data);

/// The `count` highest, ascending by row; of equal scores (merge_ties) the first rows.
std::vector<Index> highest(const Eigen::VectorXd& scores, Index count);

/// The same with as large a share of each class as of all; what rounding leaves goes to the classes
/// with the largest remainders.
std::vector<Index> highest_of_each_class(const Eigen::VectorXd& scores,
                                         const std::vector<Index>& classes,
                                         Index count);

/// All rows but these (ascending).
std::vector<Index> all_but(Index examples, const std::vector<Index>& removed);

/// A training on some of the examples.
struct Retraining {
  const GroupedTask* task;
  std::vector<Index> kept;  // ascending
};

/// In their order. Equal trainings are done once.
std::vector<Tested> retrain_and_test(const std::vector<Retraining>& trainings,
                                     const PoolOptions& pool);

}  // namespace leaveout
