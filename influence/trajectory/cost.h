// SPDX-License-Identifier: MIT
#pragma once
// What an estimator's run cost, counted and not timed: the same on every machine.
//
//   Cost cost;
//   diff_in_scores(path, queries, options, &cost);
//   cost.passes(path.examples());                 // gradient passes over the training data

#include <Eigen/Core>

namespace leaveout {

/// Of the training data; what the queries' own gradients cost is left out.
struct Cost {
  double differentiated = 0;  // gradients of examples
  double products = 0;        // examples whose Hessian was multiplied by one direction
  double bytes = 0;           // of the parameters that the estimator must find stored

  /// Of examples' slopes along so many directions. A layer's values are one matrix product and its
  /// adjoints or a tangent two, so that a gradient is three and these are 1 + 2 directions.
  void add_slopes(Eigen::Index examples, Eigen::Index directions) {
    differentiated += static_cast<double>(examples * (1 + 2 * directions)) / 3;
  }
  /// Of those slopes' derivatives along one more direction that all share: 6 + 3 directions. The
  /// layer that reads the data takes less of all this, 2 + 2 where its gradient is two.
  void add_slope_derivatives(Eigen::Index examples, Eigen::Index directions) {
    differentiated += static_cast<double>(examples * (2 + directions));
  }
  /// In passes over N examples. A Hessian product is priced as two gradients.
  double passes(Eigen::Index examples) const {
    return (differentiated + 2 * products) / static_cast<double>(examples);
  }
};

}  // namespace leaveout
