// SPDX-License-Identifier: MIT
// The experiment: its grids, its trainings, its results folder.
#include "experiments/trajectory/checkpoints.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "experiments/trajectory/checkpoints_report.h"

namespace leaveout {

namespace {

double grid_number(const std::string& key, const std::string& text, bool whole) {
  std::size_t used = 0;
  double value = NAN;
  try {
    value = std::stod(text, &used);
  } catch (const std::logic_error&) {
  }
  if (used != text.size() || !std::isfinite(value) || value <= 0 ||
      (whole && value != std::floor(value)))
    throw std::invalid_argument(fmt::format("[checkpoints] {}, expected {}, got '{}'",
                                            key,
                                            whole ? "whole numbers from 1" : "numbers above 0",
                                            text));
  return value;
}

std::vector<Index> whole_grid(const Job& job, const std::string& key) {
  std::vector<Index> values;
  for (const std::string& text : job.settings.list(key))
    values.push_back(static_cast<Index>(grid_number(key, text, true)));
  return values;
}

CheckpointsOptions checkpoints_options(const Job& job) {
  CheckpointsOptions how;
  how.counts = whole_grid(job, "counts");
  how.judged = job.settings.whole("judged");
  how.draws = job.settings.whole("draws");
  how.proxies = whole_grid(job, "proxies");
  for (const std::string& text : job.settings.list("epsilons"))
    how.epsilons.push_back(grid_number("epsilons", text, false));
  how.top = job.settings.whole("top");
  if (std::find(how.counts.begin(), how.counts.end(), how.judged) == how.counts.end())
    throw std::invalid_argument(fmt::format(
        "[checkpoints] judged, expected one of counts, got {}: add it to counts", how.judged));
  const TaskSettings& task = job.task;
  if (task.base.optimiser != OptimiserKind::sgd || task.base.momentum != 0)
    throw std::invalid_argument(fmt::format(
        "[checkpoints] optimiser, expected sgd without momentum, which Diff-In is derived for, "
        "got {} with momentum {}",
        optimiser_name(task.base.optimiser),
        task.base.momentum));
  return how;
}

CheckpointsResult measure(const Job& job, const TaskOptions& options) {
  CheckpointsResult r{job.task, {}, checkpoints_options(job), {}};
  for (Index seed = 0; seed < job.settings.whole("seeds"); ++seed) {
    const RecordedTask task(job, options, seed);
    r.model = describe(task.model().spec());
    r.seeds.push_back(measure_checkpoints(task, options, r.how));
  }
  return r;
}

}  // namespace

std::vector<SettingSpec> checkpoints_settings() {
  using Type = SettingType;
  std::vector<SettingSpec> specs = recorded_task_settings();
  const std::vector<SettingSpec> own = {
      {"counts", Type::list, "1,2,5,10,20", "numbers of checkpoints, beside all steps"},
      {"judged", Type::whole, "5", "the number that claims are about", {}, 1},
      {"draws", Type::whole, "10", "of random checkpoints, and of random batches", {}, 1},
      {"proxies", Type::list, "8,32,128", "sizes of the batch in place of the data's"},
      {"epsilons",
       Type::list,
       "1e-1,1e-2,1e-3,1e-4,1e-5,1e-6,1e-7,1e-8",
       "of forward differences in place of exact products"},
      {"top", Type::whole, "30", "most influential examples whose overlap is reported", {}, 1}};
  specs.insert(specs.end(), own.begin(), own.end());
  return specs;
}

VerdictWords checkpoints_words() {
  return {"Claims, and what we measured", "estimator", "claim"};
}

void run_checkpoints(const Invocation& invocation) {
  Session session(invocation, "checkpoints", checkpoints_settings(), checkpoints_layout());
  for (const Job& job : session.jobs()) checkpoints_options(job);  // complain before training
  std::vector<CheckpointsResult> done;
  for (const Job& job : session.jobs()) {
    done.push_back(measure(job, session.options()));
    write_rows(done.back(), session.results());
    session.print(counts_table(done.back()));
    session.print(products_table(done.back()));
  }
  describe(done, session.results());
  const std::vector<Verdict> verdicts = judge(done);
  write_verdicts(verdicts, session.results());
  session.print(verdict_table(verdicts, kCheckpointsIntervals, checkpoints_words()));
  session.print(std::string(kCheckpointsBounds) + "\n");
  draw(done, session.results().partial());
  session.finish();
}

}  // namespace leaveout
