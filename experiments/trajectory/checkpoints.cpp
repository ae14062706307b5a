// SPDX-License-Identifier: MIT
// The experiment: its grids, its trainings, its results folder.
#include "experiments/trajectory/checkpoints.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "datasets/text.h"
#include "experiments/trajectory/checkpoints_report.h"
#include "experiments/trajectory/seed_table.h"

namespace leaveout {

namespace {

constexpr double kMost = 1e9;             // of checkpoints, and of examples in a batch
constexpr double kLargestEpsilon = 1000;  // beyond it a difference has nothing of a derivative

/// The entries of a list above 0: numbers, or whole ones.
std::vector<double> grid_of(const Job& job, const std::string& key, bool whole) {
  std::vector<double> values;
  for (const std::string& text : job.settings.list(key)) {
    const double value = parse_number(text).value_or(NAN);
    const bool fits =
        whole ? value == std::floor(value) && value <= kMost : value <= kLargestEpsilon;
    if (!(value > 0) || !fits)
      throw std::invalid_argument(
          fmt::format("[checkpoints] {}, expected {}, got '{}'",
                      key,
                      whole ? "whole numbers from 1"
                            : fmt::format("numbers above 0, at most {:g}", kLargestEpsilon),
                      text));
    values.push_back(value);
  }
  return values;
}

std::vector<Index> whole_grid(const Job& job, const std::string& key) {
  std::vector<Index> values;
  for (const double value : grid_of(job, key, true)) values.push_back(static_cast<Index>(value));
  return values;
}

CheckpointsOptions checkpoints_options(const Job& job) {
  CheckpointsOptions how;
  how.counts = whole_grid(job, "counts");
  how.judged = job.settings.whole("judged");
  how.draws = job.settings.whole("draws");
  how.proxies = whole_grid(job, "proxies");
  how.epsilons = grid_of(job, "epsilons", false);
  how.top = job.settings.whole("top");
  if (std::find(how.counts.begin(), how.counts.end(), how.judged) == how.counts.end())
    throw std::invalid_argument(fmt::format(
        "[checkpoints] judged, expected one of counts, got {}: add it to counts", how.judged));
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
  for (const Job& job : session.jobs()) {  // complain before training
    checkpoints_options(job);
    check_plain_sgd(job, "checkpoints");
    check_recorded_task(job, load_grouped_task(job, session.options()), "checkpoints");
  }
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
  for (const char* line : {kWhosePaper, kWhoseEstimators, kCheckpointsBounds})
    session.print(std::string(line) + "\n");
  draw(done, session.results().partial());
  session.finish();
}

}  // namespace leaveout
