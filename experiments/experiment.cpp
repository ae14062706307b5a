// SPDX-License-Identifier: MIT
#include "experiments/experiment.h"

#include <fmt/format.h>

#include <stdexcept>

#include "datasets/text.h"
#include "experiments/audit/audit.h"
#include "experiments/decomposition/experiments.h"
#include "experiments/harmonic/experiments.h"
#include "experiments/memorization/experiments.h"
#include "experiments/support/nearest.h"
#include "experiments/trajectory/experiments.h"

namespace leaveout {

const std::vector<Experiment>& experiment_registry() {
  static const std::vector<Experiment> kRegistry = [] {
    std::vector<Experiment> all;
    for (const auto& part : {decomposition_experiments(),
                             harmonic_experiments(),
                             memorization_experiments(),
                             trajectory_experiments()})
      all.insert(all.end(), part.begin(), part.end());
    all.push_back({"audit",
                   "which rows of a table are mislabelled, harmful, rare but useful, redundant?",
                   audit_settings(),
                   run_audit,
                   audit_words()});
    return all;
  }();
  return kRegistry;
}

const Experiment& find_experiment(const std::vector<Experiment>& experiments,
                                  const std::string& name) {
  std::vector<std::string> names;
  for (const Experiment& experiment : experiments) {
    if (experiment.name == name) return experiment;
    names.push_back(experiment.name);
  }
  throw std::invalid_argument(
      fmt::format("[run] no experiment '{}'; the nearest is '{}' (`leaveout list` shows all)",
                  printable(name),
                  nearest(name, names)));
}

}  // namespace leaveout
