// SPDX-License-Identifier: MIT
#pragma once
// The page of claims: what papers say, our figures with their intervals, and the verdicts, from the
// verdicts.csv of every experiment that was run.
//
//   leaveout claims --preset standard        # Markdown tables, as experiments/README.md has them

#include <string>
#include <vector>

#include "experiments/experiment.h"

namespace leaveout {

/// One table for each experiment with verdicts in OUT/EXPERIMENT/PRESET, in Markdown, and how many
/// of all agree. Throws std::invalid_argument if there are none.
std::string claims_page(const std::vector<Experiment>& experiments, const Invocation& invocation);

}  // namespace leaveout
