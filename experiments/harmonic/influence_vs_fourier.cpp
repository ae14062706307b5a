// SPDX-License-Identifier: MIT
// The experiment: every task of the preset, its tables on the terminal, its results folder.
#include "experiments/harmonic/influence_vs_fourier.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "experiments/harmonic/influence_vs_fourier_report.h"

namespace leaveout {

namespace {

FourierOptions read_options(const Settings& s) {
  FourierOptions options;
  options.rates = read_rates(s, "influence-vs-fourier");
  options.sizes = read_counts(s, "sizes", 2, "influence-vs-fourier");
  options.groups = s.whole("groups");
  return options;
}

/// What the user got wrong is said before anything is trained.
void check(const SubsetTask& task) {
  require_enumerable(task.problem);
  require_derivatives(task);
  if (task.examples() < 2)
    throw std::invalid_argument(fmt::format(
        "[influence-vs-fourier] training examples, expected at least 2, got {}", task.examples()));
}

/// A network's outputs are a function of the subset where each seed is the same for all of them:
/// only then have they a derivative, and their mean over seeds a spectrum without noise.
SubsetTask load(const Job& job, const TaskOptions& options) {
  SubsetTask task = load_subset_task(job, options);
  task.problem.shared_seeds = true;
  check(task);
  return task;
}

/// Named data have more rows than max_train lets in; all of a user's own are in.
std::vector<SubsetTask> larger_tasks(const Job& job,
                                     const SubsetTask& task,
                                     const FourierOptions& options,
                                     const TaskOptions& how) {
  std::vector<SubsetTask> larger;
  for (const Index n : options.sizes) {
    if (n <= task.examples() || !job.task.csv.empty()) continue;
    Job more = job;
    more.task.max_train = n;
    SubsetTask loaded = load_subset_task(more, how);
    loaded.problem.shared_seeds = true;
    if (loaded.examples() == n) larger.push_back(std::move(loaded));
  }
  return larger;
}

FourierResult measure(const Job& job,
                      const SubsetTask& task,
                      const FourierOptions& options,
                      const TaskOptions& how,
                      SubsetFiles& files) {
  const SubsetLogits logits = train_all_subsets(task, how);
  SubsetOutputs f = subset_outputs(logits, task.output, *task.query);
  f.noise.setZero();  // shared seeds: no noise from subset to subset
  files.exact(task, f, influence_pair(task));
  FourierResult r = predict_and_measure(task, f, options, how);
  r.unconverged += logits.unconverged;
  for (const SubsetTask& larger : larger_tasks(job, task, options, how))
    follow_removals(larger, options, how, r);
  return r;
}

}  // namespace

std::vector<SettingSpec> influence_vs_fourier_settings() {
  std::vector<SettingSpec> specs = subset_task_settings();
  for (SettingSpec& s : specs)
    if (s.key == "seeds") s.help = "networks: trainings of each subset, the same seeds for all";
  SettingSpec rates = rates_setting();
  rates.help += ", that of pairs and of sizes";
  specs.push_back(rates);
  specs.push_back(
      {"sizes",
       SettingType::list,
       "6,8,10,12,25,50,100",
       "numbers of training examples at which errors are followed; beyond max_train only single "
       "examples leave"});
  SettingSpec groups{"groups", SettingType::whole, "20", "random groups of each size that leave"};
  groups.minimum = 1;
  specs.push_back(groups);
  return specs;
}

void run_influence_vs_fourier(const Invocation& invocation) {
  Session session(invocation,
                  "influence-vs-fourier",
                  influence_vs_fourier_settings(),
                  influence_vs_fourier_layout());
  Results& results = session.results();
  std::vector<SubsetTask> tasks;
  std::vector<FourierOptions> options;
  for (const Job& job : session.jobs()) {
    options.push_back(read_options(job.settings));
    tasks.push_back(load(job, session.options()));
  }
  SubsetFiles files(results.partial());
  std::vector<FourierResult> done;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    done.push_back(measure(session.jobs()[i], tasks[i], options[i], session.options(), files));
    write_rows(done.back(), results);
    session.print(fourier_table(done.back()));
    session.print(group_table(done.back()));
  }
  write_predictions(done, results);
  describe(done, results);
  const std::vector<Verdict> verdicts = judge(done);
  write_verdicts(verdicts, results);
  session.print(verdict_table(
      verdicts, "intervals: 95 %, bootstrap over training examples (or groups) and over queries"));
  draw(done, results.partial());
  session.finish();
}

}  // namespace leaveout
