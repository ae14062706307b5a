// SPDX-License-Identifier: MIT
#pragma once
// How a mini-batch training is done, apart from where it starts: printed with every result.
//
// Each epoch takes the examples in an order that depends on (seed, epoch) alone, never on the
// weights: a removed example keeps its place, so that two runs differ by its gradient and by
// nothing else.
//
//   Protocol p{.learning_rate = 0.1, .batch_size = 32, .epochs = 20};
//   Index steps = step_count(p, train.size());
//   double last = rate_at(p, steps - 1, steps);                  // 0.1: constant by default

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <vector>

namespace leaveout {

using Eigen::Index;

enum class OptimiserKind { sgd, nesterov, adam };
std::string optimiser_name(OptimiserKind kind);
/// Throws std::invalid_argument that lists the names.
OptimiserKind parse_optimiser(const std::string& name);

/// `cosine`: from learning_rate down to nearly 0 over all the steps of one call of train().
enum class RateSchedule { constant, cosine };
std::string schedule_name(RateSchedule schedule);
/// Throws std::invalid_argument that lists the names.
RateSchedule parse_schedule(const std::string& name);

struct Protocol {
  OptimiserKind optimiser = OptimiserKind::sgd;
  double learning_rate = 0.1;                         // of the first step
  double momentum = 0;                                // sgd, nesterov
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;  // adam
  Index batch_size = 128;                             // N or more: full batch
  Index epochs = 100;
  Index first_epoch = 0;  // number of the first epoch: decides the batches
  std::uint64_t seed = 0;
  Index log_every = 0;  // epochs between log lines, 0: first and last only
  RateSchedule schedule = RateSchedule::constant;
};

/// Everything about it that decides a result, in one line: for the keys of shards.
std::string describe(const Protocol& protocol);

/// Throws std::invalid_argument, one line, for numbers that mean nothing.
void check(const Protocol& protocol);

/// Steps of a training on so many examples.
Index step_count(const Protocol& protocol, Index examples);

/// The learning rate that step 0, 1, ..., steps - 1 uses. Cosine: learning_rate (1 + cos(pi t /
/// steps)) / 2, so that no step has rate zero.
double rate_at(const Protocol& protocol, Index step, Index steps);

/// The batches of an epoch: a permutation of 0..N-1, cut into pieces of batch_size. A full batch
/// is taken by train() in the data's own order instead.
std::vector<std::vector<Index>> epoch_batches(Index examples,
                                              const Protocol& protocol,
                                              Index epoch);

/// The permutation itself, into `order` (N numbers, of any order).
void epoch_order(const Protocol& protocol, Index epoch, std::vector<Index>& order);

}  // namespace leaveout
