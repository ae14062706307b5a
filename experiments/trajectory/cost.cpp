// SPDX-License-Identifier: MIT
// The experiment: its trainings, its results folder.
#include "experiments/trajectory/cost.h"

#include "experiments/trajectory/cost_report.h"

namespace leaveout {

namespace {

TrajectoryOptions estimator_options(const Job& job) {
  TrajectoryOptions how;
  how.sampled = {Sampling::random, job.settings.whole("checkpoints")};
  how.diff_in.sum_over_steps = true;
  how.segments = job.settings.whole("segments");
  how.checkpoints = job.settings.whole("segment_checkpoints");
  how.damping = job.settings.number("damping");
  return how;
}

CostResult measure(const Job& job, const TaskOptions& options) {
  CostResult r{job.task, {}, job.settings.whole("checkpoints"), {}};
  for (Index seed = 0; seed < job.settings.whole("seeds"); ++seed) {
    const RecordedTask task(job, options, seed);
    r.model = describe(task.model().spec());
    r.seeds.push_back(measure_cost(task, options, estimator_options(job)));
  }
  return r;
}

}  // namespace

std::vector<SettingSpec> cost_settings() {
  using Type = SettingType;
  std::vector<SettingSpec> specs = recorded_task_settings();
  const std::vector<SettingSpec> own = {
      {"checkpoints", Type::whole, "5", "m of tracin_checkpoints and of Diff-In, random", {}, 1},
      {"segments", Type::whole, "3", "of SOURCE", {}, 1},
      {"segment_checkpoints", Type::whole, "2", "of each of SOURCE's segments", {}, 1},
      {"damping", Type::number, "0.001", "of the influence function, beside weight decay", {}, 0}};
  specs.insert(specs.end(), own.begin(), own.end());
  return specs;
}

VerdictWords cost_words() {
  return {"Claims, and what we counted", "estimator", "claim"};
}

void run_cost(const Invocation& invocation) {
  Session session(invocation, "cost", cost_settings(), cost_layout());
  std::vector<CostResult> done;
  for (const Job& job : session.jobs()) {
    done.push_back(measure(job, session.options()));
    write_rows(done.back(), session.results());
    session.print(cost_table(done.back()));
  }
  write_seconds(done, session.results());
  describe(done, session.results());
  const std::vector<Verdict> verdicts = judge(done);
  write_verdicts(verdicts, session.results());
  session.print(verdict_table(verdicts, kCostIntervals, cost_words()));
  session.print(std::string(kCostBounds) + "\n");
  draw(done, session.results().partial());
  session.finish();
}

}  // namespace leaveout
