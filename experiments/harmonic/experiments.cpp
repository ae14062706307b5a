// SPDX-License-Identifier: MIT
#include "experiments/harmonic/experiments.h"

#include "experiments/harmonic/datamodel_theorem.h"

namespace leaveout {

std::vector<Experiment> harmonic_experiments() {
  std::vector<Experiment> all;
  all.push_back({"datamodel-theorem",
                 "least-squares, ridge and lasso datamodels beside their closed forms",
                 datamodel_theorem_settings(),
                 run_datamodel_theorem});
  return all;
}

}  // namespace leaveout
