// SPDX-License-Identifier: MIT
#include "experiments/memorization/experiments.h"

#include "experiments/memorization/few_parameters.h"

namespace leaveout {

std::vector<Experiment> memorization_experiments() {
  return {{"few-parameters",
           "how much of the full influence does influence on few parameters give?",
           few_parameters_settings(),
           run_few_parameters,
           few_parameters_words()}};
}

}  // namespace leaveout
