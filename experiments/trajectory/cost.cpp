// SPDX-License-Identifier: MIT
// The experiment: its trainings, its results folder.
#include "experiments/trajectory/cost.h"

#include <fmt/format.h>

#include "experiments/trajectory/cost_report.h"
#include "experiments/trajectory/seed_table.h"
#include "influence/memorization/seeded_training.h"
#include "models/shard_pool.h"

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

/// Whatever decides a seed's numbers but for the seconds.
std::string cost_key(const GroupedTask& data, const Settings& s) {
  return seeded_key(data.problem,
                    0,
                    fmt::format("cost {} {} {} {} {} test: {}",
                                s.whole("checkpoints"),
                                s.whole("segments"),
                                s.whole("segment_checkpoints"),
                                s.number("damping"),
                                s.number("log_memory"),
                                describe(data.problem)));
}

/// Every seed is a shard; one at a time, as they are timed.
CostResult measure(const Job& job, const TaskOptions& options) {
  CostResult r{job.task, {}, job.settings.whole("checkpoints"), {}};
  const Index seeds = job.settings.whole("seeds");
  Index timed_now = 0;
  std::vector<ShardTask> work;
  for (Index seed = 0; seed < seeds; ++seed) {
    const GroupedTask data = load_grouped_task(job, options, seed);
    r.model = describe(data.model->spec());
    work.push_back({cost_key(data, job.settings), [&, seed] {
                      ++timed_now;
                      const RecordedTask task(job, options, seed);
                      return to_text(measure_cost(task, options, estimator_options(job)));
                    }});
  }
  for (const std::string& text : make_shards(work, {.shard_folder = options.shard_folder}))
    r.seeds.push_back(cost_seed_from_text(text));
  r.timed_before = seeds - timed_now;
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
  for (const Job& job : session.jobs()) {  // complain before training
    const GroupedTask task = load_grouped_task(job, session.options());
    check_recorded_task(job, task, "cost");
    check_checkpoints(job, task, "cost");
  }
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
  for (const char* line : {kWhosePaper, kWhoseEstimators, kCostBounds})
    session.print(std::string(line) + "\n");
  draw(done, session.results().partial());
  session.finish();
}

}  // namespace leaveout
