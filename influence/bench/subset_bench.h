// SPDX-License-Identifier: MIT
#pragma once
// B9: training on all subsets, the ground truth of harmonic analysis.

#include "autodiff/bench/suite.h"

namespace leaveout {

void add_subset_benchmarks(Suite& suite);

}  // namespace leaveout
