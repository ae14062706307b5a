// SPDX-License-Identifier: MIT
#pragma once
// How many checkpoints do Diff-In and TracIn-CP need, and which? Whose batch may stand for the
// data, and how far may finite differences reach?
//
//   truth       trainings without each example, the exact derivative, and the estimator itself with
//               all steps
//   varied      number and sampling of checkpoints; the proxy batch; epsilon of the differences
//
// Tan et al. 2025 recommend random sampling and five checkpoints: both are judged, over seeds.
//
//   run_checkpoints({.preset = "quick", .out = "results"});

#include "experiments/experiment.h"

namespace leaveout {

/// Those of recorded_task_settings(), and the three grids.
std::vector<SettingSpec> checkpoints_settings();

/// How its claims are headed.
VerdictWords checkpoints_words();

/// Runs every task of the preset, prints its tables and writes OUT/checkpoints/PRESET.
void run_checkpoints(const Invocation& invocation);

}  // namespace leaveout
