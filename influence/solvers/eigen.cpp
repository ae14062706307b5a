// SPDX-License-Identifier: MIT
#include "influence/solvers/eigen.h"

#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <stdexcept>

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

Eigendecomposition::Eigendecomposition(const LinearOperator& a) : a_(checked_dense("eigen", a)) {
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(a_.dense());
  if (solver.info() != Eigen::Success)
    throw std::runtime_error(fmt::format(
        "[eigen] the eigenvalues of the matrix ({0} x {0}) did not converge", a.size()));
  values_ = solver.eigenvalues();
  vectors_ = solver.eigenvectors();
}

Index Eigendecomposition::negative() const {
  return (values_.array() < 0).count();
}

Solution Eigendecomposition::solve(const Eigen::Ref<const MatrixXd>& b, double tolerance) const {
  Solution solution = solve_pseudo(b, rounding_level(a_.size()), tolerance);
  if (solution.dropped_directions > 0)
    throw std::invalid_argument(
        fmt::format("[eigen] the matrix ({0} x {0}) is singular, {1} of its eigenvalues are zero "
                    "to rounding: raise damping or weight_decay (in code: solve_pseudo)",
                    a_.size(),
                    solution.dropped_directions));
  return solution;
}

Solution Eigendecomposition::solve_pseudo(const Eigen::Ref<const MatrixXd>& b,
                                          double cutoff,
                                          double tolerance) const {
  check_right_hand_side("eigen", a_.size(), b);
  const double level = cutoff * values_.cwiseAbs().maxCoeff();
  VectorXd inverse(values_.size());  // (n) 1 / e, or 0 where left out
  for (Index i = 0; i < values_.size(); ++i)
    inverse(i) = std::abs(values_(i)) > level ? 1 / values_(i) : 0;

  Solution solution = solve_refined(
      a_,
      [&](const MatrixXd& v) {
        MatrixXd c = vectors_.transpose() * v;  // (n x k)
        c = inverse.asDiagonal() * c;
        return MatrixXd(vectors_ * c);
      },
      b,
      tolerance);
  solution.negative_eigenvalues = negative();
  solution.smallest_eigenvalue = values_(0);
  solution.dropped_directions = (inverse.array() == 0).count();
  if (solution.dropped_directions > 0)
    solution.message = fmt::format(
        "[eigen] left out {} of {} directions with |eigenvalue| <= {:.3g}; they hold up to {:.3g} "
        "of the norm of a right-hand side",
        solution.dropped_directions,
        values_.size(),
        level,
        solution.residual.size() > 0 ? solution.residual.maxCoeff() : 0.0);
  return solution;
}

}  // namespace leaveout
