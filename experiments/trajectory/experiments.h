// SPDX-License-Identifier: MIT
#pragma once
// The experiments along training trajectories (Tan et al. 2025), for experiment_registry().

#include <vector>

#include "experiments/experiment.h"

namespace leaveout {

std::vector<Experiment> trajectory_experiments();

}  // namespace leaveout
