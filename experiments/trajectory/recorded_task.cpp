// SPDX-License-Identifier: MIT
#include "experiments/trajectory/recorded_task.h"

#include "influence/memorization/seeded_training.h"

namespace leaveout {

std::vector<SettingSpec> recorded_task_settings() {
  std::vector<SettingSpec> specs = plain_grouped_task_settings();
  specs.push_back({"log_memory",
                   SettingType::number,
                   "1000",
                   "megabytes for the states of a training; beyond them, walks compute some again",
                   {},
                   0});
  return specs;
}

RecordedTask::RecordedTask(const Job& job, const TaskOptions& options, Index seed)
    : data(load_grouped_task(job, options, seed)),
      objective(training_objective(*data.model, *data.train, data.problem.weight_decay)) {
  const SeededStart begin = seeded_start(data.problem, 0);  // the task's seed has moved already
  start = begin.theta;
  LogOptions log_options;
  log_options.memory = 1e6 * job.settings.number("log_memory");
  log = record_training(objective, start, begin.protocol, log_options);
}

Run RecordedTask::train_with(const Eigen::VectorXd& weights) const {
  return train_seeded(data.problem, weights, 0);
}

}  // namespace leaveout
