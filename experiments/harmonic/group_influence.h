// SPDX-License-Identifier: MIT
#pragma once
// When do the influences of single examples add up to that of their group? (Saunshi, Gupta,
// Braverman, Arora, ICLR 2023: exactly as far as degrees two and more are missing inside the
// group.)
//
//   run_group_influence({.preset = "quick", .out = "results"});

#include "experiments/experiment.h"

namespace leaveout {

/// A subset task's settings, `rates`, `duplicates` and `groups`.
std::vector<SettingSpec> group_influence_settings();

/// Runs every task of the preset, prints its tables and writes OUT/group-influence/PRESET.
void run_group_influence(const Invocation& invocation);

}  // namespace leaveout
