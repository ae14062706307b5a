// SPDX-License-Identifier: MIT
#include "experiments/harmonic/experiments.h"

#include "experiments/harmonic/datamodel_theorem.h"
#include "experiments/harmonic/group_influence.h"

namespace leaveout {

std::vector<Experiment> harmonic_experiments() {
  std::vector<Experiment> all;
  all.push_back({"datamodel-theorem",
                 "least-squares, ridge and lasso datamodels beside their closed forms",
                 datamodel_theorem_settings(),
                 run_datamodel_theorem});
  all.push_back({"group-influence",
                 "when do single influences add up to that of their group?",
                 group_influence_settings(),
                 run_group_influence});
  return all;
}

}  // namespace leaveout
