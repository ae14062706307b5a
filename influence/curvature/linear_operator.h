// SPDX-License-Identifier: MIT
#pragma once
// Curvature as a linear operator: a size and a product. Sums, multiples and damping of operators
// are operators, so that every solver is written once.
//
//   DenseOperator G(matrix);
//   SumOperator damped = damp(G, 1e-3);            // G + 1e-3 I
//   damped.apply(v, gv);                           // (n x k)

#include <Eigen/Core>
#include <functional>
#include <vector>

namespace leaveout {

/// A symmetric linear map on R^n. Products take k columns at once.
class LinearOperator {
 public:
  virtual ~LinearOperator() = default;
  virtual Eigen::Index size() const = 0;
  /// out (n x k) = A v (n x k); out is overwritten and must not overlap v.
  virtual void apply(const Eigen::Ref<const Eigen::MatrixXd>& v,
                     Eigen::Ref<Eigen::MatrixXd> out) const = 0;
  /// The matrix itself (n x n), by products with unit vectors unless an operator knows better.
  virtual Eigen::MatrixXd dense() const;
};

/// A matrix that is held.
class DenseOperator final : public LinearOperator {
 public:
  /// `matrix` (n x n) must be symmetric; only whole products are taken.
  explicit DenseOperator(Eigen::MatrixXd matrix) : matrix_(std::move(matrix)) {}
  Eigen::Index size() const override { return matrix_.rows(); }
  void apply(const Eigen::Ref<const Eigen::MatrixXd>& v,
             Eigen::Ref<Eigen::MatrixXd> out) const override {
    out.noalias() = matrix_ * v;
  }
  Eigen::MatrixXd dense() const override { return matrix_; }

 private:
  Eigen::MatrixXd matrix_;  // (n x n)
};

/// sum_i c_i A_i + shift I. The operators must outlive the sum.
class SumOperator final : public LinearOperator {
 public:
  struct Part {
    double factor;
    const LinearOperator* op;
  };
  /// Throws std::invalid_argument if the sizes differ or there is no part.
  explicit SumOperator(std::vector<Part> parts, double shift = 0);
  Eigen::Index size() const override { return parts_.front().op->size(); }
  void apply(const Eigen::Ref<const Eigen::MatrixXd>& v,
             Eigen::Ref<Eigen::MatrixXd> out) const override;
  Eigen::MatrixXd dense() const override;

 private:
  std::vector<Part> parts_;
  double shift_;
};

/// A + damping I.
SumOperator damp(const LinearOperator& a, double damping);
/// factor A.
SumOperator scale(const LinearOperator& a, double factor);
/// A + B.
SumOperator sum(const LinearOperator& a, const LinearOperator& b);

}  // namespace leaveout
