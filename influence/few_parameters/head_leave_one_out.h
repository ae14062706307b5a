// SPDX-License-Identifier: MIT
#pragma once
// Leave-one-out of the head on frozen features, without a new factorisation for any example.
//
// Without example i the head's curvature is A - A_i / N, A_i = P_i V_i P_i' with P_i = phi_i (x) I,
// of rank C - 1 for softmax and C at most otherwise. By the Woodbury identity, with the hat block
// M_i = (1/N) P_i' A^-1 P_i (C x C),
//
//   Delta w_i = (1/N) (A - A_i / N)^-1 g_i = (1/N) A^-1 P_i r_i,   r_i = (I - V_i M_i)^-1 e_i
//
// and the outputs of example i become y_i + M_i r_i. From an optimum this is a Newton step of the
// retraining. For squared error it is exact: M_i = h_i I, and the residual becomes e_i / (1 - h_i).
// The first-order step has e_i for r_i: 1 - h_i times as long, and so most wrong where the leverage
// h_i is close to 1, which is on what a network has memorized.
//
// Cost: one Cholesky and one inverse of A for all examples together, then C^2 d'^2 + C^3 for each.
//
//   HeadLeaveOneOut loo(model, train, theta, weight_decay);
//   HeadSelfEffects self = loo.self_effects();          // of all examples on themselves
//   MatrixXd steps = loo.steps({3, 8});                 // what their removal does to w
//   Run exact = loo.retrain(3);                         // the head trained anew without example 3

#include "influence/few_parameters/softmax_head.h"
#include "influence/solvers/direct.h"
#include "models/trust_region.h"

namespace leaveout {

/// What the removal of each example does to itself, (N) each.
struct HeadSelfEffects {
  Eigen::VectorXd loss;                    // with the example
  Eigen::VectorXd loss_without;            // at the outputs after the step
  Eigen::VectorXd self_influence;          // first order: (1/N) g' A^-1 g
  Eigen::VectorXd self_influence_without;  // (1/N) g' (A - A_i / N)^-1 g
  /// 1 where the largest output is the class (one output: its side), 0 elsewhere; empty where
  /// there are no classes.
  Eigen::VectorXd correct;
  Eigen::VectorXd correct_without;
};

class HeadLeaveOneOut {
 public:
  /// `model` at theta (P), trained on `train`; none of them is kept. `damping` adds to A, and holds
  /// steps and retrainings back at the head's w. Throws std::invalid_argument where A is not
  /// positive definite: it needs weight decay or damping for softmax.
  HeadLeaveOneOut(const Model& model,
                  const Dataset& train,
                  const Eigen::VectorXd& theta,
                  double weight_decay,
                  double damping = 0,
                  int threads = 1);
  HeadLeaveOneOut(const HeadLeaveOneOut&) = delete;  // objectives point into this object
  HeadLeaveOneOut& operator=(const HeadLeaveOneOut&) = delete;

  const HeadProblem& head() const { return head_; }
  const HeadExamples& examples() const { return examples_; }  // of the training set

  /// Delta w of each removed example, (C d' x removed): removal normalisation. These functions
  /// throw std::invalid_argument for an example that does not exist, or without which the others
  /// do not determine the head.
  Eigen::MatrixXd steps(const std::vector<Index>& removed) const;
  /// The outputs of each removed example itself after its step, (C x removed).
  Eigen::MatrixXd outputs_without(const std::vector<Index>& removed) const;
  HeadSelfEffects self_effects() const;

  /// The exact head without example i: Newton steps from w + Delta w to the minimum of the head's
  /// objective with weight 0 for i. Its theta is the head's (C d').
  Run retrain(Index i, const NewtonOptions& options = {}) const;

 private:
  Eigen::MatrixXd hat_blocks() const;
  Eigen::MatrixXd hat_block(Index i) const;           // M_i, (C x C)
  Eigen::VectorXd corrected_residual(Index i) const;  // r_i, (C)
  void check(const std::vector<Index>& removed) const;
  double n() const { return static_cast<double>(examples_.size()); }

  HeadProblem head_;
  HeadExamples examples_;
  double weight_decay_, damping_;
  Cholesky factor_;       // of A, (C d' x C d')
  Eigen::MatrixXd hats_;  // (C C x N), M_i column by column
};

}  // namespace leaveout
