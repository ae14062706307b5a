// SPDX-License-Identifier: MIT
#pragma once
// What a solver of A X = B returns, and what every solver checks first.
//
// A is a symmetric operator with its damping already in it. The residual is always recomputed from
// the x that is returned, so a solver cannot claim a convergence that it did not reach.
//
//   Solution s = conjugate_gradient(damped, gradients);   // (n x k)
//   if (!s.converged) fmt::print("{}\n", s.message);
//   use(s.x, s.residual.maxCoeff());

#include <Eigen/Core>
#include <functional>
#include <limits>
#include <string>
#include <string_view>

#include "influence/curvature/linear_operator.h"

namespace leaveout {

struct Solution {
  Eigen::MatrixXd x;                       // (n x k)
  Eigen::VectorXd residual;                // (k) |A x - b| / |b|, or |A x| where b = 0
  bool converged = false;                  // every residual is within the solver's tolerance
  Eigen::Index iterations = 0;             // products with A on the way; 0 for a direct solver
  Eigen::Index negative_eigenvalues = -1;  // of A; -1 where the solver does not know
  Eigen::Index dropped_directions = 0;     // eigenvectors that a pseudo-inverse left out
  /// Of A; an upper bound of it where the solver sees a part of the spectrum; NaN if unknown.
  double smallest_eigenvalue = std::numeric_limits<double>::quiet_NaN();
  std::string message;  // one line on what went wrong or was left out; empty if nothing
};

/// |A x - b| / |b| of each column, |A x| where b = 0. x and b are (n x k).
Eigen::VectorXd relative_residual(const LinearOperator& a,
                                  const Eigen::Ref<const Eigen::MatrixXd>& x,
                                  const Eigen::Ref<const Eigen::MatrixXd>& b);

/// Recomputes the residual of `solution.x` and sets `converged`.
void report_residual(const LinearOperator& a,
                     const Eigen::Ref<const Eigen::MatrixXd>& b,
                     double tolerance,
                     Solution& solution);

/// x = inverse(b), one step of iterative refinement x += inverse(b - A x), kept in the columns
/// where it lowers the residual. `inverse` maps (n x k) to (n x k).
Solution solve_refined(const LinearOperator& a,
                       const std::function<Eigen::MatrixXd(const Eigen::MatrixXd&)>& inverse,
                       const Eigen::Ref<const Eigen::MatrixXd>& b,
                       double tolerance);

/// Throws std::invalid_argument unless b (n x k) has n rows and finite entries.
void check_right_hand_side(std::string_view area,
                           Eigen::Index n,
                           const Eigen::Ref<const Eigen::MatrixXd>& b);

/// The matrix of `a` (n x n). Throws std::invalid_argument if it is empty, has an entry that is not
/// finite, or differs from its transpose by more than 1e-8 of its largest entry.
Eigen::MatrixXd checked_dense(std::string_view area, const LinearOperator& a);

/// The smallest eigenvalue of a matrix that is not positive definite, and what cures it, as the end
/// of a sentence. From -rounding up it is zero as far as anyone can tell, and no solver helps.
std::string not_positive(double smallest, double rounding);

/// n eps: what n roundings leave of a number relative to the largest one met.
inline double rounding_level(Eigen::Index n) {
  return static_cast<double>(n) * std::numeric_limits<double>::epsilon();
}

}  // namespace leaveout
