// SPDX-License-Identifier: MIT
#include "influence/solvers/direct.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "influence/solvers/spectrum.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;

namespace {

/// Names a column whose residual is too large: the usual cause is a matrix near to singular.
void explain_failure(std::string_view area, double tolerance, Solution& solution) {
  if (solution.converged || solution.residual.size() == 0) return;
  solution.message = fmt::format(
      "[{}] residual {:.3g} is above {:.3g}: the matrix is nearly singular, so use more damping",
      area,
      solution.residual.maxCoeff(),
      tolerance);
}

}  // namespace

Cholesky::Cholesky(const LinearOperator& a)
    : a_(checked_dense("cholesky", a)), factor_(a_.dense()) {
  if (factor_.info() == Eigen::Success) return;
  const Spectrum ends = extreme_eigenvalues(a_);
  const double magnitude = std::max(std::abs(ends.smallest), std::abs(ends.largest));
  throw std::invalid_argument(fmt::format(
      "[cholesky] the matrix ({0} x {0}) is not positive definite, its smallest eigenvalue is "
      "about {1}",
      a_.size(),
      not_positive(ends.smallest, rounding_level(a_.size()) * magnitude)));
}

Solution Cholesky::solve(const Eigen::Ref<const MatrixXd>& b, double tolerance) const {
  check_right_hand_side("cholesky", a_.size(), b);
  Solution solution = solve_refined(
      a_, [this](const MatrixXd& v) -> MatrixXd { return factor_.solve(v); }, b, tolerance);
  solution.negative_eigenvalues = 0;
  explain_failure("cholesky", tolerance, solution);
  return solution;
}

Ldlt::Ldlt(const LinearOperator& a) : a_(checked_dense("ldlt", a)), factor_(a_.dense()) {
  if (inertia().zero == 0) return;
  throw std::invalid_argument(fmt::format(
      "[ldlt] the matrix ({0} x {0}) is singular, {1} of its pivots are zero to "
      "rounding: raise damping or weight_decay (in code: Eigendecomposition::solve_pseudo)",
      a_.size(),
      inertia().zero));
}

Solution Ldlt::solve(const Eigen::Ref<const MatrixXd>& b, double tolerance) const {
  check_right_hand_side("ldlt", a_.size(), b);
  Solution solution = solve_refined(
      a_, [this](const MatrixXd& v) { return factor_.solve(v); }, b, tolerance);
  solution.negative_eigenvalues = inertia().negative;
  explain_failure("ldlt", tolerance, solution);
  return solution;
}

}  // namespace leaveout
