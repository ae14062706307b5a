// SPDX-License-Identifier: MIT
#pragma once
// Which points of a training an estimator looks at: m of its T steps, each for T / m of them.
//
// Checkpoint t, from 1 to T, is theta after t steps, theta_t. Its batch and rate are those of the
// step that leaves theta_t; where none does, at t = T, those of the last step. The rate is the one
// that the step used: a rate read after the scheduler moved on would make the last checkpoint of a
// cosine schedule count for nothing.
//
//   Checkpoints five = choose_checkpoints(path.steps(), {Sampling::random, 5, seed});
//   visit_checkpoints(path, five, [&](const Checkpoint& c) { use(c.theta, c.rate, c.batch); });

#include <functional>

#include "influence/trajectory/trajectory.h"

namespace leaveout {

/// random: without replacement; even: round(T k / m), k = 1..m; early: 1..m; late: the last m.
enum class Sampling { random, even, early, late, all };
std::string sampling_name(Sampling sampling);
/// Throws std::invalid_argument that lists the names.
Sampling parse_sampling(const std::string& name);

struct CheckpointChoice {
  Sampling sampling = Sampling::random;
  Index count = 5;         // m; not asked for by `all`
  std::uint64_t seed = 0;  // of `random`
};

struct Checkpoints {
  std::vector<Index> steps;  // ascending; 0 is allowed for those made by hand: the start
  double stands_for = 1;     // steps of the training that each one stands for: T / m
};

/// Throws std::invalid_argument unless 1 <= count <= total.
Checkpoints choose_checkpoints(Index total, const CheckpointChoice& choice);

/// One checkpoint: a view, it holds during the call.
struct Checkpoint {
  Index step;
  const Eigen::VectorXd& theta;  // (P)
  double rate;
  std::span<const Index> batch;
};

/// In the order of `checkpoints.steps`. Throws std::invalid_argument for a step outside 0..T, or
/// where the log has no step.
void visit_checkpoints(const Trajectory& path,
                       const Checkpoints& checkpoints,
                       const std::function<void(const Checkpoint&)>& visit);

/// The batches of a step and of the next ones of its epoch (its first after its last), `count` of
/// them as one: all of an epoch's are all examples. Throws std::invalid_argument unless count is
/// from 1 to the epoch's steps that the log has.
std::vector<Index> epoch_batches(const TrainingLog& log, Index step, Index count);

}  // namespace leaveout
