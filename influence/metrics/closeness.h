// SPDX-License-Identifier: MIT
#pragma once
// How far an estimate e is from the truth t, over removed examples, where a correlation does not
// say it: in size, in sign, and among the examples that matter most.
//
//   relative error   |e - t| / |t|
//   best scale       alpha = e't / e'e: truth = alpha estimate, least squares through the origin
//   error after it   |alpha e - t| / |t| = sqrt(1 - cos^2 of the angle between e and t)
//   sign agreement   share of the t_i != 0 whose e_i has their sign; e_i = 0 has none
//   top-k overlap    share of the k largest of t among the k largest of e; chance gives k / n
//
// alpha is not correlation.h's slope, which has the means removed: an estimate that is off by a
// constant has slope 1, and is wrong. alpha < 0 says that the sign convention is another.
//
//   double error = *relative_error(estimate, truth);
//   Estimate signs = sign_agreement(estimate, truth, {.seed = 7});          // 0.95 [0.90, 0.99]
//   double shared = top_k_overlap(estimate, truth, 30, TopBy::magnitude);

#include "influence/metrics/correlation.h"

namespace leaveout {

/// Undefined where the truth is zero. All functions here throw std::invalid_argument when the sizes
/// differ or a value is not finite.
std::optional<double> relative_error(const Eigen::VectorXd& estimate, const Eigen::VectorXd& truth);

/// Undefined where the estimate is zero.
std::optional<double> best_scale(const Eigen::VectorXd& estimate, const Eigen::VectorXd& truth);

/// Of best_scale() times the estimate; 1 for an estimate of zero. Undefined where the truth is
/// zero.
std::optional<double> scaled_error(const Eigen::VectorXd& estimate, const Eigen::VectorXd& truth);

/// With a bootstrap over examples; undefined where no truth has a sign.
Estimate sign_agreement(const Eigen::VectorXd& estimate,
                        const Eigen::VectorXd& truth,
                        const Bootstrap& bootstrap = {});

enum class TopBy { value, magnitude };

/// Between 0 and 1. Values that merge_ties() ties share the places they compete for: the mean over
/// their orders, drawn for e and t apart. Throws std::invalid_argument unless 1 <= k <= n.
double top_k_overlap(const Eigen::VectorXd& estimate,
                     const Eigen::VectorXd& truth,
                     Eigen::Index k,
                     TopBy by);

}  // namespace leaveout
