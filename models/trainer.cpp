// SPDX-License-Identifier: MIT
#include "models/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "datasets/random.h"

namespace leaveout {

using Eigen::VectorXd;

namespace {

/// One update rule with its buffers.
class Optimiser {
 public:
  Optimiser(const Protocol& protocol, Index parameters)
      : p_(protocol), first_(VectorXd::Zero(parameters)) {
    if (p_.optimiser == OptimiserKind::adam) second_ = VectorXd::Zero(parameters);
  }

  void step(const VectorXd& g, VectorXd& theta) {
    if (p_.optimiser == OptimiserKind::sgd) {
      first_ = p_.momentum * first_ + g;
      theta -= p_.learning_rate * first_;
      return;
    }
    ++steps_;
    first_ = p_.beta1 * first_ + (1 - p_.beta1) * g;
    second_ = p_.beta2 * second_ + (1 - p_.beta2) * g.cwiseAbs2();
    const double c1 = 1 / (1 - std::pow(p_.beta1, static_cast<double>(steps_)));
    const double c2 = 1 / (1 - std::pow(p_.beta2, static_cast<double>(steps_)));
    theta.array() -=
        p_.learning_rate * c1 * first_.array() / ((c2 * second_.array()).sqrt() + p_.epsilon);
  }

 private:
  const Protocol& p_;
  VectorXd first_, second_;  // (P): velocity, or the running means of g and g*g
  std::int64_t steps_ = 0;
};

void check(const Protocol& p) {
  if (!(p.momentum >= 0 && p.momentum < 1))
    throw std::invalid_argument(
        fmt::format("[train] momentum, expected at least 0 and below 1, got {}", p.momentum));
  if (p.batch_size < 1 || p.epochs < 0 || p.first_epoch < 0 || !(p.learning_rate > 0))
    throw std::invalid_argument(fmt::format(
        "[train] protocol, expected batch_size >= 1, epochs >= 0 and learning_rate > 0, got {}, {} "
        "and {}",
        p.batch_size,
        p.epochs,
        p.learning_rate));
}

/// The order of an epoch's examples (N), which its batches are pieces of.
void epoch_order(const Protocol& protocol, Index epoch, std::vector<Index>& order) {
  Random random(protocol.seed, {0x6261746368 /* "batch" */, static_cast<std::uint64_t>(epoch)});
  random.permutation(order);
}

/// Calls body(batch) for the pieces of an order.
template <class Body>
void for_each_batch(std::span<const Index> order, Index batch_size, Body&& body) {
  const auto step = static_cast<std::size_t>(batch_size);
  for (std::size_t begin = 0; begin < order.size(); begin += step)
    body(order.subspan(begin, std::min(step, order.size() - begin)));
}

}  // namespace

std::string optimiser_name(OptimiserKind kind) {
  return kind == OptimiserKind::sgd ? "sgd" : "adam";
}

OptimiserKind parse_optimiser(const std::string& name) {
  if (name == "sgd") return OptimiserKind::sgd;
  if (name == "adam") return OptimiserKind::adam;
  throw std::invalid_argument(
      fmt::format("[train] optimiser, expected sgd or adam, got '{}'", name));
}

std::string describe(const Protocol& p) {
  return fmt::format("{} rate={} momentum={} betas={},{},{} batch={} epochs={} first={} seed={}",
                     optimiser_name(p.optimiser),
                     p.learning_rate,
                     p.momentum,
                     p.beta1,
                     p.beta2,
                     p.epsilon,
                     p.batch_size,
                     p.epochs,
                     p.first_epoch,
                     p.seed);
}

std::vector<std::vector<Index>> epoch_batches(Index examples,
                                              const Protocol& protocol,
                                              Index epoch) {
  std::vector<Index> order(static_cast<std::size_t>(examples));
  epoch_order(protocol, epoch, order);
  std::vector<std::vector<Index>> batches;
  for_each_batch(order, protocol.batch_size, [&](std::span<const Index> batch) {
    batches.emplace_back(batch.begin(), batch.end());
  });
  return batches;
}

Run train(const Objective& objective,
          const VectorXd& start,
          const Protocol& protocol,
          TrainingHook* hook) {
  check(protocol);
  Evaluator evaluate(objective);
  Optimiser optimiser(protocol, start.size());
  Run run;
  run.theta = start;
  VectorXd g(start.size());
  const auto note = [&](Index epochs_done) {
    run.objective = evaluate.gradient(run.theta, g);
    run.gradient_norm = g.norm();
    run.log.push_back({epochs_done, run.objective, run.gradient_norm});
  };
  const bool full_batch = protocol.batch_size >= objective.size();
  std::vector<Index> order(static_cast<std::size_t>(objective.size()));
  std::iota(order.begin(), order.end(), Index{0});
  VectorXd weights = objective.weights;
  const auto watch = [&](Index epoch, std::span<const Index> batch) {
    if (hook) hook->before_step(epoch, batch, run.theta);
  };
  note(0);
  for (Index e = 0; e < protocol.epochs; ++e) {
    if (full_batch) {  // in the data's own order, straight from the data set
      watch(e, order);
      evaluate.gradient(run.theta, g);
      optimiser.step(g, run.theta);
    } else {
      epoch_order(protocol, protocol.first_epoch + e, order);
      for_each_batch(order, protocol.batch_size, [&](std::span<const Index> batch) {
        watch(e, batch);
        evaluate.batch_gradient(run.theta, batch, g);
        optimiser.step(g, run.theta);
      });
    }
    if (!run.theta.allFinite())
      throw std::runtime_error(fmt::format(
          "[train] parameters are no longer finite after epoch {} of {}: lower the learning rate "
          "(now {})",
          e + 1,
          protocol.epochs,
          protocol.learning_rate));
    if (hook) {
      hook->after_epoch(e + 1, run.theta, weights);
      if (weights != evaluate.objective().weights) evaluate.set_weights(weights);
    }
    if (protocol.log_every > 0 && (e + 1) % protocol.log_every == 0 && e + 1 < protocol.epochs)
      note(e + 1);
  }
  if (protocol.epochs > 0) note(protocol.epochs);
  run.iterations = protocol.epochs;
  return run;
}

}  // namespace leaveout
