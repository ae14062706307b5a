// SPDX-License-Identifier: MIT
#pragma once
// How accurate are the estimators along a training trajectory, and until when?
//
//   truths      exact trainings without an example ("removal"), and the exact derivative of the
//               training in the example's weight ("derivative")
//   regimes     x = sum over steps of rate * lambda_max, from far below 1 to far above: a grid of
//               learning rates at one length, and a grid of lengths at one rate
//   estimators  those of influence/trajectory/estimators.h, and Diff-In (Tan et al. 2025) in its
//               variants, from the published formula to the double sum that it comes from
//
//   run_trajectory_accuracy({.preset = "quick", .out = "results"});

#include "experiments/experiment.h"

namespace leaveout {

/// Those of recorded_task_settings(), the two grids, the removed examples and the queries.
std::vector<SettingSpec> trajectory_accuracy_settings();

/// How its claims are headed.
VerdictWords trajectory_accuracy_words();

/// Runs every task of the preset, prints its table and writes OUT/trajectory-accuracy/PRESET.
void run_trajectory_accuracy(const Invocation& invocation);

}  // namespace leaveout
