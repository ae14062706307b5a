// SPDX-License-Identifier: MIT
#pragma once
// Forgetting events: how often does training unlearn an example (Toneva et al. 2019)?
//
// An example is presented when a batch holds it, and is right or wrong as the parameters before the
// step say. A forgetting event is a step from right to wrong between one presentation and the next
// one of the same example. An example that is never right has none; by convention it counts
// as many as it has presentations, more than any that was learned. Unforgettable: learned, without
// an event.
//
//   ForgettingHook hook(model, train);
//   train(objective, start, protocol, &hook);        // the same bits as without it
//   hook.scores().events(i);
//
// Removed examples keep their places in batches, and are presented as the others are.

#include "autodiff/derivatives.h"
#include "influence/harmonic/subset_training.h"

namespace leaveout {

/// One example's presentations so far.
struct Presentations {
  Index count = 0;
  Index forgotten = 0;   // steps from right to wrong
  Index learned_at = 0;  // the first presentation at which it was right, from 1; 0: never
  bool right = false;    // at the last one
  double margins = 0;    // their sum

  void present(bool is_right, double margin);
  bool learned() const { return learned_at > 0; }
  /// Forgetting events, by the convention for examples that are never learned.
  Index events() const { return learned() ? forgotten : count; }
};

/// Of every example, (N). Of several runs: see total().
struct ForgettingScores {
  Eigen::VectorXd events;         // number of them; presentations where never learned
  Eigen::VectorXd presentations;  // number of them
  Eigen::VectorXd never_learned;  // runs in which it was never right
  Eigen::VectorXd learned_at;     // first presentation that was right; presentations + 1: never
  Eigen::VectorXd mean_margin;    // z_y - max_{j != y} z_j over presentations; 0 without any

  bool unforgettable(Index i) const { return never_learned(i) == 0 && events(i) == 0; }
};

/// Of independent runs: sums of the first three, means of learned_at and mean_margin. Throws
/// std::invalid_argument where there is none.
ForgettingScores total(const std::vector<ForgettingScores>& runs);

/// Watches one training. Costs a forward pass over each batch.
class ForgettingHook final : public TrainingHook {
 public:
  /// Both must outlive it; `data` is what is trained on. Throws std::invalid_argument where there
  /// are no classes.
  ForgettingHook(const Model& model, const Dataset& data);
  ForgettingHook(const ForgettingHook&) = delete;
  ForgettingHook& operator=(const ForgettingHook&) = delete;

  void before_step(const TrainingStep& step) override;
  const std::vector<Presentations>& presentations() const { return examples_; }
  ForgettingScores scores() const;

 private:
  const Dataset* data_;
  Workspace<double> ws_;
  Eigen::MatrixXd x_, t_, y_;            // a batch: inputs, targets, logits (columns = examples)
  Eigen::VectorXd w_;                    // its weights, which do not matter
  std::vector<Presentations> examples_;  // (N)
};

/// total() of problem.seeds trainings on all examples, those of early_thetas(): one shard each.
ForgettingScores forgetting_scores(const SubsetProblem& problem, const PoolOptions& options);

}  // namespace leaveout
