// SPDX-License-Identifier: MIT
#pragma once
// Every figure of every experiment, one command: what is done already is left as it is, what
// remains is estimated before it starts.
//
//   leaveout figures --preset standard
//
// Law: an experiment counts as done when the run.json in its results folder carries the fingerprint
// that a run now would have (this program, these settings). An experiment that was interrupted goes
// on from its shards. One that fails does not stop the others.

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "experiments/experiment.h"

namespace leaveout {

/// What is to be done for one experiment.
struct FigurePlan {
  const Experiment* experiment = nullptr;
  bool done = false;
  std::optional<double> seconds;  ///< Of an earlier run here, or as the preset says; else unknown.
};

/// Looks at the results folders. Experiments without a preset of that name are left out.
std::vector<FigurePlan> plan_figures(const std::vector<Experiment>& experiments,
                                     const Invocation& invocation);

/// The plan as a table: experiment, state, estimate, and the sum of what remains.
std::string plan_table(const std::vector<FigurePlan>& plan);

/// Prints the plan, then runs what remains. Throws std::runtime_error, after all others ran, that
/// names the experiments that failed.
void run_figures(const std::vector<Experiment>& experiments,
                 const Invocation& invocation,
                 std::ostream& out);

}  // namespace leaveout
