// SPDX-License-Identifier: MIT
#include "experiments/decomposition/experiments.h"

#include "experiments/decomposition/correlation.h"
#include "experiments/decomposition/decomposition.h"
#include "experiments/decomposition/mislabelled.h"
#include "experiments/decomposition/response_path.h"
#include "experiments/decomposition/solvers.h"
#include "experiments/decomposition/sweep.h"
#include "experiments/task.h"

namespace leaveout {

std::vector<Experiment> decomposition_experiments() {
  std::vector<Experiment> all = {
      {"decomposition",
       "why an influence estimate misses leave-one-out retraining, in five gaps",
       task_settings(),
       run_decomposition,
       of_the_paper()},
      {"correlation",
       "which truth an influence estimate follows: five of them, with intervals",
       correlation_settings(),
       run_correlation,
       correlation_words()},
      {"mislabelled",
       "which order of inspection finds wrong training labels",
       mislabelled_settings(),
       run_mislabelled,
       of_the_paper()},
      {"solvers",
       "how far CG and LiSSA are from the exact solution, product by product",
       solvers_settings(),
       run_solvers,
       theory("system")}};
  for (const SweepKind& kind : sweep_kinds())
    all.push_back({kind.name,
                   kind.summary,
                   sweep_settings(),
                   [&kind](const Invocation& how) { run_sweep(kind, how); },
                   of_the_paper()});
  all.push_back({"response-path",
                 "the response followed exactly from no removal to removal, beside its tangent",
                 response_path_settings(),
                 run_response_path,
                 theory("response")});
  return all;
}

}  // namespace leaveout
