// SPDX-License-Identifier: MIT
#pragma once

// Solvers: how far conjugate gradients and LiSSA (full batch and stochastic) are from the exact
// influence (G + (weight_decay + damping) I)^-1 g_k / N, per product with the matrix, and whether
// they do what theory says of them.
//
//   LiSSA  h_T / scale = A^-1 (I - (I - A / scale)^(T+1)) v,  grows by |1 - lambda_max / scale| a
//          product where scale < lambda_max / 2, and adds damping of about scale / T
//   CG     |x_t - x|_A <= 2 ((sqrt(kappa) - 1) / (sqrt(kappa) + 1))^t |x|_A
//
//   run_solvers({.preset = "quick", .out = "results"});

#include "experiments/experiment.h"

namespace leaveout {

/// A task's settings with dampings, batches and depths of the solvers.
std::vector<SettingSpec> solvers_settings();

/// Runs every task of the preset, prints its tables and writes OUT/solvers/PRESET.
void run_solvers(const Invocation& invocation);

}  // namespace leaveout
