// SPDX-License-Identifier: MIT
#include "experiments/trajectory/experiments.h"

#include "experiments/trajectory/trajectory_accuracy.h"

namespace leaveout {

std::vector<Experiment> trajectory_experiments() {
  return {{"trajectory-accuracy",
           "how accurate are estimators along a training, beside exact removals, and until when?",
           trajectory_accuracy_settings(),
           run_trajectory_accuracy,
           trajectory_accuracy_words()}};
}

}  // namespace leaveout
