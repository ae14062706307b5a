// SPDX-License-Identifier: MIT
#pragma once
// A = U diag(e) U': the solver that knows the whole spectrum.
//
//   solve         A^-1 b = sum_i u_i (u_i' b) / e_i      negative e_i kept, and reported
//   solve_pseudo  the same without the |e_i| <= cutoff max|e|   left-out directions counted
//
//   Eigendecomposition solver(hessian);
//   solver.values()(0);                          // the most negative eigenvalue
//   Solution s = solver.solve_pseudo(g, 1e-8);   // s.dropped_directions, s.message
//
// No eigenvalue is ever clipped or reflected. Costs about 9 n^3 against the n^3 / 3 of a Cholesky.

#include <Eigen/Core>

#include "influence/curvature/linear_operator.h"
#include "influence/solvers/solution.h"

namespace leaveout {

class Eigendecomposition {
 public:
  explicit Eigendecomposition(const LinearOperator& a);

  const Eigen::VectorXd& values() const { return values_; }    // (n) ascending
  const Eigen::MatrixXd& vectors() const { return vectors_; }  // (n x n) one a column
  Eigen::Index negative() const;

  /// A^-1 b, b (n x k). Throws std::invalid_argument if an eigenvalue is zero to rounding.
  Solution solve(const Eigen::Ref<const Eigen::MatrixXd>& b, double tolerance = 1e-10) const;

  /// The pseudo-inverse without the eigenvalues |e| <= cutoff max|e|. The residual is still that of
  /// A x = b, so a b with a part in the left-out directions has not converged, and the message says
  /// how large that part is.
  Solution solve_pseudo(const Eigen::Ref<const Eigen::MatrixXd>& b,
                        double cutoff,
                        double tolerance = 1e-10) const;

 private:
  DenseOperator a_;
  Eigen::VectorXd values_;   // (n)
  Eigen::MatrixXd vectors_;  // (n x n)
};

}  // namespace leaveout
