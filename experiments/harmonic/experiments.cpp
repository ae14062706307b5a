// SPDX-License-Identifier: MIT
#include "experiments/harmonic/experiments.h"

#include "experiments/harmonic/influence_vs_fourier.h"

namespace leaveout {

std::vector<Experiment> harmonic_experiments() {
  std::vector<Experiment> all = {
      {"influence-vs-fourier",
       "whether influence functions predict the spectrum of a trained model, and groups",
       influence_vs_fourier_settings(),
       run_influence_vs_fourier}};
  return all;
}

}  // namespace leaveout
