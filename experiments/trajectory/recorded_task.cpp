// SPDX-License-Identifier: MIT
#include "experiments/trajectory/recorded_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "influence/curvature/objective_curvature.h"
#include "influence/memorization/seeded_training.h"
#include "influence/solvers/spectrum.h"
#include "influence/trajectory/step_curvature.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

double memory_of(const Job& job) {
  return 1e6 * job.settings.number("log_memory");
}

/// Of the spacing that needs the least.
double least_log_bytes(const Protocol& protocol, Index parameters, Index steps) {
  const auto last = static_cast<Index>(std::ceil(std::sqrt(static_cast<double>(steps))));
  double least = log_bytes(protocol, parameters, steps, 1);
  for (Index spacing = 2; spacing <= last; ++spacing)
    least = std::min(least, log_bytes(protocol, parameters, steps, spacing));
  return least;
}

[[noreturn]] void refuse(const Job& job,
                         const std::string& area,
                         const std::string& setting,
                         const std::string& what) {
  throw std::invalid_argument(
      fmt::format("[{}] task {}: {}, expected {}", area, job.task.name, setting, what));
}

}  // namespace

std::vector<SettingSpec> recorded_task_settings() {
  std::vector<SettingSpec> specs = plain_grouped_task_settings();
  std::erase_if(specs, [](const SettingSpec& s) { return s.key == "validation"; });
  for (SettingSpec& s : specs) {
    if (s.key == "epochs") {
      s.minimum = 1;
      s.maximum = 1e9;
    }
    if (s.key == "learning_rate") {  // a least number does not say "above"
      s.minimum = -std::numeric_limits<double>::infinity();
      s.help = "of the first step, above 0";
    }
  }
  specs.push_back({"log_memory",
                   SettingType::number,
                   "1000",
                   "megabytes for the states of a training; beyond them, walks compute some again",
                   {},
                   0.001});
  return specs;
}

void check_recorded_task(const Job& job, const GroupedTask& task, const std::string& area) {
  const Protocol& p = job.task.base;
  if (!(p.learning_rate > 0))
    refuse(job,
           area,
           "learning_rate",
           fmt::format("above 0, got {:g}: --set learning_rate=0.03", p.learning_rate));
  if (!(p.momentum < 1))
    refuse(job,
           area,
           "momentum",
           fmt::format("at least 0 and below 1, got {:g}: --set momentum=0.9", p.momentum));
  if (p.optimiser == OptimiserKind::adam && p.momentum != 0)
    refuse(job,
           area,
           "momentum",
           fmt::format("0 with optimiser=adam, which has its own running means, got {:g}: "
                       "--set momentum=0",
                       p.momentum));
  const Index steps = step_count(p, task.examples()), parameters = task.model->parameter_count();
  const double bytes = least_log_bytes(p, parameters, steps);
  if (bytes > memory_of(job))
    refuse(job,
           area,
           "log_memory",
           fmt::format("at least {:.3g} megabytes for {} steps of {} parameters, got {:g}: "
                       "raise it, or lower epochs",
                       std::ceil(bytes / 1e5) / 10,
                       steps,
                       parameters,
                       job.settings.number("log_memory")));
}

void check_checkpoints(const Job& job, const GroupedTask& task, const std::string& area) {
  const Index steps = step_count(job.task.base, task.examples());
  const Index m = job.settings.whole("checkpoints");
  if (m > steps)
    refuse(job,
           area,
           "checkpoints",
           fmt::format("at most the training's {0} steps, got {1}: --set checkpoints={0}, or more "
                       "epochs",
                       steps,
                       m));
}

void check_plain_sgd(const Job& job, const std::string& area) {
  const Protocol& p = job.task.base;
  if (p.optimiser == OptimiserKind::sgd && p.momentum == 0) return;
  refuse(job,
         area,
         "optimiser",
         fmt::format("sgd without momentum, which Diff-In is derived for, got {} with momentum "
                     "{:g}: --set optimiser=sgd momentum=0",
                     optimiser_name(p.optimiser),
                     p.momentum));
}

bool within_bounds(const MatrixXd& values) {
  return values.allFinite() && (values.size() == 0 || values.cwiseAbs().maxCoeff() < kBeyondBounds);
}

std::runtime_error diverged(const TaskSettings& settings, const std::string& what) {
  return std::runtime_error(
      fmt::format("[train] task {}, seed {}: a training with learning_rate={:g} and epochs={} "
                  "diverged ({}): choose a smaller rate",
                  settings.name,
                  settings.seed,
                  settings.base.learning_rate,
                  settings.base.epochs,
                  what.substr(0, what.find(':'))));
}

RecordedTask::RecordedTask(const Job& job, const TaskOptions& options, Index seed)
    : data(load_grouped_task(job, options, seed)),
      objective(training_objective(*data.model, *data.train, data.problem.weight_decay)) {
  const SeededStart begin = seeded_start(data.problem, 0);  // the task's seed has moved already
  start = begin.theta;
  LogOptions log_options;
  log_options.memory = memory_of(job);
  log = naming_divergence(data.settings, [&] {
    return record_training(objective, start, begin.protocol, log_options);
  });
  if (!(log.run.objective < kBeyondBounds) || !within_bounds(log.end.theta))
    throw diverged(data.settings, "its objective is beyond all bounds");
}

Run RecordedTask::train_with(const VectorXd& weights) const {
  return train_seeded(data.problem, weights, 0);
}

TrainingLength training_length(const RecordedTask& task) {
  const Index t = task.log.steps();
  const std::set<Index> steps = {0, t / 4, t / 2, 3 * t / 4, t - 1};
  std::vector<StepSpectrum> spectra;
  TrainingLength length;
  Replay(task.objective, task.log).visit({steps.begin(), steps.end()}, [&](const LoggedStep& step) {
    const ObjectiveCurvature hessian(task.objective, step.before.theta, Curvature::full);
    const double largest = lanczos(hessian, 30).values.maxCoeff();
    spectra.push_back({step.number, step.rate, VectorXd::Constant(1, largest)});
    length.largest_curvature += largest / static_cast<double>(steps.size());
  });
  length.x = curvature_time(task.path(), spectra);
  return length;
}

}  // namespace leaveout
