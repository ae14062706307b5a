// SPDX-License-Identifier: MIT
#pragma once
// How well the residual of the best linear datamodel is estimated without fitting one: the paper's
// RESIDUALESTIMATION (Saunshi, Gupta, Braverman, Arora, ICLR 2023) and others, against the exact
// value from all 2^N trainings.
//
//   claims: the paper's algorithm needs n = O(1/eps^3) trainings for an error eps; theory foretells
//           bias and noise of each estimator, and that others need fewer trainings
//
//   run_residual_estimation({.preset = "quick", .out = "results"});

#include "experiments/experiment.h"

namespace leaveout {

/// A subset task's settings, `trainings` and `repetitions`.
std::vector<SettingSpec> residual_estimation_settings();

/// Runs every task of the preset, prints its table and writes OUT/residual-estimation/PRESET.
void run_residual_estimation(const Invocation& invocation);

}  // namespace leaveout
