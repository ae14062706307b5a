// SPDX-License-Identifier: MIT
#pragma once
// How the slopes of a data set's losses change along a direction, exact and for all examples in one
// pass over the data; no gradient is formed (autodiff/slope_derivatives.h has the formula).
//
//   MatrixXd bent = slope_derivatives(model, data, theta, u, v, MatrixXd::Zero(v.rows(),
//   v.cols())); bent(i, j);                                                  // v_j' Hess loss_i u

#include "models/model.h"

namespace leaveout {

/// The derivative of each example's slopes along v + s w at theta + s u, in s at s = 0:
/// w' grad loss_i + v' Hess loss_i u, for each column of V and W (P x k): (N x k). Without weight
/// decay.
Eigen::MatrixXd slope_derivatives(const Model& model,
                                  const Dataset& data,
                                  const Eigen::VectorXd& theta,
                                  const Eigen::VectorXd& u,
                                  const Eigen::MatrixXd& v,
                                  const Eigen::MatrixXd& w);

}  // namespace leaveout
