// SPDX-License-Identifier: MIT
#pragma once
// Trainings that really are done without examples: what every estimate along a path is measured
// against. Three meanings of "without", kept apart:
//
//   zero_weight   same start, same batches, the example's term dropped and 1/b kept: what
//                 removal_tangents() is the derivative of
//   renormalise   same start, same batches, but the mean over those of the batch that are left,
//                 1/(b - 1), in the steps that hold the example
//   reshuffled    a data set of N - 1, in batches of its own: new seeds, so a mean with an error
//
// Beside them, what a derivative is to be checked with: the same training with the weights times
// (1 - s) and (1 + s), and further training from the end of the path ("warm start"), which is what
// influence functions are about. All are tasks of the retraining pool: resumable, and of the same
// bits for any number of threads.
//
//   CounterfactualRuns runs = counterfactual_runs(path, {{3}, {5}}, {.pool = {.threads = 2}});
//   Scores truth = counterfactual_scores(path, runs, queries);             // (Q x 2)
//   ErrorSplit error = split_error(estimate, derivative, truth.values);    // whose error is it?

#include "influence/decomposition.h"
#include "influence/trajectory/counterfactual_tasks.h"

namespace leaveout {

/// What is done with the others of a batch that held a removed example.
enum class BatchRemoval { zero_weight, renormalise };
std::string batch_removal_name(BatchRemoval how);

/// Where the trainings without each of K groups end.
struct CounterfactualRuns {
  std::vector<Group> removed;  // (K)
  Eigen::MatrixXd theta;       // (P x K)
  Eigen::VectorXd base;        // (P) where the same training ends with all examples
  Eigen::MatrixXd delta() const { return theta.colwise() - base; }  // (P x K)
};

/// The path's training again without each group. Throws std::invalid_argument for examples that are
/// not there, objectives that are no trainings (losses and weight decay), and where renormalising
/// leaves a batch with nobody in it.
CounterfactualRuns counterfactual_runs(const Trajectory& path,
                                       const std::vector<Group>& removed,
                                       const CounterfactualOptions& options = {},
                                       BatchRemoval how = BatchRemoval::zero_weight);

/// The whole trajectory without a group (zero weight), beside the path's own. The tangents of
/// removal_tangents() are its derivative, at every step.
void walk_counterfactual(const Trajectory& path,
                         const Group& removed,
                         const CounterfactualVisitor& after);

/// Exact changes of the queries' values, (Q x K), positive where removal raises them.
Scores counterfactual_scores(const Trajectory& path,
                             const CounterfactualRuns& runs,
                             const QueryLosses& queries);

/// What the removed examples themselves lose, (K): the change of a group's mean loss.
Eigen::VectorXd own_loss_changes(const Trajectory& path, const CounterfactualRuns& runs);

/// [theta_end(weights (1 - s)) - theta_end(weights (1 + s))] / (2 s), (P x K): removal_tangents()
/// up to O(s^2).
Eigen::MatrixXd weight_differences(const Trajectory& path,
                                   const std::vector<Group>& removed,
                                   double s,
                                   const CounterfactualOptions& options = {});

/// An estimate's distance from the truth of a full removal, and its two parts, as column norms
/// relative to the truth's (K): total <= linearisation + estimator.
struct ErrorSplit {
  Eigen::VectorXd total;          // estimate - truth
  Eigen::VectorXd linearisation;  // derivative - truth: that removal is not infinitesimal
  Eigen::VectorXd estimator;      // estimate - derivative
};
/// Any three matrices of one shape: of parameters (P x K) or of queries (Q x K).
ErrorSplit split_error(const Eigen::MatrixXd& estimate,
                       const Eigen::MatrixXd& derivative,
                       const Eigen::MatrixXd& truth);

/// Mean over seeds, with the standard errors of these means, (Q x K) each.
struct ReshuffledChanges {
  Eigen::MatrixXd values, standard_errors;
};

/// The queries' values after ordinary trainings on the N - |group| others (each loss weighs what
/// it did times N / (N - |group|)), minus those after trainings on all, each over `seeds` shuffles
/// from the path's start. Seeds of groups are their own: the two means are independent. Throws
/// std::invalid_argument for fewer than two seeds; 20 is the least to believe.
ReshuffledChanges reshuffled_changes(const Trajectory& path,
                                     const std::vector<Group>& removed,
                                     const QueryLosses& queries,
                                     Index seeds,
                                     const CounterfactualOptions& options = {});

/// Further training from theta_end (theta_s of LeaveOneOut), without each group and, as `base`,
/// with all. `response`: warm_start or proximal (with `damping`). ProtocolKind::paper: half as
/// many epochs of the path's own protocol; exact: to the minimum. Examples must weigh 1/N.
CounterfactualRuns warm_runs(const Trajectory& path,
                             const std::vector<Group>& removed,
                             Response response,
                             double damping,
                             ProtocolKind protocol,
                             const CounterfactualOptions& options = {});

}  // namespace leaveout
