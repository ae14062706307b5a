// SPDX-License-Identifier: MIT
#include "experiments/memorization/experiments.h"

namespace leaveout {

std::vector<Experiment> memorization_experiments() {
  return {};
}

}  // namespace leaveout
