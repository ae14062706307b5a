// SPDX-License-Identifier: MIT
#pragma once
// How few examples must go before a prediction is predicted to flip (Ilyas et al., ICML 2022):
// remove those of largest weight first, until
//
//   margin(all) - sum of the k largest weights  <  0.
//
// An upper bound of the data support, to be confirmed by retraining without these examples. Weights
// are positive where including an example raises the margin.
//
//   if (auto removed = flipping_removal(margin, weights)) removed->size();

#include <Eigen/Core>
#include <optional>
#include <vector>

namespace leaveout {

/// The examples to remove, largest weight first, ties by index; empty list where the margin is
/// negative already. No value where removing every example of positive weight does not flip it.
/// Throws std::invalid_argument where a value is not finite.
std::optional<std::vector<Eigen::Index>> flipping_removal(double margin,
                                                          const Eigen::VectorXd& weights);

}  // namespace leaveout
