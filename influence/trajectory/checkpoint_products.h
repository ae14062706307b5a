// SPDX-License-Identifier: MIT
#pragma once
// Products with Hessians of a proxy batch and of single examples at one checkpoint: exact, or as
// differences of gradients, Eq. (6) of Tan et al. 2025:
//
//   H v  ~  (grad L(theta + v^) - grad L(theta)) |v| / eps,     v^ = eps v / |v|
//
// with 0 where |v| < 1e-12. Forward differences err by eps, central ones by eps^2. In double
// precision eps = 1e-8 (forward) and 1e-5 (central) are best; 1e-3 is the authors', chosen in
// single precision.
//
//   CheckpointProducts at(path, options, &cost);
//   at.move_to(theta, batch);
//   MatrixXd hv = at.batch_products(v);                  // H_B v, (P x k)

#include "influence/trajectory/cost.h"
#include "influence/trajectory/trajectory.h"
#include "models/loss_slopes.h"

namespace leaveout {

enum class HessianProducts { exact, forward_difference, central_difference };

struct ProductOptions {
  HessianProducts products = HessianProducts::exact;
  double epsilon = 1e-3;           // |v^|, of differences only
  bool with_weight_decay = false;  // in the batch's gradient and Hessian; never in an example's
};

class CheckpointProducts {
 public:
  /// `directions`: columns of a product that share a sweep. `cost`, if any, is added to; path and
  /// cost must outlive the object. Throws std::invalid_argument for an epsilon that is not above 0.
  CheckpointProducts(const Trajectory& path,
                     const ProductOptions& options,
                     Index directions,
                     Cost* cost);

  /// Where all that follows is taken: theta (P), and the batch, of all N examples or fewer.
  void move_to(const Eigen::VectorXd& theta, std::span<const Index> batch);
  /// (1/b) sum over the batch of N w_j g_j, (P).
  const Eigen::VectorXd& batch_gradient() const { return gradient_; }
  /// H_B v for each column: (P x k).
  Eigen::MatrixXd batch_products(const Eigen::MatrixXd& v);
  /// H_i u for each of the examples: (P x n). `gradients` (P x n) are theirs at theta.
  Eigen::MatrixXd example_products(std::span<const Index> examples,
                                   const Eigen::MatrixXd& gradients,
                                   const Eigen::VectorXd& u);
  /// The gradients of chosen examples at theta, (P x n).
  Eigen::MatrixXd example_gradients(std::span<const Index> examples);
  /// w' g_i + v' H_i u of all N examples, for each column of V and W: (N x k). Both are in the
  /// derivative of the slopes along v + s w at theta + s u: one pass where it is exact, and two
  /// where it is a difference.
  Eigen::MatrixXd brackets(const Eigen::VectorXd& u,
                           const Eigen::MatrixXd& v,
                           const Eigen::MatrixXd& w);
  /// V' g_i of all N examples: (N x k).
  Eigen::MatrixXd all_slopes(const Eigen::MatrixXd& v);

 private:
  void gradient_at(const Eigen::VectorXd& theta, Eigen::VectorXd& g);
  /// (f(theta + v^) - base) |v| / eps, or central, for any f of theta.
  template <class F>
  auto difference(const F& f, const Eigen::VectorXd& v, const Eigen::MatrixXd& base) const;

  const Trajectory* path_;
  ProductOptions options_;
  Evaluator evaluate_;
  LossSlopes slopes_;
  Cost none_;
  Cost* cost_;
  Eigen::VectorXd theta_, gradient_;  // (P)
  std::span<const Index> batch_;
};

}  // namespace leaveout
