// SPDX-License-Identifier: MIT
#include "experiments/trajectory/scored_retraining.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "datasets/words.h"
#include "experiments/harmonic/subset_task.h"
#include "influence/harmonic/query_output.h"
#include "influence/memorization/seeded_training.h"
#include "influence/metrics/correlation.h"
#include "models/retraining_pool.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

void require(bool ok, const std::string& area, const std::string& what) {
  if (!ok) throw std::invalid_argument("[" + area + "] " + what);
}

/// Everything that decides the scores, the validation part too.
std::string scores_key(const GroupedTask& task,
                       const std::vector<std::string>& methods,
                       const Settings& s) {
  SubsetProblem validated = task.problem;
  validated.query = task.validation.get();
  return seeded_key(
      task.problem,
      0,
      fmt::format("scores {} checkpoints={} damping={} runs={} early_epochs={} validation: {}",
                  fmt::join(methods, " "),
                  s.whole("checkpoints"),
                  s.number("damping"),
                  s.whole("runs"),
                  s.whole("early_epochs"),
                  describe(validated)));
}

/// Theta, then the scores column by column.
std::string scored_bytes(const RecordedTask& task, const MatrixXd& scores) {
  std::string bytes;
  for (const double x : task.log.end.theta) put(bytes, x);
  for (const double x : scores.reshaped()) put(bytes, x);
  return bytes;
}

/// One training on the kept examples, of as many steps as the task's own.
Run train_on(const GroupedTask& task, const std::vector<Index>& kept) {
  const Dataset some = take(*task.train, kept);
  SubsetProblem problem = task.problem;
  problem.train = &some;
  Protocol epoch = problem.protocol;
  epoch.epochs = 1;
  const auto steps = static_cast<double>(step_count(task.problem.protocol, task.examples()));
  const auto each = static_cast<double>(step_count(epoch, some.size()));
  problem.protocol.epochs = std::max<Index>(1, std::lround(steps / each));
  return train_seeded(problem, full_weights(problem), 0);
}

}  // namespace

std::vector<SettingSpec> scored_task_settings() {
  using Type = SettingType;
  std::vector<SettingSpec> specs = recorded_task_settings();
  for (const SettingSpec& s : plain_grouped_task_settings())
    if (s.key == "validation") specs.push_back(s);
  const std::vector<SettingSpec> own = {
      {"checkpoints", Type::whole, "5", "random ones, of Diff-In, TracIn and MoSo", {}, 1},
      {"damping", Type::number, "0.001", "added to the curvature of the influence function", {}, 0},
      {"runs", Type::whole, "3", "trainings for EL2N, GraNd and forgetting events", {}, 1},
      {"early_epochs", Type::whole, "5", "after which EL2N and GraNd are taken", {}, 0}};
  specs.insert(specs.end(), own.begin(), own.end());
  return specs;
}

void check_scored_task(const Job& job, const TaskOptions& options, const std::string& area) {
  const GroupedTask task = load_grouped_task(job, options);
  const std::string name = "task " + job.task.name;
  require(allows(task.train->task, QueryOutput::correct),
          area,
          name + ": data, expected classes, got none");
  check_plain_sgd(job, area);
  check_recorded_task(job, task, area);
  check_checkpoints(job, task, area);
  const Index epochs = job.task.base.epochs, early = job.settings.whole("early_epochs");
  require(early <= epochs,
          area,
          fmt::format(
              "{0}: early_epochs, expected at most epochs = {1}, got {2}: --set early_epochs={1}",
              name,
              epochs,
              early));
  require(
      job.settings.number("damping") + job.task.weight_decay > 0,
      area,
      name + ": damping, expected more than 0 without weight decay, got 0: --set damping=0.001");
}

Index ScoredTask::column(const std::string& method) const {
  const auto at = std::find(methods.begin(), methods.end(), method);
  if (at == methods.end()) throw std::logic_error("no scores of " + method);
  return at - methods.begin();
}

std::vector<ScoredTask> score_examples(const std::vector<Job>& jobs,
                                       const std::vector<std::string>& methods,
                                       const TaskOptions& options) {
  std::vector<ScoredTask> scored;
  std::vector<ShardTask> work;
  TaskOptions inside = options;  // each shard is one thread's
  inside.threads = 1;
  inside.progress = {};
  for (const Job& job : jobs)
    for (Index r = 0; r < job.settings.whole("seeds"); ++r) {
      scored.push_back({load_grouped_task(job, options, r), {}, methods, {}});
      work.push_back(
          {scores_key(scored.back().data, methods, job.settings), [&job, &methods, &inside, r] {
             const RecordedTask task(job, inside, r);
             return naming_divergence(task.data.settings, [&] {
               return scored_bytes(task, example_scores(task, methods, job.settings, inside));
             });
           }});
    }
  const std::vector<std::string> bytes =
      make_shards(work, subset_pool(options, jobs[0].task.name + " scores"));
  for (std::size_t k = 0; k < scored.size(); ++k) {
    Words words(bytes[k]);
    ScoredTask& s = scored[k];
    s.theta.resize(s.data.model->parameter_count());
    s.scores.resize(s.data.examples(), static_cast<Index>(methods.size()));
    for (double& x : s.theta) x = words.real();
    for (double& x : s.scores.reshaped()) x = words.real();
  }
  return scored;
}

std::vector<Index> classes_of(const Dataset& data) {
  std::vector<Index> classes(static_cast<std::size_t>(data.size()), 0);
  for (Index i = 0; i < data.size(); ++i) {
    Index c = 0;
    if (data.targets.rows() > 1)
      data.targets.col(i).maxCoeff(&c);
    else
      c = data.targets(0, i) > 0.5 ? 1 : 0;
    classes[static_cast<std::size_t>(i)] = c;
  }
  return classes;
}

std::vector<Index> highest(const VectorXd& scores, Index count) {
  std::vector<Index> rows(static_cast<std::size_t>(scores.size()));
  std::iota(rows.begin(), rows.end(), Index{0});
  const VectorXd merged = merge_ties(scores);
  std::stable_sort(
      rows.begin(), rows.end(), [&](Index a, Index b) { return merged(a) > merged(b); });
  rows.resize(static_cast<std::size_t>(std::min<Index>(count, scores.size())));
  std::sort(rows.begin(), rows.end());
  return rows;
}

std::vector<Index> highest_of_each_class(const VectorXd& scores,
                                         const std::vector<Index>& classes,
                                         Index count) {
  const Index most = *std::max_element(classes.begin(), classes.end());
  std::vector<std::vector<Index>> members(static_cast<std::size_t>(most) + 1);
  for (std::size_t i = 0; i < classes.size(); ++i)
    members[static_cast<std::size_t>(classes[i])].push_back(static_cast<Index>(i));
  const double share = static_cast<double>(count) / static_cast<double>(scores.size());
  std::vector<Index> quota;
  VectorXd remainder(most + 1);
  for (std::size_t c = 0; c < members.size(); ++c) {
    const double exact = share * static_cast<double>(members[c].size());
    quota.push_back(static_cast<Index>(std::floor(exact + 1e-9)));
    remainder(static_cast<Index>(c)) = exact - static_cast<double>(quota.back());
  }
  const Index left = count - std::accumulate(quota.begin(), quota.end(), Index{0});
  for (const Index c : highest(remainder, left)) ++quota[static_cast<std::size_t>(c)];
  std::vector<Index> rows;
  for (std::size_t c = 0; c < members.size(); ++c) {
    const VectorXd own = scores(members[c]);
    for (const Index k : highest(own, quota[c]))
      rows.push_back(members[c][static_cast<std::size_t>(k)]);
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

std::vector<Index> all_but(Index examples, const std::vector<Index>& removed) {
  std::vector<Index> all(static_cast<std::size_t>(examples)), kept;
  std::iota(all.begin(), all.end(), Index{0});
  std::set_difference(
      all.begin(), all.end(), removed.begin(), removed.end(), std::back_inserter(kept));
  return kept;
}

std::vector<Tested> retrain_and_test(const std::vector<Retraining>& trainings,
                                     const PoolOptions& pool) {
  std::vector<RetrainingTask> work;
  work.reserve(trainings.size());
  for (const Retraining& t : trainings)
    work.push_back(
        {seeded_key(t.task->problem, 0, fmt::format("on {}", fmt::join(t.kept, " "))), [&t] {
           return naming_divergence(t.task->settings, [&t] { return train_on(*t.task, t.kept); });
         }});
  const std::vector<Run> runs = retrain(work, pool);
  std::vector<Tested> tested;
  for (std::size_t k = 0; k < runs.size(); ++k)
    tested.push_back(test(*trainings[k].task, runs[k].theta));
  return tested;
}

}  // namespace leaveout
