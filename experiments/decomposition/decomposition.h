// SPDX-License-Identifier: MIT
#pragma once

// The five-term decomposition (Bae, Ng, Lo, Ghassemi, Grosse 2022): how far an influence estimate
// is from leave-one-out retraining, and which of five reasons accounts for it.
//
//   cold start -> warm start -> proximal -> PBRF -> linearised PBRF -> influence estimate
//
//   run_decomposition({.preset = "quick", .out = "results"});

#include "experiments/experiment.h"

namespace leaveout {

/// Runs every task of the preset, prints its table and writes OUT/decomposition/PRESET.
void run_decomposition(const Invocation& invocation);

}  // namespace leaveout
