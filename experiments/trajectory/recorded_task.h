// SPDX-License-Identifier: MIT
#pragma once
// A task with one recorded training: what the experiments along trajectories start from.
//
//   check_recorded_task(job, load_grouped_task(job, options), "cost");     // before any training
//   RecordedTask task(job, session.options(), r);                          // seed r
//   Scores exact = unrolled_scores(task.path(), QueryLosses(*task.data.model, *task.data.test));
//
// All held-out rows are the test part, unless an experiment declares `validation`: then its scores
// see the validation part.

#include <stdexcept>

#include "experiments/memorization/grouped_task.h"
#include "influence/trajectory/trajectory.h"

namespace leaveout {

/// Those of plain_grouped_task_settings() but `validation`, and `log_memory`. Nothing is planted
/// unless asked for.
std::vector<SettingSpec> recorded_task_settings();

/// Throws std::invalid_argument for a training that none of these experiments can record: a rate of
/// 0, momentum out of place, more states than log_memory. `area` opens the message.
void check_recorded_task(const Job& job, const GroupedTask& task, const std::string& area);

/// Throws std::invalid_argument where `checkpoints` is more than the training's steps.
void check_checkpoints(const Job& job, const GroupedTask& task, const std::string& area);

/// Throws std::invalid_argument unless the training is SGD without momentum.
void check_plain_sgd(const Job& job, const std::string& area);

/// Values from here on are beyond all bounds: sums of their squares are no numbers any more.
inline constexpr double kBeyondBounds = 1e100;
inline constexpr const char* kBeyondBoundsWords = "values beyond all bounds";
bool within_bounds(const Eigen::MatrixXd& values);

/// What is thrown where a training diverges, with task, seed and cure.
std::runtime_error diverged(const TaskSettings& settings, const std::string& what);

/// What `work` returns; where a training in it diverges, the message names the task.
template <class Work>
auto naming_divergence(const TaskSettings& settings, const Work& work) {
  try {
    return work();
  } catch (const std::runtime_error& error) {
    const std::string what = error.what();
    const std::string trainer = "[train] parameters";
    if (!what.starts_with(trainer)) throw;
    throw diverged(settings, what.substr(std::string("[train] ").size()));
  }
}

/// Loads the data and trains, logging every step. Throws std::invalid_argument for what the user
/// got wrong, and std::runtime_error where the training diverges.
struct RecordedTask {
  RecordedTask(const Job& job, const TaskOptions& options, Index seed = 0);
  RecordedTask(const RecordedTask&) = delete;  // the objective points into the data
  RecordedTask& operator=(const RecordedTask&) = delete;

  /// Trains as the log's training did, with other weights (N) of the examples.
  Run train_with(const Eigen::VectorXd& weights) const;
  Trajectory path() const { return {&objective, &log}; }
  const Model& model() const { return *data.model; }

  GroupedTask data;
  Objective objective;
  Eigen::VectorXd start;  // (P)
  TrainingLog log;
};

/// How long a training was, in units of curvature.
struct TrainingLength {
  double x = 0;                  // sum over steps of rate * lambda_max
  double largest_curvature = 0;  // mean of lambda_max
};
inline constexpr const char* kWhatIsX =
    "sum over steps of rate * lambda_max: the largest eigenvalue of the objective's Hessian on all "
    "data, by Lanczos at five even steps, each for the steps up to the next";

/// Of any number of parameters: Hessian products only.
TrainingLength training_length(const RecordedTask& task);

}  // namespace leaveout
