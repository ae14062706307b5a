// SPDX-License-Identifier: MIT
#pragma once
// A task in which it is known which examples must be memorized: what the experiments on
// memorization start from.
//
// Groups are planted into the training examples (datasets/planted_groups.h): mislabelled, rare but
// right, duplicate; all others are typical. The queries are cut into a validation part, which
// scores may see, and a test part, which nothing but the final measurement sees; where `validation`
// is not declared, all of them are the test part.
//
//   data = "planted"    three classes made from a formula; `max_train`, `max_query` say how many
//   any other data      as read, with the same groups planted by the seed
//
//   GroupedTask task = load_grouped_task(job, session.options());
//   ForgettingScores f = forgetting_scores(task.problem, pool);
//   Ranking(f.events, members(task.groups, PlantedGroup::mislabelled)).auc();

#include <memory>

#include "datasets/planted_groups.h"
#include "experiments/session.h"
#include "influence/harmonic/subset_training.h"

namespace leaveout {

/// Model and data stay where they are: `problem` points to them, with the test part as its queries
/// and one training of each kind (problem.seeds = 1: an experiment that averages runs says more).
struct GroupedTask {
  TaskSettings settings;
  std::unique_ptr<Dataset> train, validation, test;  // as the model sees them
  std::vector<PlantedGroup> groups;                  // (N)
  std::vector<PlantedGroup> test_groups;             // typical or rare
  std::vector<Index> rows;                           // (N) which rows of their source they are
  std::unique_ptr<Model> model;
  SubsetProblem problem;

  Index examples() const { return train->size(); }
  std::vector<bool> members(PlantedGroup group) const { return leaveout::members(groups, group); }
};

/// training_task_settings(), the planted shares, the validation share and seeds.
std::vector<SettingSpec> grouped_task_settings();

/// The same where nothing is planted unless the user asks: all shares 0.
std::vector<SettingSpec> plain_grouped_task_settings();

/// Loads the data and the model; seed r of an experiment over seeds is job.task.seed + r. Throws
/// std::invalid_argument for what the user got wrong, before anything is trained.
GroupedTask load_grouped_task(const Job& job, const TaskOptions& options, Index seed = 0);

/// The numbers of a list setting, rising within (0, 1). Throws std::invalid_argument for others,
/// and where there is none; `area` opens the message.
std::vector<double> read_shares(const Settings& settings,
                                const std::string& key,
                                const std::string& area);

/// What every report here says: the definitions are ours.
inline constexpr const char* kWhoseDefinitions =
    "definitions: ours (influence on few parameters, relative influence and the sign that tells "
    "memorizing from generalizing); those of Kounavis, Dia, Ramazanli (2023) were not available";

/// The same under a figure.
inline constexpr const char* kWhoseDefinitionsNote =
    "Definitions are ours; those of Kounavis, Dia and Ramazanli (2023) were not available.";

}  // namespace leaveout
