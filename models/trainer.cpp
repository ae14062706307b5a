// SPDX-License-Identifier: MIT
#include "models/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace leaveout {

using Eigen::VectorXd;

namespace {

void require_finite(const VectorXd& theta, Index epochs_done, const Protocol& p) {
  if (!theta.allFinite())
    throw std::runtime_error(fmt::format(
        "[train] parameters are no longer finite after epoch {} of {}: lower the learning rate "
        "(now {})",
        epochs_done,
        p.epochs,
        p.learning_rate));
}

}  // namespace

void step_gradient(Evaluator& evaluate,
                   const VectorXd& theta,
                   std::span<const Index> batch,
                   VectorXd& g) {
  if (static_cast<Index>(batch.size()) == evaluate.objective().size())
    evaluate.gradient(theta, g);  // in the data's own order, straight from the data set
  else
    evaluate.batch_gradient(theta, batch, g);
}

Run train(const Objective& objective,
          const VectorXd& start,
          const Protocol& protocol,
          TrainingHook* hook) {
  check(protocol);
  Evaluator evaluate(objective);
  OptimiserState state = initial_state(protocol, start);
  Run run;
  VectorXd g(start.size());
  const auto note = [&](Index epochs_done) {
    run.objective = evaluate.gradient(state.theta, g);
    run.gradient_norm = g.norm();
    run.log.push_back({epochs_done, run.objective, run.gradient_norm});
  };
  const Index steps = step_count(protocol, objective.size());
  const auto step = [&](Index epoch, std::span<const Index> batch) {
    const double rate = rate_at(protocol, state.steps, steps);
    if (hook) hook->before_step({epoch, state.steps, batch, rate, state});
    step_gradient(evaluate, state.theta, batch, g);
    advance(protocol, rate, g, state);
  };
  std::vector<Index> order(static_cast<std::size_t>(objective.size()));
  std::iota(order.begin(), order.end(), Index{0});
  const auto batch_size = static_cast<std::size_t>(std::min(protocol.batch_size, objective.size()));
  VectorXd weights = objective.weights;
  note(0);
  for (Index e = 0; e < protocol.epochs; ++e) {
    if (protocol.batch_size < objective.size())
      epoch_order(protocol, protocol.first_epoch + e, order);
    const std::span<const Index> all(order);
    for (std::size_t begin = 0; begin < order.size(); begin += batch_size)
      step(e, all.subspan(begin, std::min(batch_size, order.size() - begin)));
    require_finite(state.theta, e + 1, protocol);
    if (hook) {
      hook->after_epoch(e + 1, state.theta, weights);
      if (weights != evaluate.objective().weights) evaluate.set_weights(weights);
    }
    if (protocol.log_every > 0 && (e + 1) % protocol.log_every == 0 && e + 1 < protocol.epochs)
      note(e + 1);
  }
  if (protocol.epochs > 0) note(protocol.epochs);
  run.theta = state.theta;
  run.iterations = protocol.epochs;
  return run;
}

}  // namespace leaveout
