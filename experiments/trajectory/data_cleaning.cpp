// SPDX-License-Identifier: MIT
// The experiment: every task of the preset at every noise rate, its tables, its results folder.
#include "experiments/trajectory/data_cleaning.h"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/harmonic/subset_task.h"
#include "experiments/trajectory/data_cleaning_report.h"
#include "influence/metrics/ranking.h"

namespace leaveout {

using Eigen::VectorXd;

namespace {

std::vector<double> noise_rates(const Job& job) {
  return read_shares(job.settings, "noise", "data-cleaning");
}

/// The task with so many wrong labels.
Job with_noise(Job job, double noise) {
  job.settings.set(fmt::format("mislabelled={}", noise));
  return job;
}

/// A training without the most suspicious, and whose ranking asked for it.
struct Asked {
  std::size_t task;
  const char* method;
};

/// A seed at one noise rate: what its rankings find, and the trainings that they ask for.
void add_rankings(const ScoredTask& task,
                  std::size_t number,
                  double noise,
                  CleaningResult& r,
                  std::vector<Retraining>& trainings,
                  std::vector<Asked>& asked) {
  const std::vector<bool> wrong = task.data.members(PlantedGroup::mislabelled);
  if (std::find(wrong.begin(), wrong.end(), true) == wrong.end()) {
    r.without.insert(noise);
    return;
  }
  const std::uint64_t seed = task.data.settings.seed;
  const auto add = [&](const char* method, const char* metric, std::optional<double> value) {
    if (value) r.table.add({seed, "", noise, method, metric, *value});
  };
  for (const char* method : kSuspicions) {
    if (!task.usable(method)) {
      r.refused.insert(fmt::format("{}: {}", method, kBeyondBoundsWords));
      continue;
    }
    const VectorXd scores = suspicion(task, method);
    const Ranking ranking(scores, wrong);
    const Index count = ranking.wanted();
    const double share = static_cast<double>(count) / static_cast<double>(ranking.size());
    const std::optional<double> early = ranking.recall(share / 2);
    add(method, "auc", ranking.auc());
    add(method, "recall", ranking.recall(share));
    add(method, "precision_at_half", early ? std::optional(2 * *early) : std::nullopt);
    trainings.push_back({&task.data, all_but(task.data.examples(), highest(scores, count))});
    asked.push_back({number, method});
  }
}

}  // namespace

VectorXd suspicion(const ScoredTask& task, const std::string& method) {
  const VectorXd scores = task.of(method);
  return method.starts_with("validation_") ? VectorXd(-scores) : scores;
}

CleaningResult clean(const Job& job, const TaskOptions& options) {
  CleaningResult r{job.task, noise_rates(job), {}};
  std::vector<Job> jobs;
  for (const double noise : r.noise) jobs.push_back(with_noise(job, noise));
  const std::vector<ScoredTask> tasks =
      score_examples(jobs, {kSuspicions.begin(), kSuspicions.end()}, options);
  const std::size_t seeds = tasks.size() / r.noise.size();
  std::vector<Retraining> trainings;
  std::vector<Asked> asked;
  for (std::size_t k = 0; k < tasks.size(); ++k)
    add_rankings(tasks[k], k, r.noise[k / seeds], r, trainings, asked);
  const std::vector<Tested> tested =
      retrain_and_test(trainings, subset_pool(options, job.task.name + " cleaned"));
  std::size_t next = 0;
  for (std::size_t k = 0; k < tasks.size(); ++k) {
    const auto add = [&](const char* method, const Tested& t) {
      const std::uint64_t seed = tasks[k].data.settings.seed;
      r.table.add({seed, "", r.noise[k / seeds], method, "accuracy", t.accuracy});
      r.table.add({seed, "", r.noise[k / seeds], method, "loss", t.loss});
    };
    for (; next < asked.size() && asked[next].task == k; ++next)
      add(asked[next].method, tested[next]);
    add(kUncleaned, test(tasks[k].data, tasks[k].theta));
  }
  return r;
}

std::vector<SettingSpec> data_cleaning_settings() {
  std::vector<SettingSpec> specs = scored_task_settings();
  specs.push_back({"noise",
                   SettingType::list,
                   "0.1,0.2,0.3,0.4",
                   "shares of wrong labels, in place of mislabelled"});
  return specs;
}

void run_data_cleaning(const Invocation& invocation) {
  Session session(
      invocation, "data-cleaning", data_cleaning_settings(), seed_table_layout("", "noise"));
  for (const Job& job : session.jobs())
    for (const double noise : noise_rates(job))
      check_scored_task(with_noise(job, noise), session.options(), "data-cleaning");
  std::vector<CleaningResult> done;
  std::vector<Verdict> verdicts;
  for (const Job& job : session.jobs()) {
    done.push_back(clean(job, session.options()));
    write_rows(done.back().table, job.task.name, false, session.results());
    session.print(cleaning_table(done.back()));
    for (const Verdict& v : judge(done.back())) verdicts.push_back(v);
  }
  describe_cleaning(done, session.results());
  write_verdicts(verdicts, session.results());
  session.print(verdict_table(verdicts, kSeedIntervals, rivals_words()));
  session.print(std::string(kWhoseComparison) + "\n");
  draw(done, session.results().partial());
  session.finish();
}

}  // namespace leaveout
