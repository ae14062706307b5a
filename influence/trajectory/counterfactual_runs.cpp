// SPDX-License-Identifier: MIT
#include "influence/trajectory/counterfactual_runs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "datasets/random.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

void check(const Trajectory& path, const std::vector<Group>& removed) {
  require_training(path);
  for (const Group& group : removed) {
    const std::set<Index> members(group.begin(), group.end());
    require_counterfactual(members.size() == group.size(),
                           "removed examples, expected each once in its group");
    require_counterfactual(
        members.empty() || (*members.begin() >= 0 && *members.rbegin() < path.examples()),
        fmt::format("removed example, expected 0 to {}, got {}",
                    path.examples() - 1,
                    fmt::join(group, ", ")));
  }
}

/// The path's objective with each of the group's weights multiplied by `factor`.
Objective weighted(const Trajectory& path, const Group& group, double factor) {
  Objective q = *path.objective;
  for (const Index i : group) q.weights(i) *= factor;
  return q;
}

RetrainingTask weighted_task(const Trajectory& path,
                             const Group& group,
                             double factor,
                             const std::string& description) {
  const std::string what = fmt::format("factor={} of={}\n", factor, fmt::join(group, ","));
  return {description + what, [path, group, factor] {
            return train_counterfactual(path, weighted(path, group, factor));
          }};
}

/// The path's steps over again, each on those of its batch that are left.
Run train_renormalised(const Trajectory& path, const Group& group) {
  const TrainingLog& log = *path.log;
  Evaluator evaluate(*path.objective);
  OptimiserState state = initial_state(log.protocol, training_start(path));
  VectorXd g(path.parameters());
  std::vector<Index> left;
  for (Index t = 0; t < path.steps(); ++t) {
    left.clear();
    for (const Index i : log.batch(t))
      if (std::find(group.begin(), group.end(), i) == group.end()) left.push_back(i);
    require_counterfactual(
        !left.empty(),
        fmt::format("renormalised batch of step {}, expected another example in it, got none: "
                    "use larger batches or zero_weight",
                    t));
    step_gradient(evaluate, state.theta, left, g);
    advance(log.protocol, log.rates[static_cast<std::size_t>(t)], g, state);
  }
  Run run;
  run.theta = state.theta;
  run.iterations = log.protocol.epochs;
  return run;
}

RetrainingTask renormalised_task(const Trajectory& path,
                                 const Group& group,
                                 const std::string& description) {
  const std::string what = fmt::format("renormalised without={}\n", fmt::join(group, ","));
  return {description + what, [path, group] { return train_renormalised(path, group); }};
}

/// Shuffles of its own for each group, whatever it is asked for with.
std::uint64_t shuffle_seed(std::uint64_t seed, const Group& group, Index number) {
  constexpr std::uint64_t kWhat = 0x72657368;  // "resh"
  for (const Index i : group) seed = Random(seed, {kWhat, 0, static_cast<std::uint64_t>(i)}).bits();
  return Random(seed, {kWhat, 1, static_cast<std::uint64_t>(number)}).bits();
}

/// The others as a data set of their own, in shuffle number `number`.
Run train_reshuffled(const Trajectory& path, const Group& group, Index number) {
  std::vector<Index> others;
  for (Index i = 0; i < path.examples(); ++i)
    if (std::find(group.begin(), group.end(), i) == group.end()) others.push_back(i);
  const Dataset data = take(path.train(), others);
  Objective q = training_objective(path.model(), data, path.objective->weight_decay);
  const double scale = static_cast<double>(path.examples()) / static_cast<double>(others.size());
  q.weights = scale * path.objective->weights(others);
  Protocol protocol = path.log->protocol;
  protocol.seed = shuffle_seed(protocol.seed, group, number);
  return train(q, training_start(path), protocol);
}

/// Those of each group side by side.
std::vector<RetrainingTask> reshuffled_tasks(const Trajectory& path,
                                             const std::vector<Group>& groups,
                                             Index seeds,
                                             const std::string& description) {
  std::vector<RetrainingTask> tasks;
  for (const Group& group : groups)
    for (Index seed = 0; seed < seeds; ++seed) {
      const std::string what =
          fmt::format("reshuffled without={} shuffle={}\n", fmt::join(group, ","), seed);
      tasks.push_back({description + what,
                       [path, group, seed] { return train_reshuffled(path, group, seed); }});
    }
  return tasks;
}

/// Value changes of each column, (Q x K).
MatrixXd changes(const QueryLosses& queries, const MatrixXd& theta, const VectorXd& base) {
  MatrixXd values(queries.count(), theta.cols());
  for (Index k = 0; k < theta.cols(); ++k) values.col(k) = queries.values(theta.col(k));
  return values.colwise() - queries.values(base);
}

}  // namespace

std::string batch_removal_name(BatchRemoval how) {
  return how == BatchRemoval::zero_weight ? "zero_weight" : "renormalise";
}

CounterfactualRuns counterfactual_runs(const Trajectory& path,
                                       const std::vector<Group>& removed,
                                       const CounterfactualOptions& options,
                                       BatchRemoval how) {
  check(path, removed);
  std::vector<RetrainingTask> tasks;
  tasks.reserve(removed.size());
  const std::string description = describe_training(path, options.provenance);
  for (const Group& group : removed)
    tasks.push_back(how == BatchRemoval::zero_weight ? weighted_task(path, group, 0, description)
                                                     : renormalised_task(path, group, description));
  return {removed, training_ends(path, tasks, options.pool), path.theta_end()};
}

void walk_counterfactual(const Trajectory& path,
                         const Group& removed,
                         const CounterfactualVisitor& after) {
  check(path, {removed});
  walk_beside(path, weighted(path, removed, 0), after);
}

Scores counterfactual_scores(const Trajectory& path,
                             const CounterfactualRuns& runs,
                             const QueryLosses& queries) {
  Scores scores = trajectory_scores(path, changes(queries, runs.theta, runs.base), "retraining");
  scores.train = runs.removed;
  return scores;
}

VectorXd own_loss_changes(const Trajectory& path, const CounterfactualRuns& runs) {
  VectorXd change(runs.theta.cols());
  for (Index k = 0; k < change.size(); ++k) {
    const Dataset own = take(path.train(), runs.removed[static_cast<std::size_t>(k)]);
    const QueryLosses loss(path.model(), own, QueryLosses::As::mean);
    change(k) = changes(loss, runs.theta.col(k), runs.base)(0, 0);
  }
  return change;
}

MatrixXd weight_differences(const Trajectory& path,
                            const std::vector<Group>& removed,
                            double s,
                            const CounterfactualOptions& options) {
  check(path, removed);
  require_counterfactual(s > 0 && s <= 1,
                         fmt::format("s, expected above 0 and at most 1, got {}", s));
  const std::string description = describe_training(path, options.provenance);
  std::vector<RetrainingTask> tasks;
  for (const double factor : {1 - s, 1 + s})
    for (const Group& group : removed)
      tasks.push_back(weighted_task(path, group, factor, description));
  const MatrixXd theta = training_ends(path, tasks, options.pool);
  const auto k = static_cast<Index>(removed.size());
  return (theta.leftCols(k) - theta.rightCols(k)) / (2 * s);
}

ErrorSplit split_error(const MatrixXd& estimate,
                       const MatrixXd& derivative,
                       const MatrixXd& truth) {
  for (const MatrixXd* m : {&estimate, &derivative})
    require_counterfactual(
        m->rows() == truth.rows() && m->cols() == truth.cols(),
        fmt::format("estimate and derivative, expected {} x {} as the truth, got {} x {}",
                    truth.rows(),
                    truth.cols(),
                    m->rows(),
                    m->cols()));
  const Eigen::ArrayXd size = truth.colwise().norm().transpose();
  const auto relative = [&](const MatrixXd& difference) -> VectorXd {
    const Eigen::ArrayXd distance = difference.colwise().norm().transpose();
    return distance / size;
  };
  return {
      relative(estimate - truth), relative(derivative - truth), relative(estimate - derivative)};
}

ReshuffledChanges reshuffled_changes(const Trajectory& path,
                                     const std::vector<Group>& removed,
                                     const QueryLosses& queries,
                                     Index seeds,
                                     const CounterfactualOptions& options) {
  check(path, removed);
  require_counterfactual(
      seeds >= 2, fmt::format("seeds, expected at least 2 (20 to believe it), got {}", seeds));
  std::vector<Group> groups = {{}};  // all examples first
  groups.insert(groups.end(), removed.begin(), removed.end());
  const MatrixXd theta = training_ends(
      path,
      reshuffled_tasks(path, groups, seeds, describe_training(path, options.provenance)),
      options.pool);
  const MatrixXd values = changes(queries, theta, path.theta_end());  // (Q x groups * seeds)
  const auto n = static_cast<double>(seeds);
  MatrixXd mean(values.rows(), static_cast<Index>(groups.size())), square = mean;
  for (Index k = 0; k < mean.cols(); ++k) {
    const MatrixXd own = values.middleCols(k * seeds, seeds);
    mean.col(k) = own.rowwise().mean();
    square.col(k) = (own.colwise() - mean.col(k)).rowwise().squaredNorm() / (n * (n - 1));
  }
  const Index count = mean.cols() - 1;
  const MatrixXd variance = square.rightCols(count).colwise() + square.col(0);
  return {mean.rightCols(count).colwise() - mean.col(0), variance.cwiseSqrt()};
}

CounterfactualRuns warm_runs(const Trajectory& path,
                             const std::vector<Group>& removed,
                             Response response,
                             double damping,
                             ProtocolKind protocol,
                             const CounterfactualOptions& options) {
  check(path, removed);
  require_counterfactual(
      response == Response::warm_start || response == Response::proximal,
      "response, expected warm_start or proximal, got " + response_name(response));
  const VectorXd& weights = path.objective->weights;
  require_counterfactual((weights.array() == 1 / static_cast<double>(path.examples())).all(),
                         "weights, expected 1/N each for a warm start");
  const LeaveOneOut loo(path.model(),
                        path.train(),
                        path.objective->weight_decay,
                        damping,
                        training_start(path),
                        path.theta_end());
  DecompositionOptions how;
  how.base = path.log->protocol;
  how.pool = options.pool;
  how.provenance = options.provenance;
  std::vector<RetrainingTask> tasks = {response_task(loo, response, {}, protocol, how)};
  for (const Group& group : removed)
    tasks.push_back(response_task(loo, response, group, protocol, how));
  const MatrixXd theta = training_ends(path, tasks, options.pool);
  return {removed, theta.rightCols(theta.cols() - 1), theta.col(0)};
}

}  // namespace leaveout
