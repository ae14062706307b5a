// SPDX-License-Identifier: MIT
// The experiment: every task of the preset, its tables on the terminal, its results folder.
#include "experiments/harmonic/datamodel_theorem.h"

#include <fmt/format.h>

#include <stdexcept>

#include "experiments/harmonic/datamodel_theorem_report.h"
#include "experiments/harmonic/subset_influence.h"

namespace leaveout {

namespace {

TheoremOptions read_options(const Settings& s) {
  TheoremOptions options{read_rates(s, "datamodel-theorem"), s.whole("path"), s.number("ratio")};
  if (!(options.ratio > 0 && options.ratio < 1))
    throw std::invalid_argument(fmt::format(
        "[datamodel-theorem] ratio, expected a number between 0 and 1, got {}", options.ratio));
  return options;
}

}  // namespace

std::vector<SettingSpec> datamodel_theorem_settings() {
  std::vector<SettingSpec> specs = subset_task_settings();
  specs.push_back(rates_setting());
  SettingSpec path{"path", SettingType::whole, "12", "penalties of ridge and of lasso"};
  path.minimum = 1;
  specs.push_back(path);
  specs.push_back({"ratio", SettingType::number, "0.001", "the smallest penalty over the largest"});
  return specs;
}

void run_datamodel_theorem(const Invocation& invocation) {
  Session session(invocation, "datamodel-theorem", datamodel_theorem_settings(), theorem_layout());
  Results& results = session.results();
  std::vector<SubsetTask> tasks;  // what the user got wrong is said before anything is trained
  std::vector<TheoremOptions> options;
  for (const Job& job : session.jobs()) {
    options.push_back(read_options(job.settings));
    tasks.push_back(load_subset_task(job, session.options()));
    require_enumerable(tasks.back().problem);
  }
  SubsetFiles files(results.partial());
  std::vector<TheoremResult> done;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const SubsetLogits logits = train_all_subsets(tasks[i], session.options());
    const SubsetOutputs f = subset_outputs(logits, tasks[i].output, *tasks[i].query);
    files.exact(tasks[i], f, influence_pair(tasks[i]));
    done.push_back(check_theorem(tasks[i], f, options[i]));
    done.back().unconverged = logits.unconverged;
    write_rows(done.back(), results);
    session.print(theorem_table(done.back()));
  }
  describe(done, results);
  const std::vector<Verdict> verdicts = judge(done);
  write_verdicts(verdicts, results);
  session.print(verdict_table(verdicts, "largest difference over rates, penalties and queries"));
  draw(done, results.partial());
  session.finish();
}

}  // namespace leaveout
