// SPDX-License-Identifier: MIT
#include "experiments/memorization/experiments.h"

#include "experiments/memorization/few_parameters.h"
#include "experiments/memorization/memorize_or_generalize.h"
#include "experiments/memorization/relative_influence.h"
#include "experiments/memorization/selective_removal.h"

namespace leaveout {

std::vector<Experiment> memorization_experiments() {
  return {{"few-parameters",
           "how much of the full influence does influence on few parameters give?",
           few_parameters_settings(),
           run_few_parameters,
           few_parameters_words()},
          {"memorize-or-generalize",
           "which score, and which sign, tells memorized examples from typical ones",
           memorize_or_generalize_settings(),
           run_memorize_or_generalize,
           memorize_or_generalize_words()},
          {"relative-influence",
           "who explains a prediction: outliers or neighbours?",
           relative_influence_settings(),
           run_relative_influence,
           relative_influence_words()},
          {"selective-removal",
           "is a network better when influence removes examples while it trains?",
           selective_removal_settings(),
           run_selective_removal,
           selective_removal_words()}};
}

}  // namespace leaveout
