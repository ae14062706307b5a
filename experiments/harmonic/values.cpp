// SPDX-License-Identifier: MIT
// The experiment: every task of the preset, its tables on the terminal, its results folder.
#include "experiments/harmonic/values.h"

#include "experiments/harmonic/subset_influence.h"
#include "experiments/harmonic/values_report.h"

namespace leaveout {

void run_values(const Invocation& invocation) {
  Session session(invocation, "values", subset_task_settings(), values_layout());
  Results& results = session.results();
  std::vector<SubsetTask> tasks;  // what the user got wrong is said before anything is trained
  for (const Job& job : session.jobs()) {
    tasks.push_back(load_subset_task(job, session.options()));
    require_enumerable(tasks.back().problem);
  }
  SubsetFiles files(results.partial());
  std::vector<ValuesResult> done;
  for (const SubsetTask& task : tasks) {
    const SubsetLogits logits = train_all_subsets(task, session.options());
    const SubsetOutputs f = subset_outputs(logits, task.output, *task.query);
    const InfluencePair influence = influence_pair(task);
    files.exact(task, f, influence);
    done.push_back(find_values(task, f, influence));
    done.back().unconverged = logits.unconverged;
    write_rows(done.back(), results);
    session.print(agreement_table(done.back()));
  }
  describe(done, results);
  const std::vector<Verdict> verdicts = judge(done);
  write_verdicts(verdicts, results);
  session.print(verdict_table(verdicts, "intervals: 95 %, Student's t over queries"));
  draw(done, results.partial());
  session.finish();
}

}  // namespace leaveout
