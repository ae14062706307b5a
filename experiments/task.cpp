// SPDX-License-Identifier: MIT
#include "experiments/task.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "autodiff/memory.h"
#include "datasets/random.h"

namespace leaveout {

using Eigen::VectorXd;

namespace {

void require_task_memory(const TaskSettings& s,
                         const ModelSpec& spec,
                         Index examples,
                         int threads) {
  require_memory(
      "task",
      predicted_bytes(s, spec, examples, threads),
      0,
      fmt::format(
          "task {} with {} parameters on {} threads", s.name, spec.parameter_count(), threads),
      "use a smaller model, fewer examples or fewer threads, or no dense matrices: "
      "--set newton=matrix_free exact_solver=cg");
}

Protocol seeded(const TaskSettings& s) {
  Protocol p = s.base;
  p.seed = s.seed;
  return p;
}

/// The base run is a task of the pool too: it is a shard like all others.
Run base_run(const TaskSettings& s, const LeaveOneOut& at_init, const TaskOptions& options) {
  DecompositionOptions how;
  how.base = seeded(s);
  how.provenance = options.provenance;
  RetrainingTask task;
  task.key = "base run\n" + task_key(at_init, Response::cold_start, {}, ProtocolKind::paper, how);
  task.train = [&] { return train(at_init.base_objective(), at_init.theta_init(), how.base); };
  Run run = retrain({task}, {.threads = 1, .shard_folder = options.shard_folder}).front();
  if (run.objective > run.log.front().objective)
    throw std::runtime_error(
        fmt::format("[task] the base run of {} diverged: its objective rose from {:.3g} to {:.3g}; "
                    "lower learning_rate (now {}) or momentum (now {})",
                    s.name,
                    run.log.front().objective,
                    run.objective,
                    s.base.learning_rate,
                    s.base.momentum));
  return run;
}

}  // namespace

std::size_t predicted_bytes(const TaskSettings& s,
                            const ModelSpec& spec,
                            Index examples,
                            int threads) {
  const Index p = spec.parameter_count();
  const auto square = static_cast<std::size_t>(p) * static_cast<std::size_t>(p) * sizeof(double);
  std::size_t bytes = 2 * static_cast<std::size_t>(p) * static_cast<std::size_t>(examples) *
                      sizeof(double);  // gradients, as a matrix and as a file
  const bool exact =
      std::find(s.protocols.begin(), s.protocols.end(), ProtocolKind::exact) != s.protocols.end();
  if (exact) bytes += static_cast<std::size_t>(threads) * newton_bytes(p, s.newton);
  const EstimatorOptions& estimator = exact ? s.exact_estimator : s.paper_estimator;
  const bool direct = estimator.solver != SolverKind::cg && estimator.solver != SolverKind::lissa &&
                      estimator.solver != SolverKind::stochastic_lissa &&
                      estimator.solver != SolverKind::automatic;
  if (direct || p <= estimator.dense_limit) bytes += 4 * square;
  return bytes;
}

ModelSpec task_model(const TaskSettings& s, const Dataset& train) {
  ModelSpec spec = parse_model(s.model.empty() ? plain_model(train.task) : s.model, train);
  spec.activation = s.activation;
  spec.pooling = s.pooling;
  spec.bias = s.bias;
  return spec;
}

TrainedTask train_task(const TaskSettings& settings, const TaskOptions& options) {
  TrainedTask t;
  t.settings = settings;
  TaskData data = load_task_data(settings);
  t.train = std::make_unique<Dataset>(std::move(data.train));
  t.query = std::make_unique<Dataset>(std::move(data.query));
  t.corrupted = std::move(data.corrupted);
  const ModelSpec spec = task_model(settings, *t.train);
  require_task_memory(settings, spec, t.train->size(), options.threads);
  t.model = std::make_unique<Model>(spec);
  const VectorXd init = initialise(
      spec, settings.initialisation.value_or(default_initialisation(spec)), settings.seed);
  const auto leave_one_out = [&](const VectorXd& theta_s) {
    return std::make_unique<LeaveOneOut>(
        *t.model, *t.train, settings.weight_decay, settings.damping, init, theta_s);
  };
  t.base = base_run(settings, *leave_one_out(init), options);
  t.loo = leave_one_out(t.base.theta);
  return t;
}

DecompositionOptions response_options(const TrainedTask& task,
                                      ProtocolKind protocol,
                                      const TaskOptions& options,
                                      const std::string& title) {
  const TaskSettings& s = task.settings;
  DecompositionOptions how;
  how.base = seeded(s);
  how.newton = s.newton;
  how.provenance = options.provenance;
  how.estimator = protocol == ProtocolKind::paper ? s.paper_estimator : s.exact_estimator;
  how.pool = {.threads = options.threads, .shard_folder = options.shard_folder};
  if (options.progress) how.pool.progress = options.progress(title);
  return how;
}

std::vector<Index> draw_removed(const TrainedTask& task, Index count) {
  const Index examples = task.train->size();
  if (count < 1 || count > examples)
    throw std::invalid_argument(fmt::format(
        "[task] removed, expected 1 to {0} (the training examples), got {1}: --set removed={0}",
        examples,
        count));
  std::vector<Index> order =
      Random(task.settings.seed, {0x72656d6f7665 /* "remove" */}).permutation(examples);
  order.resize(static_cast<std::size_t>(count));
  return order;
}

}  // namespace leaveout
