// SPDX-License-Identifier: MIT
#pragma once
// EK-FAC (George, Laurent, Bouthillier, Ballas and Vincent 2018): the Gauss-Newton matrix of affine
// layers, diagonal in a basis that is a Kronecker product.
//
// For z = W x + b with a = (x, 1), an example's part of the matrix is sum_r vec(d_r a') vec(d_r
// a')' where d_r are the adjoints of z for a root of the loss's Hessian in the outputs. With
// eigenvectors
//
//   A = sum w_i a a' = U_A . U_A',      S = sum w_i sum_r d_r d_r' = U_S . U_S',
//
// a layer's block is taken as diagonal in U_A (x) U_S, with the diagonal that is nearest:
//
//   value(j, k) = sum w_i sum_r ((U_S' d_r)_j (U_A' a)_k)^2
//
// A convolution has a for each of its positions l, the patch there and 1, and an example's part is
// sum_r vec(D_r) vec(D_r)' with D_r = sum_l d_rl a_l'. As in KFC (Grosse and Martens 2016), A and S
// are then sums over the positions as well; the diagonal is that of the whole D_r:
//
//   value(j, k) = sum w_i sum_r (U_S' D_r U_A)_jk^2
//
// So it is the matrix's own diagonal in the basis for every layer, and traces agree. Gains, shifts
// and biases that stand alone are layers whose a is 1: their blocks are exact. Blocks between
// layers are left out. The sum over r is the exact mean over the model's own targets: nothing is
// sampled. Exact for linear models with squared error, and for one example of any linear model.
//
//   EkFac g(objective, {theta});
//   MatrixXd c = g.to_basis(v);                        // (P x k)
//   MatrixXd x = g.from_basis(g.values().cwiseInverse().asDiagonal() * c);      // G^-1 v

#include "influence/curvature/linear_operator.h"
#include "models/objective.h"

namespace leaveout {

class EkFac final : public LinearOperator {
 public:
  /// Of the mean over the points (P each) of the objective's curvature, weight decay and damping in
  /// the values. One pass over the data for each output and each point, twice. Throws
  /// std::invalid_argument for other terms than losses, where a parameter is used in two places,
  /// and without points.
  EkFac(const Objective& objective, const std::vector<Eigen::VectorXd>& points);

  Index size() const override { return values_.size(); }
  void apply(const Eigen::Ref<const Eigen::MatrixXd>& v,
             Eigen::Ref<Eigen::MatrixXd> out) const override;

  /// (P), in the basis's order: none below weight decay and damping.
  const Eigen::VectorXd& values() const { return values_; }
  /// Coordinates of the columns of v (P x k) in the basis, and back.
  Eigen::MatrixXd to_basis(const Eigen::MatrixXd& v) const;
  Eigen::MatrixXd from_basis(const Eigen::MatrixXd& c) const;

 private:
  struct Layer {
    AffineLayer place;                // with one position where it is a column that stands alone
    Eigen::MatrixXd inputs, outputs;  // U_A (in + bias), U_S (out), square
  };
  Index numbers_per_example(const Objective& objective) const;  // of factors
  void find_bases(const Objective& objective, const std::vector<Eigen::VectorXd>& points);
  void find_values(const Objective& objective, const std::vector<Eigen::VectorXd>& points);

  std::vector<Layer> layers_;
  Eigen::VectorXd values_;  // (P)
};

}  // namespace leaveout
