// SPDX-License-Identifier: MIT
#pragma once
// Training on subsets: what would the model have said, had only these examples been there?
//
//   theta(S) = argmin (1/N) sum_{i in S} loss_i(theta) + (weight_decay / 2) |theta|^2
//
// Leaving examples out keeps 1/N for those that stay. Without examples what is left is the prior:
// theta = 0. Models whose objective is convex are solved exactly (Newton, to rounding); networks
// are trained by the deterministic trainer, `seeds` times a subset, each from an initialisation and
// with batches of its own. All that is kept of a training is what it says of the queries, so that
// every kind of output comes from the same trainings.
//
//   SubsetProblem problem{&model, &train, &query, 0.01};
//   SubsetLogits all = train_subsets(problem, all_subsets(train.size()), {.threads = 2});
//   all.of(5, 0);                        // (outputs x queries) after training on examples 0 and 2
//
// Laws. Subsets are trained in blocks, which are shards: resumable, and of the same bits for any
// number of threads. Within a block they are visited in Gray order, where neighbours differ little,
// and each exact solution starts from the one before it; what is left of that way is rounding.

#include "datasets/random.h"
#include "models/model.h"
#include "models/shard_pool.h"
#include "models/trainer.h"
#include "models/trust_region.h"

namespace leaveout {

/// True for the models whose regularised objective has one minimum: no hidden layers.
bool is_convex(const ModelSpec& spec);

/// Everything that decides what a subset's training says. The three must outlive it.
struct SubsetProblem {
  const Model* model = nullptr;
  const Dataset* train = nullptr;
  const Dataset* query = nullptr;
  double weight_decay = 0;
  NewtonOptions newton = {};                                      // convex models
  Protocol protocol = {};                                         // networks
  Initialisation initialisation = Initialisation::glorot_normal;  // networks
  Index seeds = 1;  // networks: trainings of each subset; convex models need one
  /// Seed r is the same for all subsets: then each seed's outputs are a function on the subsets. By
  /// default every training has a seed of its own, so that means over seeds have independent noise.
  bool shared_seeds = false;
  std::uint64_t seed = 1;
  std::string provenance = {};  // enters the shards' keys: what built this

  Index examples() const { return train->size(); }
  /// Trainings of each subset.
  Index repeats() const { return is_convex(model->spec()) ? 1 : seeds; }
};

/// The queries' logits after every training.
struct SubsetLogits {
  Index outputs = 0, queries = 0, repeats = 0;
  Eigen::MatrixXd values;  // (outputs * queries x subsets * repeats), repeats side by side
  Index unconverged = 0;   // exact solutions that missed their tolerance

  Index subsets() const { return repeats > 0 ? values.cols() / repeats : 0; }
  /// (outputs x queries)
  Eigen::Map<const Eigen::MatrixXd> of(Index subset, Index repeat) const {
    return {values.col(subset * repeats + repeat).data(), outputs, queries};
  }
};

/// Trains on each column of `subsets` (N x m): entry i is 1 where example i is in, 0 where it is
/// not, and a share in between where it counts for so much. Throws std::invalid_argument for a
/// shape that does not fit, a convex model without weight decay (few examples have no unique
/// minimum then) or outputs that exceed the memory, and std::runtime_error for a training that
/// diverges.
SubsetLogits train_subsets(const SubsetProblem& problem,
                           const Eigen::MatrixXd& subsets,
                           const PoolOptions& options);

/// Everything that decides what its trainings say, for keys of shards.
std::string describe(const SubsetProblem& problem);

/// Where a shared seed's training of a network takes its initialisation and batches from.
Random shared_seed(const SubsetProblem& problem, Index repeat);

/// The 2^N subsets of N examples, (N x 2^N): column b holds the bits of b, lowest first. Requires
/// N <= 24.
Eigen::MatrixXd all_subsets(Index examples);

/// Most examples of which all subsets are trained: 18 of a convex model, 16 of a network.
Index most_enumerated(const ModelSpec& spec);

/// Throws std::invalid_argument, one line that says how many trainings and bytes it would take,
/// where there are more examples than most_enumerated().
void require_enumerable(const SubsetProblem& problem);

}  // namespace leaveout
