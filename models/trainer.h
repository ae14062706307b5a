// SPDX-License-Identifier: MIT
#pragma once
// The deterministic mini-batch trainer: SGD with momentum, or Adam, on any Objective.
//
//   sgd    v <- momentum v + g,  theta <- theta - rate v          (g: mini-batch gradient)
//   adam   m, s: running means of g and g*g with bias correction, theta <- theta - rate m/(sqrt s +
//   e)
//
// Each epoch takes the examples in an order that depends on (seed, epoch) alone, never on the
// weights: a removed example (weight zero) keeps its place, so that two runs differ by its gradient
// and by nothing else. Buffers start at zero in every call.
//
//   Protocol p;  p.epochs = 100;  p.batch_size = 128;
//   Run base  = train(objective, theta_init, p);
//   p.first_epoch = 100;  p.epochs = 50;                      // further training, fresh batches
//   Run later = train(objective, base.theta, p);
//
// A TrainingHook looks on, and may change the examples' weights between epochs: forgetting events,
// early scores and removal during training are hooks of this one trainer.

#include <span>

#include "models/objective.h"
#include "models/run.h"

namespace leaveout {

enum class OptimiserKind { sgd, adam };
std::string optimiser_name(OptimiserKind kind);
OptimiserKind parse_optimiser(const std::string& name);

/// How a training is done, apart from where it starts. Printed with every result.
struct Protocol {
  OptimiserKind optimiser = OptimiserKind::sgd;
  double learning_rate = 0.1;                         // constant
  double momentum = 0;                                // sgd
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;  // adam
  Index batch_size = 128;                             // N or more: full batch
  Index epochs = 100;
  Index first_epoch = 0;  // number of the first epoch: decides the batches
  std::uint64_t seed = 0;
  Index log_every = 0;  // epochs between log lines, 0: first and last only
};

/// Everything about it that decides a result, in one line: for the keys of shards.
std::string describe(const Protocol& protocol);

/// What looks on at one training. Its functions are called in the training's own thread.
class TrainingHook {
 public:
  virtual ~TrainingHook() = default;
  /// Before each step: the batch whose gradient is about to be taken at theta (P). Epochs count
  /// from 0 here, removed examples keep their places.
  virtual void before_step(Index /*epoch*/,
                           std::span<const Index> /*batch*/,
                           const Eigen::VectorXd& /*theta*/) {}
  /// After each epoch (1, 2, ..., epochs). `weights` (N) are the objective's; what is written there
  /// holds from the next step on.
  virtual void after_epoch(Index /*epochs_done*/,
                           const Eigen::VectorXd& /*theta*/,
                           Eigen::VectorXd& /*weights*/) {}
};

/// Runs the protocol from `start`. Throws std::runtime_error, naming the epoch and the cure, when
/// the parameters stop being finite. `hook`, if any, must outlive the call.
Run train(const Objective& objective,
          const Eigen::VectorXd& start,
          const Protocol& protocol,
          TrainingHook* hook = nullptr);

/// The batches of an epoch: a permutation of 0..N-1, cut into pieces of batch_size.
std::vector<std::vector<Index>> epoch_batches(Index examples,
                                              const Protocol& protocol,
                                              Index epoch);

}  // namespace leaveout
