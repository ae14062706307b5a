// SPDX-License-Identifier: MIT
#pragma once
// One task of the decomposition experiment: data, model, base run, both protocols.
//
//   TaskSettings s;  s.name = "concrete";  s.data = "concrete";  s.model = "mlp:16,16";
//   TaskResult r = run_task(s, {.threads = 2, .shard_folder = "results/shards"});
//   r.decompositions[0].gaps.rowwise().mean();

#include <memory>
#include <optional>

#include "experiments/experiment.h"
#include "influence/decomposition.h"
#include "influence/metrics/correlation.h"

namespace leaveout {

/// Everything that decides a task's numbers.
struct TaskSettings {
  std::string name;  // of the task, and of its folder
  std::string data;  // of the registry, or empty for a file:
  std::string csv, target, query_csv;
  ImageSize image;           // of a CSV file's columns; empty: the data's own
  std::optional<Task> task;  // forces the task of a CSV file; reconstruction: of any data
  std::string model;         // empty: by the task
  Activation activation = Activation::tanh;
  Pooling pooling = Pooling::average;
  bool bias = true;
  bool standardize = true;
  double train_fraction = 0.8;
  Index max_train = kNoLimit, max_query = kNoLimit;
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
  std::function<std::function<void(Index, Index)>(const std::string& title)> progress;
};

/// Predicted against actual change of the mean query loss, one entry per removed example.
struct Prediction {
  std::string against;  // "cold-start retraining" or "PBRF"
  ProtocolKind protocol = ProtocolKind::exact;
  Eigen::VectorXd predicted;  // (R) mean over queries of the scores
  Eigen::VectorXd actual;     // (R)
  Agreement agreement;
};

struct TaskResult {
  TaskSettings settings;
  std::unique_ptr<Dataset> train, query;  // as the model sees them
  std::unique_ptr<Model> model;
  std::unique_ptr<LeaveOneOut> loo;
  Run base;
  std::vector<Index> removed;  // positions in `train`
  std::vector<Decomposition> decompositions;
  std::vector<Prediction> predictions;
};

/// The settings of a task as the user wrote them (decomposition_settings()), with the invocation's
/// own files in place of a named data set. Throws std::invalid_argument for what they lack.
TaskSettings read_task_settings(const Settings& settings, const Invocation& invocation);

TaskResult run_task(const TaskSettings& settings, const TaskOptions& options);

/// Bytes that the task will take at its peak, and one line that says what for.
std::size_t predicted_bytes(const TaskSettings& settings,
                            const ModelSpec& spec,
                            Index examples,
                            int threads);

}  // namespace leaveout
