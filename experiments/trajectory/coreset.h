// SPDX-License-Identifier: MIT
#pragma once
// Coreset selection: train on the examples with the highest scores only. Is that better than on as
// many at random?
//
//   claim: Diff-In selects coresets better than existing methods (Tan et al. 2025, abstract)
//
// Each score ranks the examples once; a share of them is kept, of all or of each class as many, and
// the network is trained again on these, with as many steps as on all.
//
//   run_coreset({.preset = "quick", .out = "results"});

#include "experiments/experiment.h"

namespace leaveout {

/// Those of scored_task_settings() and `kept`.
std::vector<SettingSpec> coreset_settings();

/// Runs every task of the preset, prints its tables and writes OUT/coreset/PRESET.
void run_coreset(const Invocation& invocation);

}  // namespace leaveout
