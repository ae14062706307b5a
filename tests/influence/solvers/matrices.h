// SPDX-License-Identifier: MIT
#pragma once
// Matrices of known spectrum for the solvers' tests.
//
//   MatrixXd a = with_spectrum(VectorXd::LinSpaced(20, -1, 3), 7);
//   MatrixXd b = Random(8).normal_matrix(20, 3);
//   CHECK(relative_error(solver.solve(b).x, expected) < 1e-12);

#include <Eigen/Core>
#include <cstdint>

#include "datasets/random.h"

namespace leaveout {

/// A random orthogonal matrix (n x n).
Eigen::MatrixXd random_rotation(Eigen::Index n, std::uint64_t seed);

/// Q diag(values) Q' (n x n) with a random orthogonal Q, symmetric to the last bit.
Eigen::MatrixXd with_spectrum(const Eigen::VectorXd& values, std::uint64_t seed);

/// 10^linspace(low, high) (n).
Eigen::VectorXd powers_of_ten(Eigen::Index n, double low, double high);

/// |x - y| / |y| over all entries.
double relative_error(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y);

/// The Hessian diag(-sin x) of f = sum sin x_i, indefinite on purpose, and its inverse product.
struct Sines {
  Eigen::VectorXd x = Eigen::VectorXd::LinSpaced(12, -2.9, 2.7);  // (12) no multiple of pi
  Eigen::MatrixXd hessian() const;
  Eigen::MatrixXd inverse_times(const Eigen::MatrixXd& v) const;
};

}  // namespace leaveout
