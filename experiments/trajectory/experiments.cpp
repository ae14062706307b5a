// SPDX-License-Identifier: MIT
#include "experiments/trajectory/experiments.h"

#include "experiments/trajectory/checkpoints.h"
#include "experiments/trajectory/coreset.h"
#include "experiments/trajectory/cost.h"
#include "experiments/trajectory/data_cleaning.h"
#include "experiments/trajectory/data_deletion.h"
#include "experiments/trajectory/seed_table.h"
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
       cost_words()},
      {"data-cleaning",
       "which score finds wrong labels, and what is the network worth without them?",
       data_cleaning_settings(),
       run_data_cleaning,
       rivals_words()},
      {"data-deletion",
       "what would the network be without these rows, without training again?",
       data_deletion_settings(),
       run_data_deletion,
       rivals_words()},
      {"coreset",
       "is a network better that is trained on the examples of highest scores only?",
       coreset_settings(),
       run_coreset,
       rivals_words()}};
}

}  // namespace leaveout
