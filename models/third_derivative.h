// SPDX-License-Identifier: MIT
#pragma once
// Derivatives beyond the second of objectives and outputs, exact to rounding, by complex step: the
// same recording of the network with complex numbers, moved by i h v with h = 1e-30 (h^2 underflows
// against 1, so nothing is cut off and nothing cancels).
//
//   D3 Q(theta)[u, v] = Im(H(theta + i h u) v) / h
//   J v + i h D2 f[v, v] = tangent of f at theta + i h v
//
//   Eigen::VectorXd c = third_derivative(objective, theta, u, v);           // (P)
//   OutputDerivatives f = output_derivatives(model, inputs, theta, v);
//
// With relu and max pooling they are those of the piece that theta lies in: what the kinks add is
// taken as zero (ModelSpec::smooth says whether there are any).

#include "models/objective.h"

namespace leaveout {

/// (P), entry i = sum_jk D3_ijk u_j v_k. The penalties have none, and quadratic terms neither.
Eigen::VectorXd third_derivative(const Objective& objective,
                                 const Eigen::VectorXd& theta,
                                 const Eigen::VectorXd& u,
                                 const Eigen::VectorXd& v);

/// The same for each column v of V (P x k): (P x k). One recording and one forward sweep for all.
Eigen::MatrixXd third_derivatives(const Objective& objective,
                                  const Eigen::VectorXd& theta,
                                  const Eigen::VectorXd& u,
                                  const Eigen::MatrixXd& v);

/// Hess loss_i v of each example as columns, (P x N): Im(grad loss_i(theta + i h v)) / h, so that
/// all examples take one sweep.
Eigen::MatrixXd loss_hessian_products(const Model& model,
                                      const Dataset& data,
                                      const Eigen::VectorXd& theta,
                                      const Eigen::VectorXd& v);

/// Outputs f(theta + s v) and their derivatives in s at s = 0, each (O x N).
struct OutputDerivatives {
  Eigen::MatrixXd value, first, second;
};
OutputDerivatives output_derivatives(const Model& model,
                                     const Eigen::MatrixXd& inputs,
                                     const Eigen::VectorXd& theta,
                                     const Eigen::VectorXd& v);

}  // namespace leaveout
