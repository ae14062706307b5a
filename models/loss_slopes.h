// SPDX-License-Identifier: MIT
#pragma once
// Slopes of a data set's losses along directions, and how the slopes themselves change along one:
// exact, for all examples in one pass over the data, without forming a gradient.
//
//   LossSlopes slopes(model, data);                       // one per thread
//   MatrixXd s = slopes.along(theta, v);                  // g_i' v_j, (N x k)
//   MatrixXd c = slopes.derivatives(theta, u, v, zero);   // v_j' Hess loss_i u, (N x k)

#include "autodiff/workspace.h"
#include "models/model.h"

namespace leaveout {

/// Owns its workspace. Without weight decay, and whatever the examples' weights. Model and data
/// must outlive the object.
class LossSlopes {
 public:
  /// `directions`: how many of them share a sweep.
  LossSlopes(const Model& model, const Dataset& data, Index directions = 1);
  LossSlopes(const LossSlopes&) = delete;  // the batch points into this object
  LossSlopes& operator=(const LossSlopes&) = delete;

  /// Along each column of V (P x k): (N x k).
  Eigen::MatrixXd along(const Eigen::VectorXd& theta, const Eigen::MatrixXd& v);
  /// The derivative of the slopes along v + s w at theta + s u, in s at s = 0:
  /// w' grad loss_i + v' Hess loss_i u, for each column of V and W (P x k): (N x k).
  Eigen::MatrixXd derivatives(const Eigen::VectorXd& theta,
                              const Eigen::VectorXd& u,
                              const Eigen::MatrixXd& v,
                              const Eigen::MatrixXd& w);

 private:
  Eigen::VectorXd weights_;  // (N), of no effect
  Batch<double> batch_;
  Workspace<double> ws_;
};

}  // namespace leaveout
