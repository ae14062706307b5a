// SPDX-License-Identifier: MIT
// The experiment: every task of the preset, the toy clusters, tables on the terminal, files.
#include "experiments/harmonic/group_influence.h"

#include "experiments/harmonic/group_influence_report.h"
#include "experiments/harmonic/subset_influence.h"

namespace leaveout {

namespace {

constexpr Index kLargestToy = 12;

GroupOptions read_options(const Settings& s) {
  return {read_rates(s, "group-influence"), s.whole("duplicates"), s.whole("groups")};
}

}  // namespace

std::vector<SettingSpec> group_influence_settings() {
  std::vector<SettingSpec> specs = subset_task_settings();
  specs.push_back(rates_setting());
  SettingSpec duplicates{"duplicates",
                         SettingType::whole,
                         "0",
                         "copies of the first training example, in the place of the last ones"};
  duplicates.minimum = 0;
  SettingSpec groups{
      "groups", SettingType::whole, "4", "of similar and of random examples, each of all sizes"};
  groups.minimum = 1;
  specs.push_back(duplicates);
  specs.push_back(groups);
  return specs;
}

void run_group_influence(const Invocation& invocation) {
  Session session(invocation, "group-influence", group_influence_settings(), group_layout());
  Results& results = session.results();
  std::vector<SubsetTask> tasks;  // what the user got wrong is said before anything is trained
  std::vector<GroupOptions> options;
  for (const Job& job : session.jobs()) {
    options.push_back(read_options(job.settings));
    tasks.push_back(load_subset_task(job, session.options()));
    require_enumerable(tasks.back().problem);
    duplicate_first(tasks.back(), options.back().duplicates);
  }
  SubsetFiles files(results.partial());
  const std::vector<ToyCluster> toys = toy_clusters(kLargestToy);
  write_rows(toys, results);
  std::vector<GroupResult> done;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const SubsetLogits logits = train_all_subsets(tasks[i], session.options());
    files.exact(tasks[i],
                subset_outputs(logits, tasks[i].output, *tasks[i].query),
                influence_pair(tasks[i]));
    done.push_back(measure_groups(tasks[i], logits, options[i]));
    write_rows(done.back(), results);
    session.print(group_table(done.back()));
  }
  session.print(toy_table(toys));
  describe(done, results);
  const std::vector<Verdict> verdicts = judge(done, toys);
  write_verdicts(verdicts, results);
  session.print(verdict_table(verdicts, "intervals: 95 %, Student's t over queries"));
  draw(done, toys, results.partial());
  session.finish();
}

}  // namespace leaveout
