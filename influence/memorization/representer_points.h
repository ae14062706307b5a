// SPDX-License-Identifier: MIT
#pragma once
// Representer points: an output as a sum over the training examples (Yeh, Kim, Yen and Ravikumar
// 2018), on the features phi of a network's last layer.
//
// Where (1/N) sum_i loss(W phi_i, t_i) + lambda |W|^2 (lambda, not lambda/2) is stationary in W,
//
//   W = sum_i alpha_i phi_i',   alpha_i = -(mu(W phi_i) - t_i) / (2 lambda N)
//   W phi_q = sum_i alpha_i (phi_i' phi_q)
//
// so that alpha_ic phi_i' phi_q is example i's part of output c of q. It is what removing i takes
// away from that output to first order, with 2 lambda I in place of the head's curvature A: equal
// rankings where features are white.
//
// The head is trained anew for that. The local Jacobian expansion (Sui, Wu and Sanner 2021) takes
// the network's own head and one Newton step W' = W - H^-1 grad R(W) instead, with R the training
// risk and H = A its Hessian, and gives every example an equal share of W:
//
//   W' phi_q = sum_i (1/N) (W - H^-1 [e_i phi_i' + weight_decay W]) phi_q
//
//   RepresenterPoints points = representer_points(model, train, theta, {.lambda = 0.003});
//   points.head.converged;
//   std::vector<MatrixXd> values = points.values(query_examples.features);  // per class

#include "influence/few_parameters/softmax_head.h"
#include "models/trust_region.h"

namespace leaveout {

/// What the new head learns to say: what the network says (the default, as it is the network that
/// is explained), or the labels.
enum class RepresenterTargets { network_outputs, labels };

struct RepresenterOptions {
  double lambda = 0.003;
  RepresenterTargets targets = RepresenterTargets::network_outputs;
  NewtonOptions newton{};
};

struct RepresenterPoints {
  Run head;                    // theta: vec W, (C d'); converged, gradient_norm
  Eigen::MatrixXd alpha;       // (C x N)
  Eigen::MatrixXd features;    // phi of the training set, (d' x N)
  Eigen::VectorXd importance;  // |alpha_i| at the class of i, (N); without classes the norm

  /// Part of each training example in each output of queries with features phi (d' x Q): one matrix
  /// (query x train) per output. Positive: the example raises that output.
  std::vector<Eigen::MatrixXd> values(const Eigen::MatrixXd& query_features) const;
  /// The sums of these over the training set, (C x Q): the new head's outputs, rebuilt.
  Eigen::MatrixXd outputs(const Eigen::MatrixXd& query_features) const;
};

/// Trains the head of `model` at theta (P) anew on its features of `train`. Throws
/// std::invalid_argument unless lambda > 0, or where the network's last layer is not dense.
RepresenterPoints representer_points(const Model& model,
                                     const Dataset& train,
                                     const Eigen::VectorXd& theta,
                                     const RepresenterOptions& options = {});

/// The local Jacobian expansion: each example's part of W' (C d' x N), vec of a C x d' matrix in
/// each column. Throws std::invalid_argument where A is not positive definite.
Eigen::MatrixXd jacobian_expansion(const Model& model,
                                   const Dataset& train,
                                   const Eigen::VectorXd& theta,
                                   double weight_decay,
                                   double damping = 0);

/// The same parts in the outputs of queries with features phi (d' x Q): one matrix (query x train)
/// per output.
std::vector<Eigen::MatrixXd> expansion_values(const Eigen::MatrixXd& parts,
                                              const Eigen::MatrixXd& query_features);

}  // namespace leaveout
