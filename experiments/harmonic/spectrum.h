// SPDX-License-Identifier: MIT
#pragma once
// How much of what a model says is linear in its training set? The exact spectra of trained models:
// all 2^N trainings, every kind of output, several inclusion rates (Saunshi, Gupta, Braverman,
// Arora, ICLR 2023).
//
//   paper:  a linear datamodel explains most of an output; for margins influences add up, for
//           probabilities they do not
//   theory: one value of the noise stability brackets the residual; near p = 1 outputs are linear
//
//   run_spectrum({.preset = "quick", .out = "results"});

#include "experiments/experiment.h"

namespace leaveout {

/// subset_task_settings(), rates and rho.
std::vector<SettingSpec> spectrum_settings();

/// Trains every task of the preset on all subsets and writes OUT/spectrum/PRESET.
void run_spectrum(const Invocation& invocation);

}  // namespace leaveout
