// SPDX-License-Identifier: MIT
#include "experiments/memorization/selective_removal_task.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "datasets/sha256.h"
#include "datasets/words.h"
#include "experiments/harmonic/subset_task.h"
#include "influence/memorization/seeded_training.h"
#include "influence/metrics/correlation.h"
#include "models/retraining_pool.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// A network after its training, and who was not in it at the end.
struct Outcome {
  VectorXd theta;
  std::vector<char> removed;  // (N)
};

RemovalArm measure(const GroupedTask& task, const Outcome& outcome) {
  const Dataset& test = *task.test;
  const MatrixXd logits = outputs(*task.model, test.inputs, outcome.theta);
  const VectorXd right = output_values(QueryOutput::correct, logits, test.targets, test.task);
  RemovalArm arm;
  arm.accuracy = right.mean();
  arm.loss = losses(*task.model, test, outcome.theta).mean();
  double rare_right = 0, rare = 0;
  for (std::size_t i = 0; i < task.test_groups.size(); ++i) {
    if (task.test_groups[i] != PlantedGroup::rare) continue;
    ++rare;
    rare_right += right(static_cast<Index>(i));
  }
  if (rare > 0) arm.rare_accuracy = rare_right / rare;
  std::array<double, 4> removed = {}, members = {};
  for (std::size_t i = 0; i < task.groups.size(); ++i) {
    const auto group = static_cast<std::size_t>(task.groups[i]);
    ++members[group];
    removed[group] += outcome.removed[i];
    arm.removed += outcome.removed[i];
  }
  arm.removed /= static_cast<double>(task.examples());
  for (std::size_t g = 0; g < members.size(); ++g)
    if (members[g] > 0) arm.of_group[g] = removed[g] / members[g];
  return arm;
}

/// A training without these examples; `removed` is all that tells it from the base run.
RetrainingTask training_without(const SubsetProblem& problem, const std::vector<char>& removed) {
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < removed.size(); ++i)
    if (removed[i]) rows.push_back(i);
  return {seeded_key(problem, 0, fmt::format("without {}", fmt::join(rows, " "))),
          [&problem, rows] {
            VectorXd weights = full_weights(problem);
            for (const std::size_t i : rows) weights(static_cast<Index>(i)) = 0;
            return train_seeded(problem, weights, 0);
          }};
}

Dataset with_validation(const GroupedTask& task) {
  Dataset both = *task.train;
  const Index more = task.validation->size();
  both.inputs.conservativeResize(Eigen::NoChange, both.size() + more);
  both.targets.conservativeResize(Eigen::NoChange, both.size());
  both.inputs.rightCols(more) = task.validation->inputs;
  both.targets.rightCols(more) = task.validation->targets;
  return both;
}

struct OnlineOutcome {
  Outcome outcome;
  OnlineChecks checks;
  double epochs = 0;
};

constexpr std::array<Index OnlineChecks::*, 6> kChecks = {&OnlineChecks::trainings,
                                                          &OnlineChecks::factorisations,
                                                          &OnlineChecks::periods,
                                                          &OnlineChecks::wrong_weights,
                                                          &OnlineChecks::over_cap,
                                                          &OnlineChecks::missed_cap};

std::string bytes_of(const VectorXd& theta, const WatchedRemoval& hook) {
  std::string bytes;
  for (const double x : theta) put(bytes, x);
  for (const char d : hook.rule().dropped()) put(bytes, std::int64_t{d});
  for (const auto check : kChecks) put(bytes, std::int64_t{hook.checks().*check});
  put(bytes, hook.epochs());
  return bytes;
}

OnlineOutcome online_outcome(const std::string& bytes, const GroupedTask& task) {
  Words words(bytes);
  OnlineOutcome o;
  o.outcome.theta.resize(task.model->parameter_count());
  for (double& x : o.outcome.theta) x = words.real();
  o.outcome.removed.resize(task.groups.size());
  for (char& d : o.outcome.removed) d = static_cast<char>(words.integer());
  for (const auto check : kChecks) o.checks.*check = words.integer();
  o.epochs = words.real();
  return o;
}

std::string validation_hash(const GroupedTask& task) {
  const MatrixXd &x = task.validation->inputs, &t = task.validation->targets;
  return sha256_numbers({x.data(), static_cast<std::size_t>(x.size())}) +
         sha256_numbers({t.data(), static_cast<std::size_t>(t.size())});
}

ShardTask online_training(const GroupedTask& task, const RemovalOptions& o) {
  const std::string what = fmt::format(
      "online period={} warm_up={} memory={} harmful={} redundant={} confidence={} cap={} "
      "damping={} validation={}",
      o.period,
      o.warm_up,
      o.memory,
      o.harmful,
      o.redundant,
      o.confidence,
      o.max_dropped,
      o.damping,
      validation_hash(task));
  return {seeded_key(task.problem, 0, what), [&task, o] {
            WatchedRemoval hook(task, o);
            const Run run = train_seeded(task.problem, full_weights(task.problem), 0, &hook);
            return bytes_of(run.theta, hook);
          }};
}

/// Gradients of examples / N that a ranking takes, before the network is trained again.
double scoring_epochs(const std::string& method, const Settings& settings, double epochs) {
  const auto runs = static_cast<double>(settings.whole("runs"));
  if (method == "random" || method == "oracle") return 0;
  if (method == "forgetting") return runs * epochs;
  if (method == "el2n" || method == "grand")
    return runs * static_cast<double>(settings.whole("early_epochs"));
  return epochs;
}

bool factorises(const std::string& method) {
  return method.find("influence") != std::string::npos;
}

/// The seeds of a task side by side, so that all their trainings fill the pool.
class RemovalStudy {
 public:
  RemovalStudy(const Job& job, const TaskOptions& options)
      : job_(job), options_(options), fractions_(read_fractions(job.settings)) {
    for (Index r = 0; r < job.settings.whole("seeds"); ++r) {
      tasks_.push_back(load_grouped_task(job, options, r));
      RemovalSeed seed{.seed = tasks_.back().settings.seed};
      for (const PlantedGroup g : tasks_.back().groups) ++seed.groups[static_cast<std::size_t>(g)];
      seeds_.push_back(seed);
    }
  }

  std::vector<RemovalSeed> run() {
    train_bases();
    retrain_without();
    train_online();
    return std::move(seeds_);
  }

 private:
  PoolOptions pool(const char* title) const {
    return subset_pool(options_, job_.task.name + " " + title);
  }
  std::vector<char> nobody(const GroupedTask& task) const {
    return std::vector<char>(task.groups.size(), 0);
  }
  double epochs() const { return static_cast<double>(job_.task.base.epochs); }

  RemovalArm all_kept(const GroupedTask& task, const char* method, const VectorXd& theta) const {
    RemovalArm arm = measure(task, {theta, nobody(task)});
    arm.method = method;
    arm.fraction = 0;
    arm.epochs = epochs();
    return arm;
  }

  void train_bases() {
    std::vector<Dataset> both;
    std::vector<SubsetProblem> larger;
    for (const GroupedTask& task : tasks_) {
      both.push_back(with_validation(task));
      larger.push_back(task.problem);
    }
    std::vector<RetrainingTask> trainings;
    for (std::size_t s = 0; s < tasks_.size(); ++s) {
      larger[s].train = &both[s];
      trainings.push_back(training_without(tasks_[s].problem, nobody(tasks_[s])));
      trainings.push_back(training_without(larger[s], nobody(tasks_[s])));
    }
    const std::vector<Run> runs = retrain(trainings, pool("base"));
    for (std::size_t s = 0; s < tasks_.size(); ++s) {
      base_.push_back(runs[2 * s].theta);
      seeds_[s].arms.push_back(all_kept(tasks_[s], kNothing, base_[s]));
      RemovalArm arm = all_kept(tasks_[s], kWithValidation, runs[2 * s + 1].theta);
      arm.epochs *= static_cast<double>(both[s].size()) / static_cast<double>(tasks_[s].examples());
      seeds_[s].arms.push_back(arm);
    }
  }

  void retrain_without() {
    std::vector<RetrainingTask> trainings;
    std::vector<std::vector<char>> removed;
    for (std::size_t s = 0; s < tasks_.size(); ++s) {
      const MatrixXd scores = removal_rankings(tasks_[s], base_[s], job_.settings, options_);
      for (Index m = 0; m < scores.cols(); ++m)
        for (const double fraction : fractions_) {
          removed.push_back(nobody(tasks_[s]));
          for (const Index i : removed_examples(-merge_ties(scores.col(m)), fraction))
            removed.back()[static_cast<std::size_t>(i)] = 1;
          trainings.push_back(training_without(tasks_[s].problem, removed.back()));
        }
    }
    const std::vector<Run> runs = retrain(trainings, pool("offline"));
    std::size_t next = 0;
    for (std::size_t s = 0; s < tasks_.size(); ++s)
      for (const char* method : kRemovalRankings)
        for (const double fraction : fractions_) {
          RemovalArm arm = measure(tasks_[s], {runs[next].theta, removed[next]});
          ++next;
          arm.method = method;
          arm.fraction = fraction;
          arm.epochs =
              scoring_epochs(method, job_.settings, epochs()) + (1 - arm.removed) * epochs();
          arm.factorisations = factorises(method) ? 1 : 0;
          seeds_[s].arms.push_back(arm);
        }
  }

  /// Of each seed: the caps, then a cap of 0, then the rule's own threshold.
  std::vector<ShardTask> online_trainings() const {
    std::vector<ShardTask> trainings;
    for (const GroupedTask& task : tasks_) {
      const Index n = task.examples();
      for (const double fraction : fractions_)
        trainings.push_back(
            online_training(task, online_options(job_.settings, removed_count(fraction, n), n)));
      trainings.push_back(online_training(task, online_options(job_.settings, 0, n)));
      trainings.push_back(online_training(task, threshold_options(job_.settings)));
    }
    return trainings;
  }

  void train_online() {
    const std::vector<std::string> bytes = make_shards(online_trainings(), pool("online"));
    std::size_t next = 0;
    for (std::size_t s = 0; s < tasks_.size(); ++s)
      for (std::size_t k = 0; k < fractions_.size() + 2; ++k) {
        const OnlineOutcome o = online_outcome(bytes[next++], tasks_[s]);
        for (const auto check : kChecks) seeds_[s].checks.*check += o.checks.*check;
        if (k == fractions_.size()) {
          seeds_[s].same_bits = o.outcome.theta == base_[s];
          continue;
        }
        RemovalArm arm = measure(tasks_[s], o.outcome);
        arm.method = k < fractions_.size() ? kOnline : kOwnThreshold;
        if (k < fractions_.size()) arm.fraction = fractions_[k];
        arm.epochs = o.epochs;
        arm.factorisations = o.checks.factorisations;
        seeds_[s].arms.push_back(arm);
      }
  }

  const Job& job_;
  const TaskOptions& options_;
  std::vector<double> fractions_;
  std::vector<GroupedTask> tasks_;  // of the seeds
  std::vector<VectorXd> base_;      // (P) each
  std::vector<RemovalSeed> seeds_;
};

}  // namespace

const RemovalArm* find_arm(const RemovalSeed& seed,
                           const std::string& method,
                           std::optional<double> fraction) {
  const bool all_kept = method == kNothing || method == kWithValidation;
  for (const RemovalArm& arm : seed.arms)
    if (arm.method == method && (all_kept || arm.fraction == fraction)) return &arm;
  return nullptr;
}

std::vector<RemovalSeed> remove_and_train(const Job& job, const TaskOptions& options) {
  return RemovalStudy(job, options).run();
}

}  // namespace leaveout
