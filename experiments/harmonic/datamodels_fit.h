// SPDX-License-Identifier: MIT
#pragma once
// Linear datamodels of a task's queries, and how much of the outputs no linear datamodel explains.
//
// A single training's output has the share r = (B_{>=2} + noise) / (Var f + noise) that is not
// linear in the training set. Fits tell it by 1 - R^2 on subsets that they have not seen, too large
// by the noise of their weights: least squares by (N + 1) / (m - N - 2) of itself. Without a fit it
// comes from pairs (U-statistic) or from noise stability.
//
//   DatamodelFits fits = fit_datamodels(task, pools);
//   const Datamodel& best = fits.models[fits.chosen].model;

#include "experiments/harmonic/datamodels_pool.h"
#include "experiments/harmonic/subset_files.h"
#include "influence/harmonic/datamodel.h"
#include "influence/harmonic/degree_weights.h"
#include "influence/metrics/lds.h"

namespace leaveout {

struct FittedDatamodel {
  std::string name;  // least squares, ridge, lasso, difference of means
  Datamodel model;
  Eigen::MatrixXd errors;                 // standard errors of the weights, (N x Q)
  std::vector<std::optional<double>> r2;  // (Q) on held-out single trainings
  Estimate mean_r2;                       // over queries; bootstrap over held-out subsets
  double nonzero = 1;                     // share of the weights that are not zero

  /// Root mean square over the examples of the errors of query q's weights.
  double typical_error(Index q) const;
};

/// Who is scored by the linear datamodelling score.
struct ScoredAttribution {
  std::string name;
  Eigen::MatrixXd scores;  // (Q x N), positive where including raises the output
  Lds lds;
};

/// An estimate of the share r without a fit, or from the fit's own residual, (Q).
struct ShareEstimate {
  std::string name;
  Index trainings = 0;
  std::vector<Measured> share;

  double mean() const;
  /// Of the mean, as if all queries erred together: they share their trainings.
  double standard_error() const;
};

struct DatamodelFits {
  std::vector<FittedDatamodel> models;
  std::size_t chosen = 0;  // ridge or lasso, whichever has the smaller cross-validated error
  std::vector<ScoredAttribution> attributions;  // the models, then influence functions
  std::vector<ShareEstimate> shares;
  Estimate held_share;  // 1 - R^2 of least squares (or the chosen), without the fit's own noise
  std::string held_by;  // which of them
  std::optional<double> ceiling;      // of Spearman's LDS by training noise
  std::vector<DegreeOne> degree_one;  // (Q) U-statistics
  std::vector<Measured> degree_two;   // (Q)
  InfluencePair influence;            // (Q x N) each, or empty
};

/// m > 3 N subsets are enough for least squares.
bool enough_for_least_squares(Index subsets, Index examples);

/// The mean over queries of R^2 with a bootstrap over the held-out subsets.
Estimate mean_held_out_r2(const Datamodel& model,
                          const Eigen::MatrixXd& masks,
                          const Eigen::MatrixXd& outputs,
                          const Bootstrap& bootstrap);

/// `influence` of all the task's queries, (queries x N) each or empty.
DatamodelFits fit_datamodels(const SubsetTask& task,
                             const SubsetPools& pools,
                             const InfluencePair& influence);

}  // namespace leaveout
