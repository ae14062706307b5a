// SPDX-License-Identifier: MIT
#pragma once

// Experiments by name: what `leaveout run` can run.
//
// An experiment is a name, a line about it, the declarations of its settings, and a function that
// leaves a results folder behind. Adding one is a file, a preset folder and a line in
// experiment_registry().
//
//   const Experiment& experiment = find_experiment(experiment_registry(), "decomposition");
//   experiment.run({.preset = "quick", .out = "results", .threads = 2});

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "experiments/support/settings.h"
#include "experiments/support/verdict_words.h"

namespace leaveout {

/// What the user asked for, as written on the command line.
struct Invocation {
  std::string preset = "standard";
  std::vector<std::string> overrides = {};  ///< "key=value" each, in order
  std::filesystem::path out = "results";    ///< results go to OUT/EXPERIMENT/PRESET
  int threads = 1;                          ///< never changes a result
  std::string data = {};    ///< a CSV file in place of the named data sets; empty: none
  std::string target = {};  ///< its target column; given whenever `data` is
  std::string query = {};   ///< a CSV file of held-out rows; empty: some rows of `data` are kept
  bool quiet = false;       ///< no progress, no tables: files only
};

struct Experiment {
  std::string name;     ///< also the name of the folders of its presets and results
  std::string summary;  ///< one line
  std::vector<SettingSpec> settings;
  /// Throws std::invalid_argument for what the user got wrong and std::runtime_error for what the
  /// disk or the training refused; older results are untouched then.
  std::function<void(const Invocation&)> run;
  VerdictWords words = {};  ///< how its claims are headed
};

/// Every experiment, in the order of `leaveout list`.
const std::vector<Experiment>& experiment_registry();

/// The experiment of that name. Throws std::invalid_argument that says which name is nearest.
const Experiment& find_experiment(const std::vector<Experiment>& experiments,
                                  const std::string& name);

}  // namespace leaveout
