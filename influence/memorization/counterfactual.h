// SPDX-License-Identifier: MIT
#pragma once
// Memorization as a counterfactual: what training makes of an example that was there, and of one
// that was not (Feldman 2020; Feldman and Zhang 2020).
//
//   correct   mem_i = P(i is right | i in) - P(i is right | i out)
//   loss      mem_i = E[loss_i | i out] - E[loss_i | i in]
//
// infl(t, i) is the same of a query t. All are positive where training on i helps: what the query
// loses when i is removed. Two estimates, of two questions:
//
//   subsets         M trainings on random 0.7 N of the examples; each is in some and out of others.
//                   Standard error: two samples, unequal variances.
//   leave one out   trainings on all examples and on all but i, which share initialisation and
//                   batches. Standard error: of the mean difference over seeds.
//
//   SubsetTrainings all = train_random_subsets(problem, 2000, {.threads = 2});
//   Memorization m = subset_memorization(all.masks, all.train_correct, QueryOutput::correct);
//   m.out(i);                                       // consistency score: how often right when out
//
// As everywhere, examples that stay keep their 1/N: weight decay weighs the same with fewer of
// them.

#include "influence/harmonic/query_output.h"
#include "influence/harmonic/subset_training.h"

namespace leaveout {

/// Of each example on itself, (N) or (left-out examples).
struct Memorization {
  Eigen::VectorXd values;
  Eigen::VectorXd standard_errors;  // empty where there is one training of each kind
  /// Mean output of the trainings without the example. Of `correct`: the consistency score (Jiang,
  /// Zhang, Talwar, Mozer 2021), how often others say the example's label.
  Eigen::VectorXd out;
};

/// Of each example on each query, (query x train).
struct Counterfactual {
  Eigen::MatrixXd values;
  Eigen::MatrixXd standard_errors;  // empty where there is one training of each kind
};

/// What M trainings on subsets say of the training examples and of the queries.
struct SubsetTrainings {
  Eigen::MatrixXd masks;                         // (N x M)
  Eigen::MatrixXd train_correct, query_correct;  // (M x N), (M x Q); empty but for classification
  Eigen::MatrixXd train_loss, query_loss;        // (M x N), (M x Q)
  Index unconverged = 0;                         // exact solutions that missed their tolerance
};

/// Trains on `subsets` random subsets of round(share N) examples, each once (or problem.seeds
/// times, of which the mean counts). Throws std::invalid_argument for a share that leaves no
/// example in or out, and what train_subsets throws.
SubsetTrainings train_random_subsets(const SubsetProblem& problem,
                                     Index subsets,
                                     const PoolOptions& options,
                                     double share = 0.7);

/// masks (N x M), outputs (M x N): what each training says of the training examples, as `kind`.
/// A loss is taken as what removal adds to it, any other kind as what removal takes from it. Throws
/// std::invalid_argument where shapes differ or an example is in, or out, fewer than two times.
Memorization subset_memorization(const Eigen::MatrixXd& masks,
                                 const Eigen::MatrixXd& outputs,
                                 QueryOutput kind);

/// The same of queries, outputs (M x Q).
Counterfactual subset_influence(const Eigen::MatrixXd& masks,
                                const Eigen::MatrixXd& outputs,
                                QueryOutput kind);

/// Trainings on all examples and on all but one, S = problem.repeats() of each.
struct LeaveOneOutTrainings {
  std::vector<Index> left_out;           // (L)
  Eigen::MatrixXd with;                  // (P x S), column s of seed s
  std::vector<Eigen::MatrixXd> without;  // of each left-out example, (P x S)
  Index unconverged = 0;                 // exact solutions that missed their tolerance
};

/// One shard for each left-out example (or none) and seed. Networks by the protocol, convex models
/// exactly. Throws std::invalid_argument for an example that is not there or parameters that exceed
/// the memory, and std::runtime_error for a training that diverges.
LeaveOneOutTrainings train_leaving_one_out(const SubsetProblem& problem,
                                           const std::vector<Index>& left_out,
                                           const PoolOptions& options);

/// Of the left-out examples, (L). `problem` as trained.
Memorization leave_one_out_memorization(const SubsetProblem& problem,
                                        const LeaveOneOutTrainings& trainings,
                                        QueryOutput kind);

/// Of the left-out examples on problem.query, (Q x L).
Counterfactual leave_one_out_influence(const SubsetProblem& problem,
                                       const LeaveOneOutTrainings& trainings,
                                       QueryOutput kind);

}  // namespace leaveout
