// SPDX-License-Identifier: MIT
// The experiment: every task of the preset, its tables on the terminal, its results folder.
#include "experiments/decomposition/correlation.h"

#include "experiments/decomposition/correlation_report.h"
#include "experiments/session.h"

namespace leaveout {

const std::vector<SettingSpec>& correlation_settings() {
  static const std::vector<SettingSpec> all = [] {
    std::vector<SettingSpec> specs = task_settings();
    SettingSpec seeds{"further_seeds",
                      SettingType::whole,
                      "5",
                      "batch orders that further training is averaged over; the first is `seed`"};
    seeds.minimum = 1;
    specs.push_back(seeds);
    specs.push_back({"estimates",
                     SettingType::list,
                     "influence,hessian,gradient_dot",
                     "influence: by `curvature` and the protocol's solver; hessian: the exact one, "
                     "damped, by LDLT; gradient_dot: the identity for curvature. Verdicts and the "
                     "scatter are about the first",
                     {"influence", "hessian", "gradient_dot"}});
    return specs;
  }();
  return all;
}

VerdictWords correlation_words() {
  return {.part = "protocol"};
}

void run_correlation(const Invocation& invocation) {
  Session session(invocation, "correlation", correlation_settings(), correlation_layout());
  Results& results = session.results();
  std::vector<CorrelationResult> done;
  for (const Job& job : session.jobs()) {
    CorrelationOptions how;
    how.further_seeds = job.settings.whole("further_seeds");
    how.estimates = job.settings.list("estimates");
    done.push_back(correlate(train_task(job.task, session.options()), how, session.options()));
    write_rows(done.back(), results);
    write_arrays(done.back(), results.arrays(job.task.name));
    session.print(correlation_table(done.back()));
  }
  describe(done, results);
  write_correlations(done, results);
  const std::vector<Verdict> verdicts = judge(done);
  write_verdicts(verdicts, results);
  session.print(noise_table(done));
  session.print(
      verdict_table(verdicts,
                    "intervals: 95 % bootstrap over removed examples; one seed, one split",
                    correlation_words()));
  draw(done, results.partial());
  session.finish();
}

}  // namespace leaveout
