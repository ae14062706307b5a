// SPDX-License-Identifier: MIT
#include "experiments/harmonic/experiments.h"

#include "experiments/harmonic/spectrum.h"

namespace leaveout {

std::vector<Experiment> harmonic_experiments() {
  std::vector<Experiment> all = {
      {"spectrum",
       "how much of an output is linear in the training set, exactly: all 2^N trainings",
       spectrum_settings(),
       run_spectrum}};
  return all;
}

}  // namespace leaveout
