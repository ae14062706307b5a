// SPDX-License-Identifier: MIT
#pragma once
// Clusters of k duplicates with known interactions at p = 1/2: where single influences say next to
// nothing about the group, or too much, or all.
//
//   one       f = 1 where at least one of k is there: sum a_i = k 2^-(k-1), effect of the group 1
//   half      f = 1 where at least half are
//   log_odds  linear in the number of members: adds up exactly
//   sigmoid   the probability of these log-odds: a smooth threshold
//
//   for (const ToyCluster& toy : toy_clusters(10)) toy.sum / toy.effect;

#include <Eigen/Core>
#include <string>
#include <vector>

namespace leaveout {

struct ToyCluster {
  std::string name;
  Eigen::Index size = 0;
  double effect = 0;  // of the whole cluster, in versus out
  double sum = 0;     // of its members' weights
};

/// All four for clusters of 2 to `largest` members, at most 16.
std::vector<ToyCluster> toy_clusters(Eigen::Index largest);

}  // namespace leaveout
