// SPDX-License-Identifier: MIT
#include "experiments/harmonic/experiments.h"

#include "experiments/harmonic/datamodel_theorem.h"
#include "experiments/harmonic/datamodels.h"
#include "experiments/harmonic/residual_estimation.h"

namespace leaveout {

std::vector<Experiment> harmonic_experiments() {
  std::vector<Experiment> all;
  all.push_back({"datamodel-theorem",
                 "least-squares, ridge and lasso datamodels beside their closed forms",
                 datamodel_theorem_settings(),
                 run_datamodel_theorem});
  all.push_back({"residual-estimation",
                 "what no linear datamodel explains, by ten estimators beside the exact value",
                 residual_estimation_settings(),
                 run_residual_estimation});
  all.push_back({"datamodels",
                 "linear datamodels of hundreds of examples: fit, LDS, removals, flips",
                 datamodels_settings(),
                 run_datamodels});
  return all;
}

}  // namespace leaveout
