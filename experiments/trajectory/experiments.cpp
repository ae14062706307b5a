// SPDX-License-Identifier: MIT
#include "experiments/trajectory/experiments.h"

#include "experiments/trajectory/checkpoints.h"

namespace leaveout {

std::vector<Experiment> trajectory_experiments() {
  return {{"checkpoints",
           "how many checkpoints does Diff-In need, and which; whose batch, which epsilon?",
           checkpoints_settings(),
           run_checkpoints,
           checkpoints_words()}};
}

}  // namespace leaveout
