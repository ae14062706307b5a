// SPDX-License-Identifier: MIT
#pragma once
// How accurate is each estimator along the trajectory, and up to which length of training?
//
//   removal      trainings without each example: same start, same batches, its term dropped
//   derivative   the exact derivative through all steps
//
// At several lengths of training, that is at several x = sum of rate * lambda_max, for all
// estimators of influence/trajectory/estimators.h and two more forms of Diff-In; with the error
// budget: what each approximation alone costs.
//
//   run_trajectory_accuracy({.preset = "quick", .out = "results"});

#include "experiments/experiment.h"

namespace leaveout {

/// Those of recorded_task_settings(), the lengths, and the estimators' own.
std::vector<SettingSpec> trajectory_accuracy_settings();

/// How its claims are headed.
VerdictWords trajectory_accuracy_words();

/// Runs every task of the preset, prints its tables and writes OUT/trajectory-accuracy/PRESET.
void run_trajectory_accuracy(const Invocation& invocation);

}  // namespace leaveout
