// SPDX-License-Identifier: MIT
#pragma once
// Removing any group from ridge regression, in closed form: the test family without an optimiser.
//
//   theta = A^-1 X y,   A = X X' + lambda I,   M_S = X_S' A^-1 X_S,   r_S = X_S' theta - y_S
//   theta_{-S} - theta = A^-1 X_S (I - M_S)^-1 r_S              (Woodbury)
//
// The influence function has I in place of (I - M_S)^-1, the Taylor series of order k in the
// weights its Neumann sum I + M_S + ... + M_S^{k-1}. A single example has M = h, its leverage: 1 /
// (1 - h). c copies of one example have 1 / (1 - c h): together they do more than c times what one
// does.
//
//   RidgeRemoval ridge(inputs, targets, n * weight_decay);     // columns are examples, no bias
//   VectorXd theta = ridge.theta() + ridge.change({0, 3});
//   double gap = x.dot(ridge.change({0, 3}, 1));                // of a prediction, first order

#include <Eigen/Cholesky>

#include "influence/responses.h"

namespace leaveout {

class RidgeRemoval {
 public:
  /// sum_i (x_i' theta - y_i)^2 / 2 + lambda |theta|^2 / 2 for inputs (d x N) and targets (N); it
  /// is N times the mean's objective at weight_decay = lambda / N. Throws std::invalid_argument for
  /// shapes that do not fit and for a singular A.
  RidgeRemoval(Eigen::MatrixXd inputs, const Eigen::VectorXd& targets, double lambda);

  const Eigen::VectorXd& theta() const { return theta_; }  // (d), of all examples
  /// h_i = x_i' A^-1 x_i, (N).
  Eigen::VectorXd leverages() const;
  /// theta without the group minus theta with it, exact, (d). Throws where what is left does not
  /// determine theta, and for examples that do not exist or come twice.
  Eigen::VectorXd change(const Group& removed) const;
  /// The same to the given order (1: the influence function) in the weights of the group.
  Eigen::VectorXd change(const Group& removed, int order) const;

 private:
  struct Part {
    Eigen::MatrixXd inputs;    // (d x |S|)
    Eigen::MatrixXd solved;    // A^-1 X_S, (d x |S|)
    Eigen::MatrixXd hat;       // M_S, (|S| x |S|)
    Eigen::VectorXd residual;  // r_S, (|S|)
  };
  Part part(const Group& removed) const;

  Eigen::MatrixXd inputs_;              // (d x N)
  Eigen::LLT<Eigen::MatrixXd> factor_;  // of A, (d x d)
  Eigen::VectorXd theta_, residual_;    // (d), (N)
};

}  // namespace leaveout
