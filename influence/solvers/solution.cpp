// SPDX-License-Identifier: MIT
#include "influence/solvers/solution.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// `ax_minus_b` (n x k) to relative norms (k). Stable norms: a gradient of 1e-170 is still one.
VectorXd relative_norms(const MatrixXd& ax_minus_b, const Eigen::Ref<const MatrixXd>& b) {
  VectorXd result(b.cols());
  for (Index j = 0; j < b.cols(); ++j) {
    const double size = b.col(j).stableNorm();
    const double norm = ax_minus_b.col(j).stableNorm();
    result(j) = size > 0 ? norm / size : norm;
  }
  return result;
}

bool all_within(const VectorXd& residual, double tolerance) {
  return (residual.array() <= tolerance).all();  // false for NaN
}

}  // namespace

VectorXd relative_residual(const LinearOperator& a,
                           const Eigen::Ref<const MatrixXd>& x,
                           const Eigen::Ref<const MatrixXd>& b) {
  MatrixXd r(b.rows(), b.cols());
  a.apply(x, r);
  r -= b;
  return relative_norms(r, b);
}

void report_residual(const LinearOperator& a,
                     const Eigen::Ref<const MatrixXd>& b,
                     double tolerance,
                     Solution& solution) {
  solution.residual = relative_residual(a, solution.x, b);
  solution.converged = all_within(solution.residual, tolerance);
}

Solution solve_refined(const LinearOperator& a,
                       const std::function<MatrixXd(const MatrixXd&)>& inverse,
                       const Eigen::Ref<const MatrixXd>& b,
                       double tolerance) {
  Solution solution;
  if (b.cols() == 0) {  // Eigen's triangular solves want at least one column
    solution.x.resize(b.rows(), 0);
    solution.converged = true;
    return solution;
  }
  solution.x = inverse(b);
  MatrixXd r(b.rows(), b.cols());
  a.apply(solution.x, r);
  r = b - r;
  solution.residual = relative_norms(r, b);
  const MatrixXd refined = solution.x + inverse(r);
  const VectorXd residual = relative_residual(a, refined, b);
  for (Index j = 0; j < b.cols(); ++j) {
    if (!(residual(j) < solution.residual(j))) continue;
    solution.x.col(j) = refined.col(j);
    solution.residual(j) = residual(j);
  }
  solution.converged = all_within(solution.residual, tolerance);
  return solution;
}

void check_right_hand_side(std::string_view area, Index n, const Eigen::Ref<const MatrixXd>& b) {
  if (b.rows() != n)
    throw std::invalid_argument(
        fmt::format("[{}] right-hand side, expected {} rows, got {}", area, n, b.rows()));
  for (Index j = 0; j < b.cols(); ++j)
    if (!b.col(j).allFinite())
      throw std::invalid_argument(fmt::format(
          "[{}] right-hand side, column {} has an entry that is not finite: check the gradient",
          area,
          j));
}

MatrixXd checked_dense(std::string_view area, const LinearOperator& a) {
  if (a.size() == 0)
    throw std::invalid_argument(fmt::format("[{}] matrix, expected at least one row, got 0", area));
  MatrixXd m = a.dense();
  if (!m.allFinite())
    throw std::invalid_argument(
        fmt::format("[{}] matrix ({} x {}) has an entry that is not finite: check the parameters",
                    area,
                    m.rows(),
                    m.cols()));
  const double asymmetry = (m - m.transpose()).cwiseAbs().maxCoeff();
  const double largest = m.cwiseAbs().maxCoeff();
  if (asymmetry > 1e-8 * largest)
    throw std::invalid_argument(fmt::format(
        "[{}] matrix ({} x {}) is not symmetric: entries differ by {:.3g}, the largest is {:.3g}",
        area,
        m.rows(),
        m.cols(),
        asymmetry,
        largest));
  return m;
}

std::string not_positive(double smallest, double rounding) {
  if (smallest >= -rounding)
    return fmt::format("{:.4g}, zero to rounding: raise damping or weight_decay", smallest);
  return fmt::format(
      "{:.4g}: raise damping by more than {:.4g}, set curvature=gauss_newton, or solve with ldlt "
      "(exact_solver=ldlt, paper_solver=ldlt)",
      smallest,
      -smallest);
}

}  // namespace leaveout
