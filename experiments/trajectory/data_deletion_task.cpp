// SPDX-License-Identifier: MIT
#include "experiments/trajectory/data_deletion_task.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

#include "datasets/words.h"
#include "experiments/harmonic/subset_task.h"
#include "experiments/trajectory/scored_retraining.h"
#include "influence/estimators/influence_function.h"
#include "influence/memorization/seeded_training.h"
#include "influence/trajectory/counterfactual_runs.h"
#include "influence/trajectory/diff_in.h"
#include "influence/trajectory/unrolled.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr std::uint64_t kOrder = 0x44454c455445;  // of deletion: its stream of random numbers
constexpr std::array<const char*, 7> kMetrics = {"distance",
                                                 "distance_best_scale",
                                                 "cosine",
                                                 "accuracy",
                                                 "accuracy_gap",
                                                 "deleted_loss",
                                                 "deleted_loss_gap"};

Index deleted_count(double share, Index examples) {
  return std::max<Index>(1, std::lround(share * static_cast<double>(examples)));
}

std::vector<Index> union_of(const std::vector<Group>& groups) {
  std::set<Index> rows;
  for (const Group& g : groups) rows.insert(g.begin(), g.end());
  return {rows.begin(), rows.end()};
}

/// The estimates of one recorded training.
class Deletion {
 public:
  Deletion(const RecordedTask& task, const std::vector<Group>& groups, const Settings& settings)
      : task_(task), groups_(groups), settings_(settings), rows_(union_of(groups)) {}

  MatrixXd changes(const std::string& method) const {
    const Trajectory path = task_.path();
    if (method == "nothing") return MatrixXd::Zero(path.parameters(), count());
    if (method == "fine_tuning") return fine_tuning(path.theta_end());
    if (method == "fine_tuning_shift") return fine_tuning(train_on(task_.objective));
    if (method == "diff_in" || method == "diff_in_sum") {
      DiffInOptions o;
      o.sum_over_steps = method == "diff_in_sum";
      return diff_in(o);
    }
    if (method == "diff_in_whole") return diff_in(consistent_diff_in());
    if (method == "tracin") return removal_tangents(path, groups_, {.propagate = false});
    if (method == "newton") return newton();
    if (method == "unrolled") return removal_tangents(path, groups_);
    if (method == "single_retrainings")
      return sums(counterfactual_runs(path, one_by_one(rows_)).delta());
    throw std::logic_error("no such estimate: " + method);
  }

 private:
  Index count() const { return static_cast<Index>(groups_.size()); }

  /// Columns of `each` (P x rows_), added up over each group.
  MatrixXd sums(const MatrixXd& each) const {
    MatrixXd sum = MatrixXd::Zero(each.rows(), count());
    for (std::size_t g = 0; g < groups_.size(); ++g)
      for (const Index i : groups_[g]) {
        const auto at = std::lower_bound(rows_.begin(), rows_.end(), i) - rows_.begin();
        sum.col(static_cast<Index>(g)) += each.col(at);
      }
    return sum;
  }

  MatrixXd diff_in(DiffInOptions o) const {
    o.checkpoints = {Sampling::random, settings_.whole("checkpoints"), task_.data.settings.seed};
    return sums(diff_in_parameters(task_.path(), rows_, o));
  }

  MatrixXd newton() const {
    const GroupedTask& d = task_.data;
    const LeaveOneOut loo(*d.model,
                          *d.train,
                          d.problem.weight_decay,
                          settings_.number("damping"),
                          task_.start,
                          task_.log.end.theta);
    return InfluenceFunction(loo, {}).steps(groups_).x;
  }

  /// Where the training ends that goes on for fine_tune_epochs.
  VectorXd train_on(const Objective& objective) const {
    Protocol more = seeded_start(task_.data.problem, 0).protocol;
    more.first_epoch = more.epochs;
    more.epochs = settings_.whole("fine_tune_epochs");
    return train(objective, task_.log.end.theta, more).theta;
  }

  /// More training on the rest, as changes from `base` (P).
  MatrixXd fine_tuning(const VectorXd& base) const {
    MatrixXd changes(base.size(), count());
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      Objective rest = task_.objective;
      for (const Index i : groups_[g]) rest.weights(i) = 0;
      changes.col(static_cast<Index>(g)) = train_on(rest) - base;
    }
    return changes;
  }

  const RecordedTask& task_;
  const std::vector<Group>& groups_;
  const Settings& settings_;
  std::vector<Index> rows_;
};

constexpr double kBeyond = HUGE_VAL;  // in the bytes: beyond all bounds; a NaN: undefined

/// In the order of kMetrics. Undefined where training without the deleted changes nothing.
std::array<double, kMetrics.size()> measure(const RecordedTask& task,
                                            const Dataset& deleted,
                                            const VectorXd& estimate,
                                            const VectorXd& retrained) {
  std::array<double, kMetrics.size()> beyond;
  beyond.fill(kBeyond);
  if (!within_bounds(estimate)) return beyond;
  const VectorXd truth = retrained - task.log.end.theta, change = estimate - task.log.end.theta;
  const double size = truth.norm(), product = size * change.norm();
  const bool moved = size > 0;
  const double cosine = product > 0 ? truth.dot(change) / product : 0;
  const double accuracy = test(task.data, estimate).accuracy;
  const double loss = losses(task.model(), deleted, estimate).mean();
  if (!std::isfinite(loss)) return beyond;
  return {moved ? (change - truth).norm() / size : NAN,
          moved ? std::sqrt(std::max(0.0, 1 - cosine * cosine)) : NAN,
          moved ? cosine : NAN,
          accuracy,
          std::abs(accuracy - test(task.data, retrained).accuracy),
          loss,
          std::abs(loss - losses(task.model(), deleted, retrained).mean())};
}

/// A seed's numbers: groups, then the estimates and the truth, then kMetrics.
std::string deletion_bytes(const RecordedTask& task,
                           const std::vector<double>& shares,
                           const Settings& settings) {
  const std::vector<Group> groups = deleted_groups(task.data, shares);
  const MatrixXd truth = counterfactual_runs(task.path(), groups).theta;
  std::vector<MatrixXd> ends = deletion_estimates(task, groups, settings);
  ends.push_back(truth);
  std::string bytes;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const Dataset deleted = take(*task.data.train, groups[g]);
    const auto column = static_cast<Index>(g);
    for (const MatrixXd& end : ends)
      for (const double x : measure(task, deleted, end.col(column), truth.col(column)))
        put(bytes, x);
  }
  return bytes;
}

std::string deletion_key(const GroupedTask& task,
                         const std::vector<double>& shares,
                         const Settings& s) {
  return seeded_key(
      task.problem,
      0,
      fmt::format("deletion shares={} checkpoints={} damping={} fine_tune_epochs={} test: {}",
                  fmt::join(shares, ","),
                  s.whole("checkpoints"),
                  s.number("damping"),
                  s.whole("fine_tune_epochs"),
                  describe(task.problem)));
}

void read_numbers(const std::string& bytes, std::uint64_t seed, DeletionResult& r) {
  Words words(bytes);
  std::vector<std::string> methods = {kDeletions.begin(), kDeletions.end()};
  methods.push_back(kRetrained);
  for (const char* who : kWhoIsDeleted)
    for (const double share : r.shares)
      for (const std::string& method : methods)
        for (const char* metric : kMetrics) {
          const double value = words.real();
          if (std::isinf(value)) r.refused.insert(method + ": " + kBeyondBoundsWords);
          if (!std::isfinite(value)) continue;
          // Of the truth itself, what is no comparison.
          const bool own =
              metric == std::string("accuracy") || metric == std::string("deleted_loss");
          if (method != kRetrained || own) r.table.add({seed, who, share, method, metric, value});
        }
}

}  // namespace

DeletedShares deleted_shares(const Settings& settings, Index examples) {
  DeletedShares shares;
  Index last = 0;
  for (const double share : read_shares(settings, "shares", "data-deletion")) {
    const Index count = deleted_count(share, examples);
    (count == last ? shares.merged : shares.kept).push_back(share);
    last = count;
  }
  return shares;
}

std::vector<Group> deleted_groups(const GroupedTask& task, const std::vector<double>& shares) {
  const std::vector<Index> classes = classes_of(*task.train);
  std::vector<Index> sizes;
  for (const Index c : classes) {
    if (c >= static_cast<Index>(sizes.size())) sizes.resize(static_cast<std::size_t>(c) + 1, 0);
    ++sizes[static_cast<std::size_t>(c)];
  }
  const Index largest = std::max_element(sizes.begin(), sizes.end()) - sizes.begin();
  const std::vector<Index> order =
      Random(task.settings.seed, {kOrder}).permutation(task.examples());
  std::vector<Index> of_class;
  for (const Index i : order)
    if (classes[static_cast<std::size_t>(i)] == largest) of_class.push_back(i);
  std::vector<Group> groups;
  for (const std::vector<Index>* from : {&order, static_cast<const std::vector<Index>*>(&of_class)})
    for (const double share : shares) {
      const auto count = static_cast<std::size_t>(deleted_count(share, task.examples()));
      if (count > from->size())
        throw std::invalid_argument(fmt::format(
            "[data-deletion] shares, expected at most the share of the largest class, {} of {} "
            "examples, got {:g}",
            of_class.size(),
            task.examples(),
            share));
      Group group(from->begin(), from->begin() + static_cast<std::ptrdiff_t>(count));
      std::sort(group.begin(), group.end());
      groups.push_back(std::move(group));
    }
  return groups;
}

std::vector<MatrixXd> deletion_estimates(const RecordedTask& task,
                                         const std::vector<Group>& groups,
                                         const Settings& settings) {
  const Deletion deletion(task, groups, settings);
  std::vector<MatrixXd> ends;
  for (const char* method : kDeletions) {
    MatrixXd end = deletion.changes(method);
    end.colwise() += task.log.end.theta;
    ends.push_back(std::move(end));
  }
  return ends;
}

DeletionResult delete_and_estimate(const Job& job, const TaskOptions& options) {
  const DeletedShares shares =
      deleted_shares(job.settings, load_grouped_task(job, options).examples());
  DeletionResult r{job.task, shares.kept, {}, shares.merged, {}};
  TaskOptions inside = options;  // each shard is one thread's
  inside.threads = 1;
  inside.progress = {};
  std::vector<ShardTask> work;
  for (Index seed = 0; seed < job.settings.whole("seeds"); ++seed)
    work.push_back({deletion_key(load_grouped_task(job, options, seed), r.shares, job.settings),
                    [&job, &inside, &r, seed] {
                      const RecordedTask task(job, inside, seed);
                      return naming_divergence(task.data.settings, [&] {
                        return deletion_bytes(task, r.shares, job.settings);
                      });
                    }});
  const std::vector<std::string> bytes =
      make_shards(work, subset_pool(options, job.task.name + " deleted"));
  for (std::size_t k = 0; k < bytes.size(); ++k) read_numbers(bytes[k], job.task.seed + k, r);
  return r;
}

}  // namespace leaveout
