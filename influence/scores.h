// SPDX-License-Identifier: MIT
#pragma once
// Scores: what each training example is worth to each query, as one matrix with its conventions.
//
//   values(q, k) > 0: removing training example k raises the query's value (for a loss: k helps).
//
//   Scores s = influence_scores(...);
//   s.values(q, k);                         // change of query q's loss when k is removed
//   s.as(Normalisation::per_unit_weight);   // the same times N

#include <Eigen/Core>
#include <string>
#include <vector>

namespace leaveout {

/// `removal`: the change when the example's weight goes from 1/N to 0.
/// `per_unit_weight`: minus the derivative in the example's weight, that is N times the former.
enum class Normalisation { removal, per_unit_weight };
inline std::string normalisation_name(Normalisation n) {
  return n == Normalisation::removal ? "removal" : "per_unit_weight";
}

struct Scores {
  Eigen::MatrixXd values;  // (query x train)
  /// Which training examples the columns are: one each, or several that are removed together.
  std::vector<std::vector<Eigen::Index>> train;
  Normalisation normalisation = Normalisation::removal;
  Eigen::Index train_size = 0;  // N
  std::string measurement;      // what a query's value is: "loss"
  std::string method;           // provenance: curvature, damping, solver
  Eigen::VectorXd residuals;    // of the linear systems behind the columns or rows
  bool converged = true;        // of all of them

  Scores as(Normalisation wanted) const {
    Scores other = *this;
    if (wanted != normalisation) {
      const double n = static_cast<double>(train_size);
      other.values *= wanted == Normalisation::per_unit_weight ? n : 1 / n;
      other.normalisation = wanted;
    }
    return other;
  }
};

}  // namespace leaveout
