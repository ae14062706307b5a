// SPDX-License-Identifier: MIT
#pragma once
// Are least-squares, ridge and lasso datamodels what the theorem says they are? (Saunshi, Gupta,
// Braverman, Arora, ICLR 2023, theorem 2.2: degree-one Fourier coefficients, shrunk or
// thresholded.)
//
//   run_datamodel_theorem({.preset = "quick", .out = "results"});

#include "experiments/experiment.h"

namespace leaveout {

/// A subset task's settings, `rates`, `path` and `ratio`.
std::vector<SettingSpec> datamodel_theorem_settings();

/// Runs every task of the preset, prints its table and writes OUT/datamodel-theorem/PRESET.
void run_datamodel_theorem(const Invocation& invocation);

}  // namespace leaveout
