// SPDX-License-Identifier: MIT
#include "experiments/harmonic/experiments.h"

#include "experiments/harmonic/spectrum.h"
#include "experiments/harmonic/subset_task.h"
#include "experiments/harmonic/values.h"

namespace leaveout {

std::vector<Experiment> harmonic_experiments() {
  std::vector<Experiment> all = {
      {"spectrum",
       "how much of an output is linear in the training set, exactly: all 2^N trainings",
       spectrum_settings(),
       run_spectrum},
      {"values",
       "what training examples are worth: Shapley, Banzhaf, datamodels, leave-one-out, influence",
       subset_task_settings(),
       run_values}};
  return all;
}

}  // namespace leaveout
