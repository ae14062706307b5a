// SPDX-License-Identifier: MIT
#pragma once
// B5: leave-one-out retrainings, the work that gives the ground truth: full-batch gradient descent
// with weight decay from one start, example k's weight being zero in the k-th.
//
//   Retrainings lab(50);
//   lab.ours(2);             // lab.runs: 50 trainings on two threads

#include "autodiff/bench/problems.h"
#include "models/retraining_pool.h"
#include "models/trainer.h"

namespace leaveout {

struct Retrainings {
  static constexpr Index kExamples = 500, kSteps = 200;
  static constexpr double kRate = 0.05, kWeightDecay = 1e-3;

  Problem problem = make_problem(kSmallNet, kExamples);
  Model model;
  Dataset data;
  Eigen::VectorXd start;  // (P)
  Protocol protocol;
  std::vector<RetrainingTask> tasks;
  std::vector<Run> runs;
  HandMlp hand{kSmallNet, 128};
  BenchData hand_data;
  Eigen::VectorXd theta, g;  // (P), the hand-written version's

  explicit Retrainings(Index count);
  Retrainings(const Retrainings&) = delete;  // the tasks point here

  void ours(int threads) { runs = retrain(tasks, {.threads = threads}); }
  /// Leaves the last one in `theta`.
  void by_hand();

 private:
  Run retrained(Index k) const;
};

}  // namespace leaveout
