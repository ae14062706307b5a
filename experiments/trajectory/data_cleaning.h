// SPDX-License-Identifier: MIT
#pragma once
// Data cleaning: which score finds wrong labels, and what is a network worth after those that it
// found are removed?
//
//   claim: Diff-In cleans data better than existing methods (Tan et al. 2025, abstract)
//
// A share of the training labels is replaced by other classes, uniformly. Each score ranks the
// examples once, as many of the most suspicious are removed as there are wrong labels, and the
// network is trained again on the rest. High self-influence, loss, EL2N, GraNd and many forgetting
// events are suspicious, and so is influence that raises the validation part's loss.
//
//   run_data_cleaning({.preset = "quick", .out = "results"});

#include "experiments/experiment.h"

namespace leaveout {

/// Those of scored_task_settings() and `noise`.
std::vector<SettingSpec> data_cleaning_settings();

/// Runs every task of the preset, prints its tables and writes OUT/data-cleaning/PRESET.
void run_data_cleaning(const Invocation& invocation);

}  // namespace leaveout
