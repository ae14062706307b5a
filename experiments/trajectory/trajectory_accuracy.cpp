// SPDX-License-Identifier: MIT
// The experiment: its lengths of training, its results folder.
#include "experiments/trajectory/trajectory_accuracy.h"

#include <fmt/format.h>

#include <stdexcept>

#include "experiments/trajectory/trajectory_accuracy_report.h"

namespace leaveout {

namespace {

/// Numbers of epochs, rising; the task's own where there is no list.
std::vector<Index> lengths(const Job& job) {
  std::vector<Index> all;
  for (const std::string& text : job.settings.list("epochs_grid")) {
    const bool digits = text.find_first_not_of("0123456789") == std::string::npos;
    const Index epochs = digits && text.size() < 7 ? std::stol("0" + text) : 0;
    if (epochs < 1 || (!all.empty() && epochs <= all.back()))
      throw std::invalid_argument(fmt::format(
          "[trajectory-accuracy] epochs_grid, expected rising whole numbers from 1, got '{}'",
          text));
    all.push_back(epochs);
  }
  if (all.empty()) all.push_back(job.task.base.epochs);
  return all;
}

AccuracyOptions accuracy_options(const Job& job) {
  AccuracyOptions how;
  how.estimators.sampled = {Sampling::random, job.settings.whole("checkpoints")};
  how.estimators.segments = job.settings.whole("segments");
  how.estimators.checkpoints = job.settings.whole("segment_checkpoints");
  how.estimators.damping = job.settings.number("damping");
  how.top = job.settings.whole("top");
  how.parameters = job.settings.whole("parameter_examples");
  how.budget = job.settings.flag("budget");
  return how;
}

AccuracyResult measure(const Job& job, const TaskOptions& options) {
  AccuracyResult r{job.task, {}};
  for (const Index epochs : lengths(job))
    for (Index seed = 0; seed < job.settings.whole("seeds"); ++seed) {
      Job at = job;
      at.task.base.epochs = epochs;
      const RecordedTask task(at, options, seed);
      r.cells.push_back(measure_accuracy(task, options, accuracy_options(job)));
    }
  return r;
}

}  // namespace

std::vector<SettingSpec> trajectory_accuracy_settings() {
  using Type = SettingType;
  std::vector<SettingSpec> specs = recorded_task_settings();
  const std::vector<SettingSpec> own = {
      {"epochs_grid", Type::list, "", "lengths of training; default: `epochs` alone"},
      {"checkpoints", Type::whole, "5", "m of tracin_checkpoints and of Diff-In, random", {}, 1},
      {"segments", Type::whole, "3", "of SOURCE", {}, 1},
      {"segment_checkpoints", Type::whole, "2", "of each of SOURCE's segments", {}, 1},
      {"damping", Type::number, "0.001", "of the influence function, beside weight decay", {}, 0},
      {"top", Type::whole, "30", "examples of the overlap; at most half of all", {}, 1},
      {"parameter_examples",
       Type::whole,
       "10",
       "examples whose change of all parameters is compared",
       {},
       1},
      {"budget", Type::flag, "true", "what each approximation alone costs"}};
  specs.insert(specs.end(), own.begin(), own.end());
  return specs;
}

VerdictWords trajectory_accuracy_words() {
  return {"Claims, and what we measured", "training", "claim"};
}

void run_trajectory_accuracy(const Invocation& invocation) {
  Session session(invocation,
                  "trajectory-accuracy",
                  trajectory_accuracy_settings(),
                  trajectory_accuracy_layout());
  for (const Job& job : session.jobs()) lengths(job);  // complains before anything is trained
  std::vector<AccuracyResult> done;
  for (const Job& job : session.jobs()) {
    done.push_back(measure(job, session.options()));
    write_rows(done.back(), session.results());
    session.print(accuracy_table(done.back()));
  }
  write_scores(done, session.results());
  describe(done, session.results());
  const std::vector<Verdict> verdicts = judge(done);
  write_verdicts(verdicts, session.results());
  session.print(verdict_table(verdicts, kAccuracyIntervals, trajectory_accuracy_words()));
  session.print(std::string(kAccuracyOurs) + "\n");
  draw(done, session.results().partial());
  session.finish();
}

}  // namespace leaveout
