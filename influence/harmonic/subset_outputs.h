// SPDX-License-Identifier: MIT
#pragma once
// Functions on subsets: one kind of output of the queries, from the logits of all trainings.
//
//   SubsetOutputs f = subset_outputs(logits, QueryOutput::margin, query);
//   VectorXd table = f.mean.col(0);       // of query 0: what the transforms of cube.h take
//   f.noise.col(0);                       // how much single trainings scatter around it

#include "influence/harmonic/query_output.h"
#include "influence/harmonic/subset_training.h"

namespace leaveout {

struct SubsetOutputs {
  Eigen::MatrixXd mean;   // (subsets x queries), over the trainings of a subset
  Eigen::MatrixXd noise;  // (subsets x queries), variance of one training; 0 where there is one
  Index repeats = 1;      // trainings behind each mean: its own variance is noise / repeats

  /// Noise of one training on average over subsets, for each query (queries).
  Eigen::VectorXd mean_noise() const { return noise.colwise().mean().transpose(); }
};

/// The outputs of `kind`. `query` are the data set whose queries the logits answer. Throws
/// std::invalid_argument where its task has no such output.
SubsetOutputs subset_outputs(const SubsetLogits& logits, QueryOutput kind, const Dataset& query);

}  // namespace leaveout
