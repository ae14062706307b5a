// SPDX-License-Identifier: MIT
#pragma once
// What is a training example worth? Shapley, Banzhaf, datamodel weights, leave-one-out, add-one,
// Beta-Shapley and influence side by side, exactly, for the same trained models.
//
//   theory: Banzhaf is the datamodel at p = 1/2; Shapley is the mean of the datamodels over p and
//           adds up to f(all) - f(none); of a linear f all values are one
//
//   run_values({.preset = "quick", .out = "results"});

#include "experiments/experiment.h"

namespace leaveout {

/// Trains every task of the preset on all subsets and writes OUT/values/PRESET. The settings are
/// subset_task_settings().
void run_values(const Invocation& invocation);

}  // namespace leaveout
