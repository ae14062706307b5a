// SPDX-License-Identifier: MIT
#pragma once

// The correlation table (Bae et al. 2022, second table): which of five truths does an influence
// estimate follow?
//
//   cold start         L(theta_cold^-k) - L(theta_s)        trained anew without k
//   warm start         L(theta_warm^-k) - L(theta_s)        trained on without k
//   two-stage          L(theta_warm^-k) - L(theta_warm)     trained on without k, and with it
//   further training   the same, mean over seeds of the batch order (Wei et al. 2025)
//   PBRF               L(theta_pbrf^-k) - L(theta_s)        the question that the estimate asks
//
// For one batch order the second and the third differ, for each query, by a number that does not
// depend on k: their correlations over removed examples are equal, and only those over all pairs of
// a query and a removed example tell them apart.
//
//   run_correlation({.preset = "quick", .out = "results"});

#include "experiments/experiment.h"

namespace leaveout {

/// The settings of a task, and this experiment's own.
const std::vector<SettingSpec>& correlation_settings();

/// How its claims are headed: not all are of one paper.
VerdictWords correlation_words();

/// Runs every task of the preset, prints its tables and writes OUT/correlation/PRESET.
void run_correlation(const Invocation& invocation);

}  // namespace leaveout
