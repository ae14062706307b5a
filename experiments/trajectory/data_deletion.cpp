// SPDX-License-Identifier: MIT
// The experiment: every task of the preset, its tables, its results folder.
#include "experiments/trajectory/data_deletion.h"

#include <fmt/format.h>

#include <stdexcept>

#include "experiments/trajectory/data_deletion_report.h"
#include "influence/harmonic/query_output.h"

namespace leaveout {

namespace {

void require(bool ok, const std::string& what) {
  if (!ok) throw std::invalid_argument("[data-deletion] " + what);
}

/// What the user got wrong is said before anything is trained.
void check(const Job& job, const TaskOptions& options) {
  const GroupedTask task = load_grouped_task(job, options);
  const std::string name = "task " + job.task.name;
  require(allows(task.train->task, QueryOutput::correct),
          name + ": data, expected classes, got none");
  check_plain_sgd(job, "data-deletion");
  check_recorded_task(job, task, "data-deletion");
  check_checkpoints(job, task, "data-deletion");
  require(
      job.settings.number("damping") + job.task.weight_decay > 0,
      name + ": damping, expected more than 0 without weight decay, got 0: --set damping=0.001");
  const std::vector<double> shares = deleted_shares(job.settings, task.examples()).kept;
  for (Index r = 0; r < job.settings.whole("seeds"); ++r)
    deleted_groups(load_grouped_task(job, options, r), shares);
}

}  // namespace

std::vector<SettingSpec> data_deletion_settings() {
  using Type = SettingType;
  std::vector<SettingSpec> specs = recorded_task_settings();
  const std::vector<SettingSpec> own = {
      {"shares", Type::list, "0.01,0.05,0.1", "shares of the training examples to delete"},
      {"checkpoints", Type::whole, "5", "random ones, of Diff-In", {}, 1},
      {"damping", Type::number, "0.001", "added to the curvature of the influence function", {}, 0},
      {"fine_tune_epochs", Type::whole, "5", "on the rest, from the end of the training", {}, 1}};
  specs.insert(specs.end(), own.begin(), own.end());
  return specs;
}

void run_data_deletion(const Invocation& invocation) {
  Session session(
      invocation, "data-deletion", data_deletion_settings(), seed_table_layout("deleted", "share"));
  for (const Job& job : session.jobs()) check(job, session.options());
  std::vector<DeletionResult> done;
  std::vector<Verdict> verdicts;
  for (const Job& job : session.jobs()) {
    done.push_back(delete_and_estimate(job, session.options()));
    write_rows(done.back().table, job.task.name, true, session.results());
    session.print(deletion_tables(done.back()));
    for (const Verdict& v : judge(done.back())) verdicts.push_back(v);
  }
  describe_deletion(done, session.results());
  write_verdicts(verdicts, session.results());
  session.print(verdict_table(verdicts,
                              std::string(kSeedIntervals) +
                                  "; an estimate that hardly moves is at distance 1, closer than "
                                  "any that overshoots: see against nothing",
                              rivals_words()));
  session.print(std::string(kWhoseComparison) + "\n");
  draw(done, session.results().partial());
  session.finish();
}

}  // namespace leaveout
