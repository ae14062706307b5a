// SPDX-License-Identifier: MIT
#pragma once
// The experiments on few parameters, relative influence, memorization and removal during training
// (after Kounavis, Dia, Ramazanli 2023).

#include <vector>

#include "experiments/experiment.h"

namespace leaveout {

/// In the order of `leaveout list`.
std::vector<Experiment> memorization_experiments();

}  // namespace leaveout
