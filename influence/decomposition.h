// SPDX-License-Identifier: MIT
#pragma once
// The five-term decomposition (Bae et al. 2022, section 4): why an influence function misses
// leave-one-out retraining, one reason at a time.
//
//   cold start -> warm start -> proximal -> PBRF -> linearised -> influence estimate
//             1             2           3       4             5
//   1 warm-start gap   2 proximity gap   3 non-convergence gap   4 linearisation error   5 solver
//   error
//
// A gap is d(theta, theta') = (1/N) sum over training inputs of |f(theta, x_i) - f(theta', x_i)|,
// in logits. As signed changes of the query loss the five sum to (cold start - estimate), exactly.
//
// Two protocols. `paper`: each response is K/2 further epochs of the base run's own SGD with shared
// batches. `exact`: each is solved to a gradient norm below 1e-10. The difference of the two is the
// optimiser's error.
//
//   Decomposition d = decompose(loo, query, removed, ProtocolKind::exact, options);
//   d.gaps.rowwise().mean();                         // the five, over the removed examples

#include <array>
#include <functional>

#include "influence/estimators/influence_function.h"
#include "models/retraining_pool.h"
#include "models/trainer.h"
#include "models/trust_region.h"

namespace leaveout {

enum class ProtocolKind { paper, exact };
std::string protocol_name(ProtocolKind kind);

inline constexpr std::array<const char*, 5> kGapNames = {
    "warm_start", "proximity", "non_convergence", "linearisation", "solver"};
/// "warm start", "proximity", "non-convergence", "linearisation", "solver": as a reader has them.
std::string gap_title(int gap);
inline constexpr std::array<const char*, 6> kStageNames = {
    "cold", "warm", "prox", "pbrf", "linearised", "influence"};
/// The five retrained stages, in the order of kStageNames.
inline constexpr std::array<Response, 5> kResponses = {Response::cold_start,
                                                       Response::warm_start,
                                                       Response::proximal,
                                                       Response::pbrf,
                                                       Response::linearised};

struct DecompositionOptions {
  Protocol base;               // of the base run; `paper` goes on with it for half as many epochs
  NewtonOptions newton;        // `exact`
  EstimatorOptions estimator;  // stage 6
  PoolOptions pool;
  std::string provenance;  // enters the shards' keys: what built this, with which data
};

struct Decomposition {
  ProtocolKind protocol = ProtocolKind::exact;
  std::vector<Group> removed;            // (R) groups, of one example each unless asked otherwise
  std::array<Eigen::MatrixXd, 6> theta;  // (P x R) each, in the order of kStageNames
  std::array<std::vector<Run>, 5> runs;  // of the retrained stages, without their parameters
  Solution estimate;                     // the solver's own account of stage 6
  Scores scores;                         // (query x removed), of stage 6, first order
  Eigen::MatrixXd gaps;                  // (5 x R) in logits
  Eigen::MatrixXd gaps_in_means;         // (5 x R) in mean outputs (probabilities)
  Eigen::MatrixXd gaps_in_parameters;    // (5 x R) |theta - theta'|
  Eigen::MatrixXd query_loss;            // (6 x R) mean query loss at each stage
  Eigen::MatrixXd signed_gaps;           // (5 x R) differences of query_loss, telescoping
  double query_loss_s = 0;               // at theta_s
};

/// Runs all responses through the retraining pool and compares them. `loo.theta_s()` is the base
/// run's result. Under `exact` each thread holds newton_bytes(P): ask before, it is not asked here.
Decomposition decompose(const LeaveOneOut& loo,
                        const Dataset& query,
                        const std::vector<Group>& removed,
                        ProtocolKind protocol,
                        const DecompositionOptions& options);
/// The same for single examples.
Decomposition decompose(const LeaveOneOut& loo,
                        const Dataset& query,
                        const std::vector<Index>& removed,
                        ProtocolKind protocol,
                        const DecompositionOptions& options);

/// The training of one response as a task of the retraining pool. Under `paper` a warm start goes
/// on for K/2 epochs on batches that `options.base.seed` draws; a cold start trains K epochs first.
/// No removed examples: the same further training on all data. `loo` must outlive the task.
RetrainingTask response_task(const LeaveOneOut& loo,
                             Response response,
                             const Group& removed,
                             ProtocolKind protocol,
                             const DecompositionOptions& options);

/// How many of the retrained responses missed the tolerance of the exact protocol (`paper`: none,
/// as it asks for none).
Index unconverged(const Decomposition& d);

/// Mean distance of network outputs over the columns of two output matrices (O x N).
double mean_output_distance(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b);

/// Canonical text of an objective, a start and how it is minimised: a shard's key.
std::string task_key(const LeaveOneOut& loo,
                     Response response,
                     const Group& removed,
                     ProtocolKind protocol,
                     const DecompositionOptions& options);

}  // namespace leaveout
