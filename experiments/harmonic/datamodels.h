// SPDX-License-Identifier: MIT
#pragma once
// Linear datamodels of training sets with hundreds of examples (Ilyas, Park, Engstrom, Leclerc,
// Madry, ICML 2022): how well they predict unseen subsets, how that can be told without fitting
// them (Saunshi, Gupta, Braverman, Arora, ICLR 2023), and what they say of removals, beside
// influence functions.
//
//   run_datamodels({.preset = "quick", .out = "results"});

#include "experiments/experiment.h"

namespace leaveout {

/// A subset task's settings, `subsets`, `held_out` and `removals`.
std::vector<SettingSpec> datamodels_settings();

/// Runs every task of the preset, prints its tables and writes OUT/datamodels/PRESET.
void run_datamodels(const Invocation& invocation);

}  // namespace leaveout
