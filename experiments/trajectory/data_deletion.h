// SPDX-License-Identifier: MIT
#pragma once
// Data deletion: what would the network be without these examples, without training it again?
//
//   claim: Diff-In deletes data better than existing methods (Tan et al. 2025, abstract)
//
// Random rows, or rows of one class, are deleted. Each estimate of the parameters, theta at the end
// plus the sum over the deleted of their estimated changes, is measured against the training
// without them from the same start and on the same batches.
//
//   run_data_deletion({.preset = "quick", .out = "results"});

#include "experiments/experiment.h"

namespace leaveout {

/// Those of recorded_task_settings(), the shares to delete, and of the estimates.
std::vector<SettingSpec> data_deletion_settings();

/// Runs every task of the preset, prints its tables and writes OUT/data-deletion/PRESET.
void run_data_deletion(const Invocation& invocation);

}  // namespace leaveout
