// SPDX-License-Identifier: MIT
#include "experiments/experiment.h"

#include <fmt/format.h>

#include <stdexcept>

#include "datasets/text.h"
#include "experiments/audit/audit.h"
#include "experiments/correlation.h"
#include "experiments/decomposition.h"
#include "experiments/harmonic/experiments.h"
#include "experiments/mislabelled.h"
#include "experiments/response_path.h"
#include "experiments/solvers.h"
#include "experiments/support/nearest.h"
#include "experiments/sweep.h"
#include "experiments/task.h"

namespace leaveout {

const std::vector<Experiment>& experiment_registry() {
  static const std::vector<Experiment> kRegistry = [] {
    std::vector<Experiment> all = {
        {"decomposition",
         "why an influence estimate misses leave-one-out retraining, in five gaps",
         task_settings(),
         run_decomposition},
        {"correlation",
         "which truth an influence estimate follows: five of them, with intervals",
         correlation_settings(),
         run_correlation},
        {"mislabelled",
         "which order of inspection finds wrong training labels",
         mislabelled_settings(),
         run_mislabelled},
        {"solvers",
         "how far CG and LiSSA are from the exact solution, product by product",
         solvers_settings(),
         run_solvers,
         theory("system")}};
    for (const SweepKind& kind : sweep_kinds())
      all.push_back({kind.name, kind.summary, sweep_settings(), [&kind](const Invocation& how) {
                       run_sweep(kind, how);
                     }});
    all.push_back({"response-path",
                   "the response followed exactly from no removal to removal, beside its tangent",
                   response_path_settings(),
                   run_response_path,
                   theory("response")});
    for (Experiment& experiment : harmonic_experiments()) all.push_back(std::move(experiment));
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
