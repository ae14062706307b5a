// SPDX-License-Identifier: MIT
#pragma once
// Who explains a prediction: outliers or neighbours?
//
// For each test query a score names training examples: the most helpful and the most harmful. Plain
// influence is known to name outliers (Barshan, Brunet, Dziugaite 2020); relative influence divides
// by what else an example does. Groups are planted, so that it is known who is mislabelled, rare,
// duplicate or typical, and each score is asked: whom does it name, how many different ones, how
// far are they from the query? And does the benefit ratio, help to others per unit of own help,
// tell mislabelled from rare from typical?
//
//   run_relative_influence({.preset = "quick", .out = "results"});

#include "experiments/experiment.h"

namespace leaveout {

/// Those of grouped_task_settings(), curvature and damping.
std::vector<SettingSpec> relative_influence_settings();

/// How its claims are headed.
VerdictWords relative_influence_words();

/// Runs every task of the preset, prints its tables and writes OUT/relative-influence/PRESET.
void run_relative_influence(const Invocation& invocation);

}  // namespace leaveout
