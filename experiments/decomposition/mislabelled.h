// SPDX-License-Identifier: MIT
#pragma once

// Mislabelled examples (Bae, Ng, Lo, Ghassemi, Grosse 2022): some training labels are replaced by
// wrong ones, a model is trained on them, and the examples are inspected in an order that a score
// gives.
//
//   claim: by PBRF self-influence L_k(theta_pbrf without k) - L_k(theta_s), inspecting 20 % finds
//          more than 80 % of the wrong labels
//
//   run_mislabelled({.preset = "quick", .out = "results"});

#include "experiments/experiment.h"

namespace leaveout {

/// A task's settings and `seeds`; label_noise is 0.1 and the protocol of the PBRF exact by default.
std::vector<SettingSpec> mislabelled_settings();

/// Runs every task of the preset, prints its table and writes OUT/mislabelled/PRESET.
void run_mislabelled(const Invocation& invocation);

}  // namespace leaveout
