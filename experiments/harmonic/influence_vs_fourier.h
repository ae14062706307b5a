// SPDX-License-Identifier: MIT
#pragma once
// Can influence functions stand in for the Fourier spectrum of a trained model? Exact coefficients
// from all 2^N trainings, beside derivatives of weighted training where all weights are 1 and p.
//
//   paper:  averaged discrete influence needs no derivative; the infinitesimal one only estimates
//   it theory: to leading order the datamodel weight at rate p is the derivative at w = p 1, not at
//   1,
//           and an interaction is the second derivative there
//
//   run_influence_vs_fourier({.preset = "quick", .out = "results"});

#include "experiments/experiment.h"

namespace leaveout {

/// subset_task_settings() and rates, sizes, groups.
std::vector<SettingSpec> influence_vs_fourier_settings();

/// Trains every task of the preset on all subsets and writes OUT/influence-vs-fourier/PRESET.
void run_influence_vs_fourier(const Invocation& invocation);

}  // namespace leaveout
