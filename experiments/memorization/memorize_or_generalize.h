// SPDX-License-Identifier: MIT
#pragma once
// Memorize or generalize: does a score tell examples that a network has to memorize from those that
// it generalizes upon, and does the sign of the influence on held-out data do it?
//
//   claim: the sign of the influence tells one from the other (Kounavis, Dia, Ramazanli 2023)
//
//   run_memorize_or_generalize({.preset = "quick", .out = "results"});

#include "experiments/experiment.h"

namespace leaveout {

/// Those of grouped_task.h, damping, and the trainings that scores are made of.
std::vector<SettingSpec> memorize_or_generalize_settings();

/// How its claims are headed.
VerdictWords memorize_or_generalize_words();

/// Runs every task of the preset, prints its tables and writes OUT/memorize-or-generalize/PRESET.
void run_memorize_or_generalize(const Invocation& invocation);

}  // namespace leaveout
