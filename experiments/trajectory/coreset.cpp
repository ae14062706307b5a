// SPDX-License-Identifier: MIT
// The experiment: every task of the preset, its tables, its results folder.
#include "experiments/trajectory/coreset.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "experiments/harmonic/subset_task.h"
#include "experiments/trajectory/coreset_report.h"
#include "influence/few_parameters/softmax_head.h"

namespace leaveout {

namespace {

std::vector<double> kept_shares(const Job& job) {
  return read_shares(job.settings, "kept", "coreset");
}

Index kept_count(double share, const ScoredTask& task) {
  const auto n = static_cast<double>(task.data.examples());
  return std::max<Index>(1, std::lround(share * n));
}

/// The trainings of a seed: quotas, then shares, then methods.
void add_trainings(const ScoredTask& task,
                   const std::vector<double>& kept,
                   std::vector<Retraining>& trainings) {
  const std::vector<Index> classes = classes_of(*task.data.train);
  for (const char* quota : kQuotas)
    for (const double share : kept)
      for (const char* method : kSelections) {
        if (!task.usable(method)) continue;
        const Index count = kept_count(share, task);
        trainings.push_back({&task.data,
                             quota == std::string("free")
                                 ? highest(task.of(method), count)
                                 : highest_of_each_class(task.of(method), classes, count)});
      }
}

}  // namespace

CoresetResult select_and_train(const Job& job, const TaskOptions& options) {
  CoresetResult r{job.task, kept_shares(job), {}};
  const std::vector<ScoredTask> tasks =
      score_examples({job}, {kSelections.begin(), kSelections.end()}, options);
  std::vector<Retraining> trainings;
  for (const ScoredTask& task : tasks) add_trainings(task, r.kept, trainings);
  const std::vector<Tested> tested =
      retrain_and_test(trainings, subset_pool(options, job.task.name + " coresets"));
  std::size_t next = 0;
  for (const ScoredTask& task : tasks) {
    const Tested all = test(task.data, task.theta);
    for (const char* quota : kQuotas)
      for (const double share : r.kept) {
        const auto add = [&](const char* method, const Tested& t) {
          const std::uint64_t seed = task.data.settings.seed;
          r.table.add({seed, quota, share, method, "accuracy", t.accuracy});
          r.table.add({seed, quota, share, method, "loss", t.loss});
        };
        for (const char* method : kSelections)
          if (task.usable(method))
            add(method, tested[next++]);
          else
            r.refused.insert(fmt::format("{}: {}", method, kBeyondBoundsWords));
        add(kAll, all);
      }
  }
  return r;
}

std::vector<SettingSpec> coreset_settings() {
  std::vector<SettingSpec> specs = scored_task_settings();
  specs.push_back({"kept",
                   SettingType::list,
                   "0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9",
                   "shares of the training examples to keep"});
  return specs;
}

void run_coreset(const Invocation& invocation) {
  Session session(invocation, "coreset", coreset_settings(), seed_table_layout("quota", "kept"));
  for (const Job& job : session.jobs()) {
    kept_shares(job);
    check_scored_task(job, session.options(), "coreset");
    head_layer(*load_grouped_task(job, session.options()).model);  // herding needs one
  }
  std::vector<CoresetResult> done;
  std::vector<Verdict> verdicts;
  for (const Job& job : session.jobs()) {
    done.push_back(select_and_train(job, session.options()));
    write_rows(done.back().table, job.task.name, true, session.results());
    session.print(coreset_tables(done.back()));
    for (const Verdict& v : judge(done.back())) verdicts.push_back(v);
  }
  describe_coresets(done, session.results());
  write_verdicts(verdicts, session.results());
  session.print(verdict_table(verdicts, kSeedIntervals, rivals_words()));
  session.print(std::string(kWhoseComparison) + "\n");
  draw(done, session.results().partial());
  session.finish();
}

}  // namespace leaveout
