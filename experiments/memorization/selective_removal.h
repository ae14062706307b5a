// SPDX-License-Identifier: MIT
#pragma once
// Selective removal: is a network better when influence removes examples while it trains?
//
//   claim: influence can serve to remove examples as a part of learning (Kounavis, Dia, Ramazanli
//          2023)
//
// Test accuracy against the removed share, for the online rule of selective_removal.h, for rankings
// made once after a training, for random removal, and for one that knows the wrong labels. The
// validation part steers, the test part measures.
//
//   run_selective_removal({.preset = "quick", .out = "results"});

#include "experiments/experiment.h"

namespace leaveout {

/// Those of grouped_task.h, the shares to remove, the online rule, and the runs of early scores.
std::vector<SettingSpec> selective_removal_settings();

/// How its claims are headed.
VerdictWords selective_removal_words();

/// Runs every task of the preset, prints its tables and writes OUT/selective-removal/PRESET.
void run_selective_removal(const Invocation& invocation);

}  // namespace leaveout
