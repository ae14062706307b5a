// SPDX-License-Identifier: MIT
#pragma once
// A task whose model is trained on subsets of its training examples: what the experiments of
// harmonic analysis start from.
//
//   SubsetTask task = load_subset_task(job, session.options());
//   SubsetLogits logits = train_all_subsets(task, session.options());       // 2^N trainings
//   SubsetOutputs f = subset_outputs(logits, task.output, *task.query);
//
// Which numbers name training examples in files: the rows of the data that they come from, counted
// from 0 (SubsetTask::rows).

#include <memory>

#include "experiments/session.h"
#include "influence/harmonic/subset_outputs.h"

namespace leaveout {

/// Model and data stay where they are: `problem` points to them.
struct SubsetTask {
  TaskSettings settings;
  double p = 0.5;  // probability of inclusion
  QueryOutput output = QueryOutput::margin;
  std::unique_ptr<Dataset> train, query;  // as the model sees them
  std::vector<Index> rows;                // (N) which rows of their source the examples are
  std::unique_ptr<Model> model;
  SubsetProblem problem;

  Index examples() const { return train->size(); }
  Index queries() const { return query->size(); }
};

/// training_task_settings() and p, output, seeds.
std::vector<SettingSpec> subset_task_settings();

/// `rates`: probabilities of inclusion beside the task's own.
SettingSpec rates_setting();
/// The rates of the settings and the task's own p, ascending. Throws std::invalid_argument for what
/// is no number within (0, 1); `area` opens the message.
std::vector<double> read_rates(const Settings& settings, const std::string& area);

/// The whole numbers of a list setting, each from `least` on. Throws std::invalid_argument unless
/// they rise; `area` opens the message.
std::vector<Index> read_counts(const Settings& settings,
                               const std::string& key,
                               Index least,
                               const std::string& area);

/// Loads the data and the model. Throws std::invalid_argument for what the user got wrong, before
/// anything is trained.
SubsetTask load_subset_task(const Job& job, const TaskOptions& options);

/// How the trainings of a task are done in parallel, with a progress bar of that title.
PoolOptions subset_pool(const TaskOptions& options, const std::string& title);

/// Refuses what cannot be enumerated (require_enumerable), then trains on all 2^N subsets.
SubsetLogits train_all_subsets(const SubsetTask& task, const TaskOptions& options);

}  // namespace leaveout
