// SPDX-License-Identifier: MIT
#pragma once
// What every experiment does around its own work: the tasks that the user chose, progress bars, the
// shards' folder, the results folder, and what is printed.
//
//   Session session(invocation, "correlation", correlation_settings(), layout);
//   for (const Job& job : session.jobs()) {
//     const TrainedTask task = train_task(job.task, session.options());
//     ...
//     session.print(table.text());
//   }
//   session.finish();

#include <deque>
#include <memory>

#include "experiments/support/progress.h"
#include "experiments/support/results.h"
#include "experiments/task.h"

namespace leaveout {

/// A task of the preset, with the experiment's own settings beside it.
struct Job {
  TaskSettings task;
  Settings settings;
};

class Session {
 public:
  /// Reads the preset and the user's settings. An optional task (`optional = true`) whose data are
  /// not on this machine is left out, with a line that says so. Throws std::invalid_argument for
  /// what the user got wrong, and if no task is left.
  Session(const Invocation& invocation,
          const std::string& experiment,
          const std::vector<SettingSpec>& settings,
          RunsLayout layout);

  const std::vector<Job>& jobs() const { return jobs_; }
  const std::vector<std::string>& left_out() const { return left_out_; }
  const TaskOptions& options() const { return options_; }
  const Invocation& invocation() const { return invocation_; }
  Results& results() { return *results_; }

  /// To the terminal, unless the user wants files only.
  void print(const std::string& text) const;

  /// run.json, which began with what the user asked for, gets the settings, the tasks left out and
  /// the fingerprint; the folder takes its place.
  void finish();

 private:
  void choose_jobs();
  std::function<void(Index, Index)> bar(const std::string& title);

  Invocation invocation_;
  std::string experiment_;
  std::vector<SettingSpec> specs_;
  std::vector<Job> jobs_;
  std::vector<std::string> left_out_;
  TaskOptions options_;
  std::unique_ptr<Results> results_;
  std::deque<Progress> bars_;
};

/// The settings that the experiment would run with, one for each task of the preset: those of the
/// preset, those on the data that the user names, or the user's own file as the only one.
std::vector<Settings> chosen_settings(const Invocation& invocation,
                                      const std::string& experiment,
                                      const std::vector<SettingSpec>& specs);

/// Names this very program: shards and results that another one made are made anew.
std::string program_identity();

/// What decides the numbers of a run: program, experiment and settings. Equal fingerprints, equal
/// results. (Data sets are pinned by the program; a user's own file enters by its hash.)
std::string fingerprint(const Invocation& invocation,
                        const std::string& experiment,
                        const std::vector<SettingSpec>& specs);

}  // namespace leaveout
