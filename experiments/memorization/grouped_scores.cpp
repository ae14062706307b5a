// SPDX-License-Identifier: MIT
#include "experiments/memorization/grouped_scores.h"

#include "datasets/random.h"
#include "experiments/harmonic/subset_task.h"
#include "influence/harmonic/query_output.h"
#include "influence/memorization/forgetting.h"
#include "influence/memorization/seeded_training.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

SubsetProblem several_runs(const GroupedTask& task, const Settings& settings) {
  SubsetProblem several = task.problem;
  several.seeds = settings.whole("runs");
  return several;
}

}  // namespace

Run base_run(const SubsetProblem& problem) {
  if (!is_convex(problem.model->spec())) return train_seeded(problem, full_weights(problem), 0);
  const Objective q = training_objective(*problem.model, *problem.train, problem.weight_decay);
  return minimise(q, VectorXd::Zero(q.parameter_count()), problem.newton);
}

EarlyScores early_scores_of(const GroupedTask& task,
                            const Settings& settings,
                            const TaskOptions& options) {
  const MatrixXd thetas = early_thetas(several_runs(task, settings),
                                       settings.whole("early_epochs"),
                                       subset_pool(options, task.settings.name + " early"));
  return early_scores(*task.model, *task.train, thetas);
}

VectorXd forgetting_events_of(const GroupedTask& task,
                              const Settings& settings,
                              const TaskOptions& options) {
  const PoolOptions pool = subset_pool(options, task.settings.name + " forgetting");
  return forgetting_scores(several_runs(task, settings), pool).events;
}

VectorXd random_order(const GroupedTask& task, std::uint64_t stream) {
  Random random(task.settings.seed, {stream});
  VectorXd order(task.examples());
  for (double& x : order) x = random.uniform();
  return order;
}

VectorXd wrong_first(const GroupedTask& task, VectorXd order) {
  for (Index i = 0; i < order.size(); ++i)
    if (task.groups[static_cast<std::size_t>(i)] == PlantedGroup::mislabelled) order(i) += 1;
  return order;
}

Tested test(const GroupedTask& task, const VectorXd& theta) {
  const Dataset& test = *task.test;
  const MatrixXd logits = outputs(*task.model, test.inputs, theta);
  return {output_values(QueryOutput::correct, logits, test.targets, test.task).mean(),
          losses(*task.model, test, theta).mean()};
}

}  // namespace leaveout
