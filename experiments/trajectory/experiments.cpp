// SPDX-License-Identifier: MIT
#include "experiments/trajectory/experiments.h"

#include "experiments/trajectory/checkpoints.h"
#include "experiments/trajectory/cost.h"
#include "experiments/trajectory/trajectory_accuracy.h"

namespace leaveout {

std::vector<Experiment> trajectory_experiments() {
  return {
      {"trajectory-accuracy",
       "how accurate are estimators along a training, beside exact removals, and until when?",
       trajectory_accuracy_settings(),
       run_trajectory_accuracy,
       trajectory_accuracy_words()},
      {"checkpoints",
       "how many checkpoints does Diff-In need, and which; whose batch, which epsilon?",
       checkpoints_settings(),
       run_checkpoints,
       checkpoints_words()},
      {"cost",
       "what does accuracy along a trajectory cost: passes, products and bytes of all estimators",
       cost_settings(),
       run_cost,
       cost_words()}};
}

}  // namespace leaveout
