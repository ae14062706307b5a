// SPDX-License-Identifier: MIT
#pragma once
// What Bae et al. (2022) could not draw: the response as a curve in the weight that is taken away,
// from eps = 0 to removal at 1/N, followed exactly, beside its tangent (which is what an influence
// estimate is) and its parabola from exact third derivatives. The linearisation error is the
// curve's bend, and its leading term foretells it.
//
//   run_response_path({.preset = "quick", .out = "results"});

#include <vector>

#include "experiments/experiment.h"

namespace leaveout {

/// The settings of a task and: steps, reach.
const std::vector<SettingSpec>& response_path_settings();

/// Follows the warm start, the proximal response and the PBRF of every removed example of every
/// task, prints tables and writes OUT/response-path/PRESET.
void run_response_path(const Invocation& invocation);

}  // namespace leaveout
