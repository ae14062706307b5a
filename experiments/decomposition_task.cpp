// SPDX-License-Identifier: MIT
#include "experiments/decomposition_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "autodiff/memory.h"
#include "datasets/csv.h"
#include "datasets/images.h"
#include "datasets/random.h"
#include "datasets/registry.h"

namespace leaveout {

using Eigen::VectorXd;

namespace {

bool reconstructs(const TaskSettings& s) {
  return s.task == Task::reconstruction;
}

CsvOptions csv_options(const TaskSettings& s) {
  CsvOptions csv;
  csv.target = s.target;
  if (!reconstructs(s)) csv.task = s.task;
  return csv;
}

void set_image(const ImageSize& image, Dataset& data) {
  if (image.empty()) return;
  if (image.size() != data.features())
    throw std::invalid_argument(
        fmt::format("[decomposition] image, expected a size of {} pixels and channels (the "
                    "features), got {}x{}x{}",
                    data.features(),
                    image.channels,
                    image.height,
                    image.width));
  const double maximum = data.image.maximum;
  data.image = image;
  data.image.maximum = maximum;
}

Dataset load_whole(const TaskSettings& s) {
  if (!s.csv.empty()) return read_dataset(s.csv, csv_options(s));
  Dataset data = load_dataset(s.data);
  if (s.task && !reconstructs(s) && *s.task != data.task)
    throw std::invalid_argument(
        fmt::format("[decomposition] task, expected {} or reconstruction for data={}, got {}",
                    task_name(data.task),
                    s.data,
                    task_name(*s.task)));
  return data;
}

/// Train and query parts as the user gave them: two files, or one source that is split.
Split load(const TaskSettings& s) {
  Dataset whole = load_whole(s);
  set_image(s.image, whole);
  if (s.csv.empty() || s.query_csv.empty())
    return split(reconstructs(s) ? reconstruction_of(whole) : whole,
                 s.train_fraction,
                 s.seed,
                 s.max_train,
                 s.max_query);
  Split parts;
  parts.query = read_query(s.query_csv, whole, csv_options(s));
  if (reconstructs(s)) {
    parts.query = reconstruction_of(parts.query, whole);
    whole = reconstruction_of(whole);
  }
  parts.train = std::move(whole);
  return parts;
}

void prepare_data(const TaskSettings& s, TaskResult& r) {
  Split parts = load(s);
  if (s.standardize) {
    const Standardizer standardizer = Standardizer::fit(parts.train);
    parts.train = standardizer.apply(parts.train);
    parts.query = standardizer.apply(parts.query);
  }
  r.train = std::make_unique<Dataset>(std::move(parts.train));
  r.query = std::make_unique<Dataset>(std::move(parts.query));
}

ModelSpec make_spec(const TaskSettings& s, const Dataset& train) {
  ModelSpec spec = parse_model(s.model.empty() ? plain_model(train.task) : s.model, train);
  spec.activation = s.activation;
  spec.pooling = s.pooling;
  spec.bias = s.bias;
  return spec;
}

void require_task_memory(const TaskSettings& s,
                         const ModelSpec& spec,
                         Index examples,
                         int threads) {
  require_memory(
      "decomposition",
      predicted_bytes(s, spec, examples, threads),
      0,
      fmt::format(
          "task {} with {} parameters on {} threads", s.name, spec.parameter_count(), threads),
      "use a smaller model, fewer examples or fewer threads; the paper protocol alone "
      "(--set protocols=paper) needs no dense matrices");
}

std::vector<Index> choose_removed(const TaskSettings& s, Index examples) {
  if (s.removed < 1 || s.removed > examples)
    throw std::invalid_argument(
        fmt::format("[decomposition] removed, expected 1 to {} (the training examples), got {}",
                    examples,
                    s.removed));
  std::vector<Index> order = Random(s.seed, {0x72656d6f7665 /* "remove" */}).permutation(examples);
  order.resize(static_cast<std::size_t>(s.removed));
  return order;
}

/// The base run is a task of the pool too: it is a shard like all others.
Run base_run(const TaskSettings& s,
             const TaskOptions& options,
             const LeaveOneOut& at_init,
             const DecompositionOptions& how) {
  RetrainingTask task;
  task.key = "base run\n" + task_key(at_init, Response::cold_start, {}, ProtocolKind::paper, how);
  task.train = [&] { return train(at_init.base_objective(), at_init.theta_init(), s.base); };
  Run run = retrain({task}, {.threads = 1, .shard_folder = options.shard_folder}).front();
  if (run.objective > run.log.front().objective)
    throw std::runtime_error(
        fmt::format("[decomposition] the base run of task {} diverged: its objective rose from "
                    "{:.3g} to {:.3g}; "
                    "lower learning_rate (now {}) or momentum (now {})",
                    s.name,
                    run.log.front().objective,
                    run.objective,
                    s.base.learning_rate,
                    s.base.momentum));
  return run;
}

/// What the estimate foretells of the mean query loss, against what happened.
Prediction predict(const Decomposition& d,
                   int stage,
                   const std::string& against,
                   std::uint64_t seed) {
  Prediction p;
  p.against = against;
  p.protocol = d.protocol;
  p.predicted = d.scores.values.colwise().mean().transpose();
  p.actual = d.query_loss.row(stage).transpose().array() - d.query_loss_s;
  p.agreement = agreement(p.predicted, p.actual, {.resamples = 2000, .seed = seed});
  return p;
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
  if (exact) bytes += static_cast<std::size_t>(threads) * newton_bytes(p) + 4 * square;
  return bytes;
}

TaskResult run_task(const TaskSettings& settings, const TaskOptions& options) {
  TaskResult r;
  r.settings = settings;
  prepare_data(settings, r);
  const ModelSpec spec = make_spec(settings, *r.train);
  require_task_memory(settings, spec, r.train->size(), options.threads);
  r.model = std::make_unique<Model>(spec);
  r.removed = choose_removed(settings, r.train->size());

  DecompositionOptions how;
  how.base = settings.base;
  how.base.seed = settings.seed;
  how.newton = settings.newton;
  how.provenance = options.provenance;
  TaskSettings seeded = settings;
  seeded.base = how.base;
  const VectorXd init = initialise(
      spec, settings.initialisation.value_or(default_initialisation(spec)), settings.seed);
  const LeaveOneOut at_init(
      *r.model, *r.train, settings.weight_decay, settings.damping, init, init);
  r.base = base_run(seeded, options, at_init, how);
  r.loo = std::make_unique<LeaveOneOut>(
      *r.model, *r.train, settings.weight_decay, settings.damping, init, r.base.theta);
  for (const ProtocolKind protocol : settings.protocols) {
    how.estimator =
        protocol == ProtocolKind::paper ? settings.paper_estimator : settings.exact_estimator;
    how.pool = {.threads = options.threads, .shard_folder = options.shard_folder};
    if (options.progress)
      how.pool.progress =
          options.progress(fmt::format("{} ({})", settings.name, protocol_name(protocol)));
    r.decompositions.push_back(decompose(*r.loo, *r.query, r.removed, protocol, how));
    const Decomposition& d = r.decompositions.back();
    r.predictions.push_back(predict(d, 0, "cold-start retraining", settings.seed));
    r.predictions.push_back(predict(d, 3, "PBRF", settings.seed));
  }
  return r;
}

}  // namespace leaveout
