// SPDX-License-Identifier: MIT
#pragma once
// The experiments on functions of the training set (Saunshi, Gupta, Braverman, Arora, ICLR 2023).

#include <vector>

#include "experiments/experiment.h"

namespace leaveout {

/// In the order of `leaveout list`.
std::vector<Experiment> harmonic_experiments();

}  // namespace leaveout
