// SPDX-License-Identifier: MIT
#pragma once

// The command line, apart from main() so that tests can call it.
//
//   leaveout list [--settings EXPERIMENT]
//   leaveout run EXPERIMENT [--preset NAME] [--set key=value ...] [--out DIR] [--threads N]
//                [--data FILE.csv --target COLUMN [--query FILE.csv]] [--quiet]
//   leaveout audit --data FILE.csv --target COLUMN [--query FILE.csv] [the options of run]
//   leaveout figures [--preset NAME] [--out DIR] [--threads N] [--quiet]
//   leaveout claims [--preset NAME] [--out DIR]
//   leaveout compare REFERENCE [--preset NAME] [--out DIR] [--tolerance X] [--write]
//
// Law: whatever the user got wrong ends in one line on `err` that opens with "leaveout: ", and in
// exit status 2; a fault of the program ends in one line and in exit status 1.
//
//   int status = run_cli({"run", "decomposition", "--preset", "quick"}, std::cout, std::cerr);

#include <iosfwd>
#include <string>
#include <vector>

#include "experiments/experiment.h"

namespace leaveout {

inline constexpr int kSuccess = 0;
inline constexpr int kInternalError = 1;
inline constexpr int kUserError = 2;

/// Runs the command line `args`, without the program's name, over the experiments given. Returns
/// the exit status; throws nothing.
int run_cli(const std::vector<std::string>& args,
            std::ostream& out,
            std::ostream& err,
            const std::vector<Experiment>& experiments);

/// `run_cli` over experiment_registry().
int run_cli(const std::vector<std::string>& args, std::ostream& out, std::ostream& err);

}  // namespace leaveout
