// SPDX-License-Identifier: MIT
#pragma once
// Eigenvalues from products alone: Lanczos with full reorthogonalisation.
//
//   A Q = Q T + beta q e'      T tridiagonal (m x m), Q (n x m) orthonormal
//
// T s = theta s makes (theta, Q s) a Ritz pair, and |A Q s - theta Q s| = |beta s_m| says how good
// it is: some eigenvalue of A lies that near to theta. Where beta vanishes (an invariant subspace,
// as for repeated eigenvalues) the process goes on from a new random vector, never divides by it.
//
//   Spectrum s = extreme_eigenvalues(hessian);
//   fmt::print("{} .. {}\n", s.smallest, s.largest);
//   RitzPairs top = lanczos(hessian, 50);      // top.values.tail(10), top.residual.tail(10)

#include <Eigen/Core>
#include <cstdint>

#include "influence/curvature/linear_operator.h"

namespace leaveout {

struct RitzPairs {
  Eigen::VectorXd values;     // (m) ascending
  Eigen::MatrixXd vectors;    // (n x m) orthonormal
  Eigen::VectorXd residual;   // (m) |A y - value y|
  Eigen::Index restarts = 0;  // invariant subspaces met on the way
};

/// m = min(steps, n) steps from a random vector; steps = n gives all eigenpairs. Throws
/// std::invalid_argument if `steps` < 1 or a product is not finite.
RitzPairs lanczos(const LinearOperator& a, Eigen::Index steps, std::uint64_t seed = 0);

struct SpectrumOptions {
  double tolerance = 1e-3;       // on each end's residual, relative to that end's eigenvalue
  Eigen::Index max_steps = 128;  // products; the basis takes 8 n bytes a step
  std::uint64_t seed = 0;
};

/// The ends of the spectrum. Ritz values lie inside it: the true largest eigenvalue is no smaller
/// than `largest`, the true smallest no larger than `smallest`.
struct Spectrum {
  double smallest;
  double largest;
  double smallest_residual;  // an eigenvalue lies within this of `smallest`
  double largest_residual;   // and of `largest`
  Eigen::Index steps;        // products taken
};

/// Runs until both ends are within the tolerance, or `max_steps`, or all n directions are spent.
Spectrum extreme_eigenvalues(const LinearOperator& a, const SpectrumOptions& options = {});

}  // namespace leaveout
