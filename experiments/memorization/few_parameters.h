// SPDX-License-Identifier: MIT
#pragma once
// How much of the exact, full influence does influence on few parameters give?
//
//   full        query' H^-1 train / N,  H: Gauss-Newton or Hessian, weight decay and damping in it
//   restricted  the same with a subset of the parameters only; what it leaves out is known exactly
//               (Schur-complement identity, restricted_influence.h)
//
// At each task's own settings and along four grids, one setting at a time: depth, width, weight
// decay, length of training. Beside them the head's Kronecker form and last-layer Grad-Dot, which
// need no P x P matrix at all.
//
//   run_few_parameters({.preset = "quick", .out = "results"});

#include "experiments/experiment.h"

namespace leaveout {

/// Those of plain_grouped_task_settings(), curvature, damping, subsets and the four grids.
std::vector<SettingSpec> few_parameters_settings();

/// How its claims are headed.
VerdictWords few_parameters_words();

/// Runs every task of the preset, prints its table and writes OUT/few-parameters/PRESET.
void run_few_parameters(const Invocation& invocation);

}  // namespace leaveout
