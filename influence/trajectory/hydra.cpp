// SPDX-License-Identifier: MIT
#include "influence/trajectory/hydra.h"

namespace leaveout {

UnrollOptions hydra_options(Hydra form) {
  UnrollOptions options;
  options.loss_curvature = form == Hydra::hessian;
  return options;
}

Scores hydra_scores(const Trajectory& path, const QueryLosses& queries, Hydra form) {
  Scores scores = unrolled_scores(path, queries, hydra_options(form));
  scores.method = form == Hydra::hessian ? "hydra, hessian" : "hydra, fast";
  return scores;
}

}  // namespace leaveout
