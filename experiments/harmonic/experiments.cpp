// SPDX-License-Identifier: MIT
#include "experiments/harmonic/experiments.h"

#include "experiments/harmonic/datamodel_theorem.h"
#include "experiments/harmonic/datamodels.h"
#include "experiments/harmonic/group_influence.h"
#include "experiments/harmonic/influence_vs_fourier.h"
#include "experiments/harmonic/residual_estimation.h"
#include "experiments/harmonic/spectrum.h"
#include "experiments/harmonic/subset_task.h"
#include "experiments/harmonic/values.h"

namespace leaveout {

std::vector<Experiment> harmonic_experiments() {
  return {
      {"spectrum",
       "how much of an output is linear in the training set, exactly: all 2^N trainings",
       spectrum_settings(),
       run_spectrum},
      {"datamodel-theorem",
       "least-squares, ridge and lasso datamodels beside their closed forms",
       datamodel_theorem_settings(),
       run_datamodel_theorem},
      {"values",
       "what training examples are worth: Shapley, Banzhaf, datamodels, leave-one-out, influence",
       subset_task_settings(),
       run_values},
      {"group-influence",
       "when do single influences add up to that of their group?",
       group_influence_settings(),
       run_group_influence},
      {"influence-vs-fourier",
       "whether influence functions predict the spectrum of a trained model, and groups",
       influence_vs_fourier_settings(),
       run_influence_vs_fourier},
      {"residual-estimation",
       "what no linear datamodel explains, by ten estimators beside the exact value",
       residual_estimation_settings(),
       run_residual_estimation},
      {"datamodels",
       "linear datamodels of hundreds of examples: fit, LDS, removals, flips",
       datamodels_settings(),
       run_datamodels}};
}

}  // namespace leaveout
