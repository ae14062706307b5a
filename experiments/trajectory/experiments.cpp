// SPDX-License-Identifier: MIT
#include "experiments/trajectory/experiments.h"

#include "experiments/trajectory/checkpoints.h"
#include "experiments/trajectory/cost.h"

namespace leaveout {

std::vector<Experiment> trajectory_experiments() {
  return {
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
