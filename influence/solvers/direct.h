// SPDX-License-Identifier: MIT
#pragma once
// Direct solvers: the matrix is formed and factorised once, then solves any number of right-hand
// sides to machine precision. They are the reference that the iterative solvers are measured by.
//
//   Cholesky  A = L L'        positive definite A only; refuses any other
//   Ldlt      P A P' = L D L' any non-singular symmetric A; counts its negative eigenvalues
//
//   Ldlt solver(damp(hessian, 1e-3));
//   Solution s = solver.solve(gradients);        // (n x k)
//   s.negative_eigenvalues;                      // 0 if the damped Hessian is positive definite
//
// Each keeps the matrix and its factor (16 n^2 bytes). The matrix is for the residual and for one
// step of iterative refinement.

#include <Eigen/Cholesky>
#include <Eigen/Core>

#include "influence/curvature/linear_operator.h"
#include "influence/solvers/bunch_kaufman.h"
#include "influence/solvers/solution.h"

namespace leaveout {

/// A direct solver has converged where |A x - b| <= 1e-10 |b|.
inline constexpr double kDirectTolerance = 1e-10;

class Cholesky {
 public:
  /// Throws std::invalid_argument, with the smallest eigenvalue and the remedies, if `a` is not
  /// positive definite. `a` may end before the solver does.
  explicit Cholesky(const LinearOperator& a);
  /// b (n x k).
  Solution solve(const Eigen::Ref<const Eigen::MatrixXd>& b,
                 double tolerance = kDirectTolerance) const;

 private:
  DenseOperator a_;
  Eigen::LLT<Eigen::MatrixXd> factor_;  // (n x n)
};

class Ldlt {
 public:
  /// Throws std::invalid_argument, with the remedies, if `a` is singular to rounding.
  explicit Ldlt(const LinearOperator& a);
  /// b (n x k).
  Solution solve(const Eigen::Ref<const Eigen::MatrixXd>& b,
                 double tolerance = kDirectTolerance) const;
  const Inertia& inertia() const { return factor_.inertia(); }

 private:
  DenseOperator a_;
  BunchKaufman factor_;
};

}  // namespace leaveout
