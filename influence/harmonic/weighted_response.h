// SPDX-License-Identifier: MIT
#pragma once
// Influence functions of first and second order: the exact derivatives, in the examples' weights,
// of what a weighted training says of a query.
//
//   J(theta, w) = (1/N) sum_i w_i loss_i(theta) + penalty,   theta(w) = argmin,   F(w) =
//   m(theta(w))
//
// With g_i, H_i of loss_i / N, H and T the second and third derivative of J, all at theta(w):
//
//   theta_i = -H^-1 g_i
//   F_i     = grad m' theta_i = -q' g_i,   q = H^-1 grad m
//   F_ij    = -q' H_i theta_j - q' H_j theta_i - T[q, theta_i, theta_j] + theta_i' (Hess m) theta_j
//
// F_i(1) is the influence function of Koh and Liang 2017 with the sign of a datamodel: positive
// where including example i raises the output. Of F_ij, Basu, You and Feizi 2020 leave out the
// third derivative, and interaction-aware attribution keeps the last term alone.
//
//   WeightedResponse at(training_objective(model, train, 0.01), VectorXd::Constant(n, 0.5), start);
//   MatrixXd f_i = at.first(query, QueryOutput::margin);                 // (Q x N)
//   MatrixXd f_ij = at.second(query, 0, QueryOutput::margin).full();     // (N x N), of query 0
//
// The Hessian is held and factorised: for some 1500 parameters. With relu and max pooling the
// derivatives are those of the piece that theta lies in.

#include "influence/harmonic/query_output.h"
#include "influence/solvers/direct.h"
#include "models/objective.h"
#include "models/trust_region.h"

namespace leaveout {

/// F_ij of one query in its terms, each (N x N).
struct PairTerms {
  Eigen::MatrixXd example;  // -q' H_i theta_j; not symmetric, counts with its transpose
  Eigen::MatrixXd third;    // -T[q, theta_i, theta_j]
  Eigen::MatrixXd output;   // theta_i' (Hess m) theta_j, the network's own curvature included

  /// F_ij, symmetric to rounding.
  Eigen::MatrixXd full() const { return without_third() + third; }
  Eigen::MatrixXd without_third() const { return example + example.transpose() + output; }
};

class WeightedResponse {
 public:
  /// Minimises `training` with each of its weights (1/N) times w_i (N, not negative) from `start`.
  /// Model and data must outlive the object. Throws std::invalid_argument for shapes that do not
  /// fit, for terms that are no losses, and where no minimum is found: at a saddle or a degenerate
  /// point theta(w) has no derivatives.
  WeightedResponse(const Objective& training,
                   const Eigen::VectorXd& weights,
                   const Eigen::VectorXd& start,
                   const NewtonOptions& options = {});

  const Eigen::VectorXd& weights() const { return weights_; }        // (N)
  const Eigen::VectorXd& theta() const { return run_.theta; }        // (P)
  const Objective& objective() const { return objective_; }          // J(., w)
  const Eigen::MatrixXd& parameter_steps() const { return steps_; }  // theta_i, (P x N)
  /// H^-1 b, (P x k).
  Eigen::MatrixXd solve(const Eigen::MatrixXd& b) const;

  /// m at theta(w), (Q).
  Eigen::VectorXd values(const Dataset& query, QueryOutput kind) const;
  /// grad m in the parameters, as columns, (P x Q). Throws for outputs without derivatives.
  Eigen::MatrixXd gradients(const Dataset& query, QueryOutput kind) const;
  /// F_i, (Q x N).
  Eigen::MatrixXd first(const Dataset& query, QueryOutput kind) const;
  /// F_ij of query number `row`. Costs min(N, P) complex second-order sweeps of the training set.
  PairTerms second(const Dataset& query, Index row, QueryOutput kind) const;

 private:
  Eigen::MatrixXd third_term(const Eigen::VectorXd& q) const;
  Eigen::MatrixXd output_term(const Dataset& one,
                              const Eigen::MatrixXd& jacobian,
                              const Eigen::VectorXd& logits,
                              QueryOutput kind) const;

  Eigen::VectorXd scale_;    // (N) the weights of `training`: what w_i = 1 stands for
  Eigen::VectorXd weights_;  // (N)
  Objective objective_;
  Run run_;
  Cholesky hessian_;
  Eigen::MatrixXd steps_;  // (P x N)
};

}  // namespace leaveout
