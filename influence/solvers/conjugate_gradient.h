// SPDX-License-Identifier: MIT
#pragma once
// Conjugate gradients (Hestenes and Stiefel 1952) for A X = B with A symmetric positive definite,
// known by its products only.
//
//   x += a p,  r -= a A p,  a = r'z / p'Ap,   z = M r,   p = z + (r'z new / r'z old) p
//
// On an indefinite matrix this is not an inverse. A direction with p'Ap <= 0 ends its column, and
// the message gives p'Ap / p'p, which the smallest eigenvalue does not exceed. Converged without
// such a direction, the answer is right even so: b has no part along the negative eigenvectors.
//
//   Solution s = conjugate_gradient(damp(gauss_newton, 1e-3), gradients, {.tolerance = 1e-8});

#include <Eigen/Core>
#include <functional>

#include "influence/curvature/linear_operator.h"
#include "influence/solvers/solution.h"

namespace leaveout {

struct CgOptions {
  double tolerance = 1e-10;         // on |A x - b| / |b|, of each column
  Eigen::Index max_iterations = 0;  // 0: 10 n, which leaves room for rounding
  /// z (n x k) = M r (n x k) with M near to A^-1 and positive definite; empty: M = I.
  std::function<void(const Eigen::Ref<const Eigen::MatrixXd>& r, Eigen::Ref<Eigen::MatrixXd> z)>
      preconditioner = {};
};

/// b (n x k). The k systems run side by side, one product with A for all of them; a column that has
/// ended takes no further part. `smallest_eigenvalue` is set (as an upper bound) where negative
/// curvature was met. Throws std::invalid_argument on a bad right-hand side, tolerance or
/// preconditioner.
Solution conjugate_gradient(const LinearOperator& a,
                            const Eigen::Ref<const Eigen::MatrixXd>& b,
                            const CgOptions& options = {});

}  // namespace leaveout
