// SPDX-License-Identifier: MIT
#pragma once
// B10: what is asked along a training, in trainings and in gradients of all examples.

#include "autodiff/bench/suite.h"

namespace leaveout {

void add_trajectory_benchmarks(Suite& suite);

}  // namespace leaveout
