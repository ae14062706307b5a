// SPDX-License-Identifier: MIT
// The experiment: every task of the preset over its seeds, its tables, its results folder.
#include "experiments/memorization/memorize_or_generalize.h"

#include <fmt/format.h>

#include <stdexcept>

#include "experiments/memorization/memorize_or_generalize_report.h"
#include "influence/harmonic/query_output.h"

namespace leaveout {

namespace {

/// What the user got wrong is said before anything is trained.
void check(const Job& job, const TaskOptions& options) {
  const GroupedTask task = load_grouped_task(job, options);
  if (!allows(task.train->task, QueryOutput::correct))
    throw std::invalid_argument(
        fmt::format("[memorize-or-generalize] data, expected classes, {} has none", job.task.name));
  if (job.settings.whole("early_epochs") > job.task.base.epochs)
    throw std::invalid_argument(
        fmt::format("[memorize-or-generalize] early_epochs, expected at most epochs = {}, got {}",
                    job.task.base.epochs,
                    job.settings.whole("early_epochs")));
}

}  // namespace

std::vector<SettingSpec> memorize_or_generalize_settings() {
  std::vector<SettingSpec> specs = grouped_task_settings();
  using Type = SettingType;
  const std::vector<SettingSpec> own = {
      {"damping", Type::number, "0.001", "added to the curvature of influences", {}, 0},
      {"subsets", Type::whole, "100", "trainings on 0.7 N examples, for memorization", {}, 50},
      {"runs", Type::whole, "3", "trainings for EL2N, GraNd and forgetting events", {}, 1},
      {"early_epochs", Type::whole, "5", "after which EL2N and GraNd are taken", {}, 0}};
  specs.insert(specs.end(), own.begin(), own.end());
  return specs;
}

VerdictWords memorize_or_generalize_words() {
  return {.part = "score"};
}

void run_memorize_or_generalize(const Invocation& invocation) {
  Session session(
      invocation, "memorize-or-generalize", memorize_or_generalize_settings(), memorize_layout());
  Results& results = session.results();
  for (const Job& job : session.jobs()) check(job, session.options());
  std::vector<MemorizeResult> done;
  for (const Job& job : session.jobs()) {
    MemorizeResult r{job.task, {}};
    for (Index seed = 0; seed < job.settings.whole("seeds"); ++seed)
      r.seeds.push_back(score_examples(job, session.options(), seed));
    write_rows(r, results);
    write_arrays(r, results.arrays(job.task.name));
    session.print(auc_table(r) + flagged_table(r) + calls_table(r));
    done.push_back(std::move(r));
  }
  describe(done, results);
  const std::vector<Verdict> verdicts = judge(done);
  write_verdicts(verdicts, results);
  session.print(verdict_table(
      verdicts, "intervals: 95 %, Student's t over seeds", memorize_or_generalize_words()));
  session.print(std::string(kWhoseDefinitions) + "\n");
  draw(done, results.partial());
  session.finish();
}

}  // namespace leaveout
