// SPDX-License-Identifier: MIT
#pragma once
// What is predicted of removals, and what retraining says: the k examples that raise a query's
// output most are left out, by the order of the datamodel, of the influence function, or at random
// (Ilyas, Park, Engstrom, Leclerc, Madry, ICML 2022).
//
//   predicted change = - sum of the weights of those removed        (random: the datamodel's)
//   actual change    = f(all without them) - f(all)
//
// Brittleness: the smallest k that is predicted to turn the margin negative, and whether it does.
//
//   Removals r = measure_removals(task, pools, fits, {1, 10, 100}, options);

#include "experiments/harmonic/datamodels_fit.h"

namespace leaveout {

/// One way to choose whom to remove.
struct RemovalOrder {
  std::string name;                   // datamodel, influence, random
  Eigen::MatrixXd predicted, actual;  // (Q x sizes), changes of the output
};

/// Removals that are predicted to flip a query.
struct Flips {
  std::string name;                        // datamodel, influence
  std::vector<std::optional<Index>> size;  // (Q) examples removed; empty: no removal predicted to
  std::vector<bool> flipped;               // (Q) whether retraining confirms
  std::vector<bool> random_flipped;        // (Q) and a random removal of the same size
};

struct Removals {
  std::vector<Index> sizes;
  std::vector<RemovalOrder> orders;
  std::vector<Index> right;  // queries (of Q) whose margin is positive: only these can flip
  std::vector<Flips> flips;  // empty where the output is no margin
};

/// Of the whole numbers in `sizes`, those that leave at least half of the examples.
std::vector<Index> possible_sizes(const std::vector<Index>& sizes, Index examples);

/// Indices of the k largest entries of w (N), largest first, ties by index.
std::vector<Index> largest(const Eigen::VectorXd& w, Index k);

Removals measure_removals(const SubsetTask& task,
                          const SubsetPools& pools,
                          const DatamodelFits& fits,
                          const std::vector<Index>& sizes,
                          const TaskOptions& options);

}  // namespace leaveout
