// SPDX-License-Identifier: MIT
#include "experiments/trajectory/experiments.h"

namespace leaveout {

std::vector<Experiment> trajectory_experiments() {
  return {};
}

}  // namespace leaveout
