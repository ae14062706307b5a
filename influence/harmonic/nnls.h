// SPDX-License-Identifier: MIT
#pragma once
// Non-negative least squares: minimise |A z - y|^2 over z >= 0.
//
// Optimal if and only if z >= 0 and, with g = A' (y - A z): g_i = 0 where z_i > 0, g_i <= 0 where
// z_i = 0.
//
//   VectorXd z = nnls(a, y);                  // a (rows x unknowns), y (rows)

#include <Eigen/Core>

namespace leaveout {

/// By enumeration for up to five unknowns, by Lawson and Hanson above. Throws std::invalid_argument
/// for shapes that do not agree and values that are not finite.
Eigen::VectorXd nnls(const Eigen::MatrixXd& a, const Eigen::VectorXd& y);

/// Solves for each set of unknowns that may be positive and keeps the best feasible solution:
/// 2^unknowns small problems, no iteration. Throws for more than 16 unknowns.
Eigen::VectorXd nnls_by_enumeration(const Eigen::MatrixXd& a, const Eigen::VectorXd& y);

/// The active-set method of Lawson and Hanson (1974), chapter 23.
Eigen::VectorXd nnls_lawson_hanson(const Eigen::MatrixXd& a, const Eigen::VectorXd& y);

/// The largest violation of optimality, relative to |A|' |y| in the gradient.
double nnls_kkt_residual(const Eigen::MatrixXd& a,
                         const Eigen::VectorXd& y,
                         const Eigen::VectorXd& z);

}  // namespace leaveout
