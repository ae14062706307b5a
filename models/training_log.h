// SPDX-License-Identifier: MIT
#pragma once
// The log of a training: which examples each step saw, the rate it used, and its parameters. What
// is asked along the trajectory (exact derivatives, estimators, spectra) walks over it.
//
// States are kept before every `spacing`-th step and at the end; a walk computes the ones between
// again, with the same bits. A spacing of about sqrt(steps) needs the least memory, 2 sqrt(steps)
// states, for one more training's time; 1 keeps all.
//
//   TrainingLog log = record_training(objective, theta_init, protocol);
//   Replay replay(objective, log);
//   replay.backward([&](const LoggedStep& s) { use(s.batch, s.rate, s.before.theta); });

#include <functional>

#include "models/trainer.h"

namespace leaveout {

struct LogOptions {
  Index spacing = 0;    // 0: the smallest that fits `memory`
  double memory = 1e9;  // bytes for states, kept and computed again together
};

struct TrainingLog {
  Protocol protocol;
  Index examples = 0;                // N
  std::vector<Index> order, begins;  // examples in the order of use; step t: begins[t], begins[t+1]
  std::vector<double> rates;         // (steps)
  Index spacing = 1;
  std::vector<OptimiserState> kept;  // before steps 0, spacing, 2 spacing, ...
  OptimiserState end;                // after the last step
  Run run;

  Index steps() const { return static_cast<Index>(rates.size()); }
  std::span<const Index> batch(Index step) const;
};

/// Bytes of the states that a log with this spacing keeps, and a walk backward computes again.
double log_bytes(const Protocol& protocol, Index parameters, Index steps, Index spacing);

/// train(), logged. Throws std::invalid_argument, with the numbers, where no spacing fits.
TrainingLog record_training(const Objective& objective,
                            const Eigen::VectorXd& start,
                            const Protocol& protocol,
                            const LogOptions& options = {});

/// One logged step: a view, it holds during the call.
struct LoggedStep {
  Index number;
  std::span<const Index> batch;
  double rate;
  const OptimiserState& before;
  const OptimiserState& after;
};

/// Walks over the steps of a log, in either direction. Objective (the one that was trained on, with
/// the same weights) and log must outlive the object.
class Replay {
 public:
  using Visitor = std::function<void(const LoggedStep&)>;

  Replay(const Objective& objective, const TrainingLog& log);
  void forward(const Visitor& visit);   // steps 0, 1, ...
  void backward(const Visitor& visit);  // the last step first
  /// Parameters before step t, at the end for t = steps.
  Eigen::VectorXd theta(Index step);
  /// Forward over chosen steps, in ascending order.
  void visit(const std::vector<Index>& steps, const Visitor& visit);

 private:
  void segment(Index which);
  LoggedStep step(Index number) const;

  const TrainingLog* log_;
  Evaluator evaluate_;
  Index segment_ = -1;                  // which one states_ holds
  std::vector<OptimiserState> states_;  // before each of its steps, and after the last
  Eigen::VectorXd g_;                   // (P)
};

}  // namespace leaveout
