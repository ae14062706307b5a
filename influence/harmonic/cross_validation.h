// SPDX-License-Identifier: MIT
#pragma once
// The penalty of a ridge or lasso datamodel, chosen for each target by its error on subsets that a
// fit has not seen.
//
// Subsets are dealt into folds at random, by the seed. Each fold is predicted by the fit to the
// others along a falling geometric path of penalties; the penalty of smallest mean squared error is
// then fitted to all subsets. The lasso's path begins at the target's own lambda_max, the ridge's
// where weights are shrunk to a hundredth.
//
//   CrossValidated lasso = cross_validate(masks, outputs, Penalty::lasso, {.seed = 7});
//   lasso.model.weights; lasso.penalties; lasso.errors;

#include <cstdint>

#include "influence/harmonic/datamodel.h"

namespace leaveout {

enum class Penalty { ridge, lasso };

struct CrossValidation {
  Eigen::Index folds = 5;
  Eigen::Index count = 30;  ///< Penalties on the path.
  double ratio = 1e-4;      ///< Lowest penalty / highest.
  std::uint64_t seed = 0;
};

struct CrossValidated {
  Datamodel model;            ///< Fitted to all subsets at the chosen penalties.
  Eigen::VectorXd penalties;  ///< The chosen ones, (K).
  Eigen::MatrixXd path;       ///< Penalties tried, falling, (count x K).
  Eigen::MatrixXd errors;     ///< Mean squared error of predicted folds, (count x K).
};

/// masks (N x m), outputs (m x K). Throws std::invalid_argument as DatamodelRegression does, for a
/// number of folds outside 2, ..., m, and for constant outputs.
CrossValidated cross_validate(const Eigen::MatrixXd& masks,
                              const Eigen::MatrixXd& outputs,
                              Penalty penalty,
                              const CrossValidation& settings = {});

/// The fold of each of m subsets; sizes differ by one at most.
std::vector<Eigen::Index> deal_folds(Eigen::Index m, Eigen::Index folds, std::uint64_t seed);

}  // namespace leaveout
