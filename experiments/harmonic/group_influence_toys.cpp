// SPDX-License-Identifier: MIT
#include "experiments/harmonic/group_influence_toys.h"

#include <utility>

#include "influence/harmonic/cube.h"
#include "influence/harmonic/group_effects.h"
#include "influence/harmonic/set_functions.h"

namespace leaveout {

using Eigen::Index;
using Eigen::VectorXd;

std::vector<ToyCluster> toy_clusters(Index largest) {
  std::vector<ToyCluster> all;
  for (Index k = 2; k <= largest; ++k) {
    const std::uint64_t cluster = (std::uint64_t{1} << k) - 1;
    const double half = 0.5 * static_cast<double>(k);
    const VectorXd odds = log_odds_cluster(k, cluster, -2 * half, 2);
    const std::pair<const char*, VectorXd> functions[] = {
        {"one", threshold_cluster(k, cluster, 1)},
        {"half", threshold_cluster(k, cluster, static_cast<int>((k + 1) / 2))},
        {"log_odds", odds},
        {"sigmoid", probabilities(odds)}};
    for (const auto& [name, f] : functions) {
      VectorXd spectrum = f;
      to_spectrum(spectrum, 0.5);
      all.push_back(
          {name, k, group_effect(spectrum, 0.5, cluster), sum_of_weights(spectrum, 0.5, cluster)});
    }
  }
  return all;
}

}  // namespace leaveout
