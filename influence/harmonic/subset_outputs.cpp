// SPDX-License-Identifier: MIT
#include "influence/harmonic/subset_outputs.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

SubsetOutputs subset_outputs(const SubsetLogits& logits, QueryOutput kind, const Dataset& query) {
  SubsetOutputs out;
  out.repeats = logits.repeats;
  out.mean.resize(logits.subsets(), logits.queries);
  out.noise = MatrixXd::Zero(logits.subsets(), logits.queries);
  MatrixXd runs(logits.queries, logits.repeats);
  for (Index b = 0; b < logits.subsets(); ++b) {
    for (Index r = 0; r < logits.repeats; ++r)
      runs.col(r) = output_values(kind, logits.of(b, r), query.targets, query.task);
    const VectorXd mean = runs.rowwise().mean();
    out.mean.row(b) = mean.transpose();
    if (logits.repeats > 1)
      out.noise.row(b) = (runs.colwise() - mean).rowwise().squaredNorm().transpose() /
                         static_cast<double>(logits.repeats - 1);
  }
  return out;
}

}  // namespace leaveout
