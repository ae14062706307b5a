// SPDX-License-Identifier: MIT
#pragma once
// Trainings that differ in one thing: those of one repeat share initialisation and batches.
//
//   SubsetProblem problem{&model, &train, &query, 0.01};     // with its protocol and its seeds
//   VectorXd weights = full_weights(problem);
//   weights(3) = 0;
//   Run without = train_seeded(problem, weights, 0);         // compare with all weights: example 3
//
// Law. Repeat r starts where train_subsets() starts its shared seed r: the same bits.

#include "influence/harmonic/subset_training.h"

namespace leaveout {

/// 1/N each, (N).
Eigen::VectorXd full_weights(const SubsetProblem& problem);

/// Where repeat r's training starts, and how it goes on: problem.protocol with its own batches.
struct SeededStart {
  Eigen::VectorXd theta;  // (P)
  Protocol protocol;
};
SeededStart seeded_start(const SubsetProblem& problem, Index repeat);

/// One run of problem.protocol, of convex models too, under the examples' weights (N); `hook` as
/// train()'s. Throws what train() throws.
Run train_seeded(const SubsetProblem& problem,
                 const Eigen::VectorXd& weights,
                 Index repeat,
                 TrainingHook* hook = nullptr);

/// What decides a training of one repeat, whatever the queries and the number of seeds; with
/// `what` it is a shard's key.
std::string seeded_key(const SubsetProblem& problem, Index repeat, const std::string& what);

/// Of values that each repeat measured anew.
struct RepeatMeans {
  Eigen::VectorXd mean, error;  // (N), error: standard errors, empty where there is one repeat
};

/// values (N x repeats), at least one repeat.
RepeatMeans repeat_means(const Eigen::MatrixXd& values);

}  // namespace leaveout
