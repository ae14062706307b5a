// SPDX-License-Identifier: MIT
#pragma once
// The estimates that are compared, by name: scores of all examples, and for some of them the change
// of the parameters that the scores are products with.
//
//   diff_in_paper        Eq. (9) as published: 5 random checkpoints, 1/m, forward differences of
//                        1e-3, one random proxy batch per checkpoint, query's gradient at theta_t
//   diff_in_sum          the same with T/m, a sum over steps and not their average
//   diff_in              exact products and the step's own batch, 1/m
//   diff_in_every_step   T/m with m = T: no sampling
//   diff_in_first_order  that and the first-order term which Eq. (9) drops, gradient at theta_T
//   diff_in_consistent   weights T - t, weight decay, gradient at theta_T: exact to third order
//
//   for (const EstimatedScores& e : estimate_all(path, queries, how)) use(e.name, e.values);

#include "influence/trajectory/diff_in.h"

namespace leaveout {

inline constexpr const char* kUnrolled = "unrolled";
inline constexpr const char* kConsistent = "diff_in_consistent";
inline constexpr const char* kPaper = "diff_in_paper";
inline constexpr const char* kPaperSum = "diff_in_sum";

struct EstimateOptions {
  double damping = 0;      // influence_function: on top of the Hessian at the end
  std::uint64_t seed = 0;  // of checkpoints and proxy batches
};

struct EstimatedScores {
  std::string name;
  Eigen::MatrixXd values;    // (Q x N) removal sign; empty where refused
  std::string refused = {};  // why, in one line
};

/// Names in the order of all tables.
std::vector<std::string> accuracy_estimators();

/// The variants of Diff-In, by name. At most `steps` checkpoints.
struct DiffInVariant {
  std::string name;
  DiffInOptions options;
};
std::vector<DiffInVariant> diff_in_variants(const Trajectory& path, std::uint64_t seed);

/// In the order of accuracy_estimators(). An estimator that refuses the training, or whose numbers
/// are beyond all bounds, says so and has no values.
std::vector<EstimatedScores> estimate_all(const Trajectory& path,
                                          const QueryLosses& queries,
                                          const EstimateOptions& how);

struct EstimatedParameters {
  std::string name;
  Eigen::MatrixXd change;  // (P x K)
};

/// The estimates that have parameter vectors, of K examples; `unrolled` is the exact derivative.
std::vector<EstimatedParameters> estimate_parameters(const Trajectory& path,
                                                     const std::vector<Index>& examples,
                                                     std::uint64_t seed);

}  // namespace leaveout
