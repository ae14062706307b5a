// SPDX-License-Identifier: MIT
#include "influence/trajectory/counterfactual_tasks.h"

#include <fmt/format.h>

#include <stdexcept>

#include "autodiff/memory.h"
#include "datasets/sha256.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

void require_counterfactual(bool ok, const std::string& what) {
  if (!ok) throw std::invalid_argument("[counterfactual] " + what);
}

void require_training(const Trajectory& path) {
  const Objective& q = *path.objective;
  require_counterfactual(
      q.term == ObjectiveTerm::loss && q.damping == 0,
      "objective, expected losses and weight decay, got another term or a damping");
}

const VectorXd& training_start(const Trajectory& path) {
  return path.log->kept.empty() ? path.theta_end() : path.log->kept.front().theta;
}

std::string numbers_hash(const MatrixXd& m) {
  return sha256_numbers({m.data(), static_cast<std::size_t>(m.size())});
}

std::string describe_training(const Trajectory& path, const std::string& provenance) {
  const ModelSpec& spec = path.model().spec();
  return fmt::format(
      "{}\ncounterfactual model={} loss={} weight_decay={}\ninputs={} targets={} weights={}\n"
      "start={} steps={}\n{}\n",
      provenance,
      describe(spec),
      loss_name(spec.loss),
      path.objective->weight_decay,
      numbers_hash(path.train().inputs),
      numbers_hash(path.train().targets),
      numbers_hash(path.objective->weights),
      numbers_hash(training_start(path)),
      path.steps(),
      describe(path.log->protocol));
}

Run train_counterfactual(const Trajectory& path, const Objective& instead) {
  return train(instead, training_start(path), path.log->protocol);
}

MatrixXd training_ends(const Trajectory& path,
                       const std::vector<RetrainingTask>& tasks,
                       const PoolOptions& pool) {
  const auto count = static_cast<Index>(tasks.size());
  require_memory("counterfactual",
                 2 * sizeof(double) * static_cast<std::size_t>(path.parameters() * count),
                 0,
                 fmt::format("{} trainings of {} parameters", count, path.parameters()),
                 "take fewer groups or fewer seeds at once");
  MatrixXd theta(path.parameters(), count);
  Index k = 0;
  for (const Run& run : retrain(tasks, pool)) theta.col(k++) = run.theta;
  return theta;
}

void walk_beside(const Trajectory& path,
                 const Objective& instead,
                 const CounterfactualVisitor& after) {
  Evaluator evaluate(instead);
  OptimiserState state = initial_state(path.log->protocol, training_start(path));
  VectorXd g(path.parameters());
  Replay replay(*path.objective, *path.log);
  replay.forward([&](const LoggedStep& step) {
    step_gradient(evaluate, state.theta, step.batch, g);
    advance(path.log->protocol, step.rate, g, state);
    after(step.number + 1, state.theta - step.after.theta);
  });
}

}  // namespace leaveout
