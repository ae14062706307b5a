// SPDX-License-Identifier: MIT
#pragma once
// Every estimator along the trajectory under one name and one call: scores of all examples for all
// queries, in removal sign and normalisation. What each is, and where it refuses, its own header
// says. One that asks of the training itself (MoSo) has no query: it gives one row, whatever the
// queries, for what ranks examples (cleaning, coresets).
//
//   for (TrajectoryEstimator kind : trajectory_estimators())
//     fmt::print("{}: {}\n", trajectory_estimator_name(kind), explanation(kind));
//   Scores s = trajectory_estimate(TrajectoryEstimator::source_hessian, path, queries);
//
// A new estimator is a value here and a line of the table in estimators.cpp.

#include "influence/trajectory/diff_in.h"
#include "influence/trajectory/source.h"

namespace leaveout {

enum class TrajectoryEstimator {
  unrolled,
  sgd_influence,
  first_order,
  accumulated_sgd_influence,
  hydra_fast,
  hydra,
  data_value_embedding,
  source_hessian,
  source_gauss_newton,
  source_ek_fac,
  influence_function,
  tracin_ideal,
  tracin_first_order,
  tracin_checkpoints,
  grad_dot,
  grad_cos,
  diff_in,
  diff_in_differences,
  diff_in_consistent,
  moso
};

struct TrajectoryOptions {
  Index segments = 3, checkpoints = 2;  // source: checkpoints in each segment
  CheckpointChoice sampled = {};        // tracin_checkpoints, diff_in, moso
  DiffInOptions diff_in = {};           // every variant of it; products and checkpoints aside
  double damping = 0;                   // influence_function: on top of the Hessian
  double memory = 1e9;                  // bytes for an estimator's matrices
};

/// All of them, in the order of the enumeration.
std::vector<TrajectoryEstimator> trajectory_estimators();
std::string trajectory_estimator_name(TrajectoryEstimator kind);
/// Throws std::invalid_argument that lists the names.
TrajectoryEstimator parse_trajectory_estimator(const std::string& name);
/// What it is, in one line.
std::string explanation(TrajectoryEstimator kind);

/// False where the scores are of the training itself and the queries are not looked at.
bool has_query(TrajectoryEstimator kind);

/// (Q x N), or (1 x N) without a query. `method` of the scores is the estimator's name. Throws
/// std::invalid_argument where the training's rule, or the memory, is not one that the estimator
/// can take.
Scores trajectory_estimate(TrajectoryEstimator kind,
                           const Trajectory& path,
                           const QueryLosses& queries,
                           const TrajectoryOptions& options = {});

/// What the options say of one of the three Diff-Ins. (diff_in_consistent takes none.)
DiffInOptions diff_in_options(TrajectoryEstimator kind, const TrajectoryOptions& options);

/// (N) each example's influence on its own loss. Diff-In has a formula of its own (Eq. 12) and so
/// has TracIn, with gradients taken where each step is; of the others it is the score of the
/// example as its own query at the end. Throws as above, and of an estimator without a query.
Eigen::VectorXd trajectory_self_influence(TrajectoryEstimator kind,
                                          const Trajectory& path,
                                          const TrajectoryOptions& options = {});

}  // namespace leaveout
