// SPDX-License-Identifier: MIT
#pragma once
// The deterministic mini-batch trainer, on any Objective: the batches and rates of a Protocol, the
// update rules of optimiser.h. Buffers start at zero in every call.
//
//   Protocol p;  p.epochs = 100;  p.batch_size = 128;
//   Run base  = train(objective, theta_init, p);
//   p.first_epoch = 100;  p.epochs = 50;                      // further training, fresh batches
//   Run later = train(objective, base.theta, p);
//
// A TrainingHook looks on, and may change the examples' weights between epochs: forgetting events,
// early scores, removal during training and the log of a training are hooks of this one trainer.

#include <span>

#include "models/objective.h"
#include "models/optimiser.h"
#include "models/run.h"

namespace leaveout {

/// One step that is about to be taken, from `state` with the gradient of `batch` there. A view:
/// it holds during the call. Epochs and steps count from 0 in each training.
struct TrainingStep {
  Index epoch, number;
  std::span<const Index> batch;  // removed examples keep their places
  double rate;
  const OptimiserState& state;
  const Eigen::VectorXd& theta() const { return state.theta; }  // (P)
};

/// What looks on at one training. Its functions are called in the training's own thread.
class TrainingHook {
 public:
  virtual ~TrainingHook() = default;
  virtual void before_step(const TrainingStep& /*step*/) {}
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

/// The gradient g (P) that train() takes a step with: of the mini-batch, or of the whole objective
/// where the batch is all the data.
void step_gradient(Evaluator& evaluate,
                   const Eigen::VectorXd& theta,
                   std::span<const Index> batch,
                   Eigen::VectorXd& g);

}  // namespace leaveout
