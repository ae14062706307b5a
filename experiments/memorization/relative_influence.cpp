// SPDX-License-Identifier: MIT
// The experiment: every task of the preset over its seeds, its tables, its results folder.
#include "experiments/memorization/relative_influence.h"

#include <fmt/format.h>

#include <set>
#include <stdexcept>

#include "experiments/memorization/grouped_scores.h"
#include "experiments/memorization/relative_influence_pairs.h"
#include "experiments/memorization/relative_influence_report.h"
#include "influence/estimators/influence_function.h"
#include "influence/few_parameters/softmax_head.h"
#include "influence/harmonic/query_output.h"
#include "influence/memorization/seeded_training.h"
#include "models/retraining_pool.h"

namespace leaveout {

namespace {

/// A task at each of its seeds: loaded, checked and not yet trained.
struct RelativeWork {
  Job job;
  RelativeOptions how;
  std::vector<GroupedTask> tasks;
};

RelativeWork prepare(const Job& job, const TaskOptions& options) {
  RelativeWork work{job, {}, {}};
  work.how.curvature = parse_curvature(job.settings.text("curvature"));
  work.how.damping = job.settings.number("damping");
  work.how.threads = options.threads;
  for (Index r = 0; r < job.settings.whole("seeds"); ++r) {
    work.tasks.push_back(load_grouped_task(job, options, r));
    const GroupedTask& task = work.tasks.back();
    if (!allows(task.train->task, QueryOutput::correct))
      throw std::invalid_argument(
          fmt::format("[relative-influence] data, expected classes, {} has none", job.task.name));
    head_layer(*task.model);
  }
  return work;
}

RelativeResult measure(const RelativeWork& work, const TaskOptions& options) {
  std::vector<RetrainingTask> trainings;
  for (const GroupedTask& task : work.tasks) {
    const SubsetProblem& problem = task.problem;
    const char* const what = is_convex(problem.model->spec()) ? "minimum" : "base run";
    trainings.push_back({seeded_key(problem, 0, what), [&problem] { return base_run(problem); }});
  }
  PoolOptions pool{.threads = options.threads, .shard_folder = options.shard_folder};
  if (options.progress) pool.progress = options.progress(work.job.task.name);
  const std::vector<Run> runs = retrain(trainings, pool);
  RelativeResult result{work.job.task, {}};
  for (std::size_t r = 0; r < runs.size(); ++r)
    result.seeds.push_back(measure_relative(work.tasks[r], runs[r].theta, work.how));
  return result;
}

}  // namespace

std::vector<SettingSpec> relative_influence_settings() {
  using Type = SettingType;
  std::vector<SettingSpec> specs = grouped_task_settings();
  const std::vector<SettingSpec> own = {
      {"curvature", Type::text, "gauss_newton", "H", {"gauss_newton", "hessian"}},
      {"damping", Type::number, "0.001", "added to H, beside the weight decay", {}, 0}};
  specs.insert(specs.end(), own.begin(), own.end());
  return specs;
}

VerdictWords relative_influence_words() {
  return {"Claims, and what we measured", "score", "claim"};
}

void run_relative_influence(const Invocation& invocation) {
  Session session(
      invocation, "relative-influence", relative_influence_settings(), relative_layout());
  std::vector<RelativeWork> work;  // what the user got wrong is said before anything is trained
  for (const Job& job : session.jobs()) work.push_back(prepare(job, session.options()));
  std::vector<RelativeResult> done;
  ImageGrid pairs = pairs_figure();
  std::set<std::string> shown;  // one task of each data set is enough
  for (RelativeWork& w : work) {
    done.push_back(measure(w, session.options()));
    w.tasks.clear();
    const RelativeResult& r = done.back();
    write_rows(r, session.results());
    session.print(groups_table(r) + neighbours_table(r) + tells_table(r));
    if (shown.insert(w.job.task.data).second) add_pairs(w.job, session.options(), r, pairs);
  }
  describe(done, session.results());
  const std::vector<Verdict> verdicts = judge(done);
  write_verdicts(verdicts, session.results());
  session.print(verdict_table(verdicts, kRelativeIntervals, relative_influence_words()));
  session.print(std::string(kWhoseDefinitions) + "\n");
  draw(done, session.results().partial());
  if (!pairs.sections.empty()) write_image_grid(session.results().partial(), pairs);
  session.finish();
}

}  // namespace leaveout
