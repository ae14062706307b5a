// SPDX-License-Identifier: MIT
#pragma once
// The experiments on the five gaps (Bae, Ng, Lo, Ghassemi, Grosse, NeurIPS 2022).

#include <vector>

#include "experiments/experiment.h"

namespace leaveout {

/// In the order of `leaveout list`.
std::vector<Experiment> decomposition_experiments();

}  // namespace leaveout
