// SPDX-License-Identifier: MIT
#pragma once
// What does accuracy cost? Every estimator along a trajectory against trainings without each
// example: agreement beside gradient passes, Hessian products and bytes.
//
// Costs are counted from the log's sizes (influence/trajectory/estimator_cost.h), the same on every
// machine. Seconds are measured beside them, and are in seconds.csv and run.json only.
//
//   run_cost({.preset = "quick", .out = "results"});

#include "experiments/experiment.h"

namespace leaveout {

/// Those of recorded_task_settings(), and what estimators are called with.
std::vector<SettingSpec> cost_settings();

/// How its claims are headed.
VerdictWords cost_words();

/// Runs every task of the preset, prints its table and writes OUT/cost/PRESET.
void run_cost(const Invocation& invocation);

}  // namespace leaveout
