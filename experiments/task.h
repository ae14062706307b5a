// SPDX-License-Identifier: MIT
#pragma once
// A task: data, a model, and the base run whose examples are then removed. Every experiment starts
// from tasks; a preset has a [[task]] for each.
//
//   TaskSettings s;  s.name = "concrete";  s.data = "concrete";  s.model = "mlp:16,16";
//   TrainedTask t = train_task(s, {.threads = 2, .shard_folder = "results/shards"});
//   Objective q = t.loo->objective(Response::pbrf, {7});

#include <memory>
#include <optional>

#include "experiments/experiment.h"
#include "influence/decomposition.h"

namespace leaveout {

/// Everything that decides a task's numbers.
struct TaskSettings {
  std::string name;  // of the task, and of its folder
  std::string data;  // of the registry, or empty for a file:
  std::string csv, target, query_csv;
  ImageSize image;           // of a CSV file's columns; empty: the data's own
  double data_fraction = 1;  // of a named data set's rows
  Index downsample = 1;      // of its images: blocks of so many pixels a side become one
  std::optional<Task> task;  // forces the task of a CSV file; reconstruction: of any data
  std::string model;         // empty: by the task
  Activation activation = Activation::tanh;
  Pooling pooling = Pooling::average;
  bool bias = true;
  bool standardize = true;
  double train_fraction = 0.8;
  Index max_train = kNoLimit, max_query = kNoLimit;
  double label_noise = 0;  // share of the training labels that are replaced by wrong ones
  std::uint64_t seed = 1;
  std::optional<Initialisation> initialisation;
  double weight_decay = 1e-3;
  double damping = 1e-3;
  Index removed = 20;
  Protocol base;
  NewtonOptions newton;
  EstimatorOptions paper_estimator, exact_estimator;
  std::vector<ProtocolKind> protocols = {ProtocolKind::paper, ProtocolKind::exact};
};

struct TaskOptions {
  int threads = 1;
  std::string shard_folder;
  std::string provenance;  // of the program, for the shards' keys
  /// A progress bar for each pool of trainings, by its title; empty: none.
  std::function<std::function<void(Index, Index)>(const std::string& title)> progress;
};

/// A task after its base run. Model and data stay where they are: `loo` points to them.
struct TrainedTask {
  TaskSettings settings;
  std::unique_ptr<Dataset> train, query;  // as the model sees them
  std::vector<Index> corrupted;           // training examples with a wrong label, ascending
  std::unique_ptr<Model> model;
  std::unique_ptr<LeaveOneOut> loo;
  Run base;
};

/// The declarations of a task's settings up to its training: every experiment has these.
const std::vector<SettingSpec>& training_task_settings();

/// These, and the settings of responses to removals and of their estimates: every experiment that
/// removes examples from a base run has these, and some of its own.
const std::vector<SettingSpec>& task_settings();

/// The settings of a task as the user wrote them (task_settings()), with the invocation's own files
/// in place of a named data set. Throws std::invalid_argument for what they lack.
TaskSettings read_task_settings(const Settings& settings, const Invocation& invocation);

/// Train and query parts as the user gave them: two files, or one source that is split.
Split load_split(const TaskSettings& settings);

/// Both by the mean and deviation of the training examples.
void standardize(Dataset& train, Dataset& query);

/// Training and query examples, standardised where the settings ask for it. Label noise is in the
/// training examples only.
struct TaskData {
  Dataset train, query;
  std::vector<Index> corrupted = {};  // training examples with a wrong label, ascending
  std::vector<Index> rows = {};       // which rows of their source the training examples are
};
TaskData load_task_data(const TaskSettings& settings);

/// The settings' model on these data.
ModelSpec task_model(const TaskSettings& settings, const Dataset& train);

/// Loads, checks the memory and trains the base run (a shard like all other trainings). Throws
/// std::runtime_error if it diverges.
TrainedTask train_task(const TaskSettings& settings, const TaskOptions& options);

/// How this task's responses are trained or solved, with a progress bar of that title.
DecompositionOptions response_options(const TrainedTask& task,
                                      ProtocolKind protocol,
                                      const TaskOptions& options,
                                      const std::string& title);

/// `count` different training examples, drawn by the task's seed; a smaller count is a prefix.
std::vector<Index> draw_removed(const TrainedTask& task, Index count);

/// Bytes that the task will take at its peak.
std::size_t predicted_bytes(const TaskSettings& settings,
                            const ModelSpec& spec,
                            Index examples,
                            int threads);

}  // namespace leaveout
