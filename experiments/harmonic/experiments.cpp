// SPDX-License-Identifier: MIT
#include "experiments/harmonic/experiments.h"

namespace leaveout {

std::vector<Experiment> harmonic_experiments() {
  std::vector<Experiment> all;
  return all;
}

}  // namespace leaveout
