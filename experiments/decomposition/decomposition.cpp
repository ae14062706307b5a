// SPDX-License-Identifier: MIT
// The experiment: every task of the preset, its tables on the terminal, its results folder.
#include "experiments/decomposition/decomposition.h"

#include "experiments/decomposition/decomposition_report.h"
#include "experiments/session.h"

namespace leaveout {

void run_decomposition(const Invocation& invocation) {
  Session session(invocation, "decomposition", task_settings(), decomposition_layout());
  Results& results = session.results();
  std::vector<TaskResult> done;
  for (const Job& job : session.jobs()) {
    done.push_back(run_task(job.task, session.options()));
    write_rows(done.back(), results);
    write_arrays(done.back(), results.arrays(job.task.name));
    session.print(gap_table(done.back()));
  }
  describe(done, results);
  const std::vector<Verdict> verdicts = judge(done);
  write_verdicts(verdicts, results);
  session.print(agreement_table(done));
  session.print(
      verdict_table(verdicts,
                    "intervals: 95 % bootstrap over removed examples; one seed, one split",
                    of_the_paper()));
  draw(done, results.partial());
  session.finish();
}

}  // namespace leaveout
