// SPDX-License-Identifier: MIT
#pragma once
// Trust-region Newton on exact curvature: every argmin of the exact protocol.
//
// Each step minimises the quadratic model g'p + p'Hp/2 over |p| <= radius: with the Hessian held
// and factorised (trust_region_step.h), or, for many parameters, by conjugate gradients on products
// with it (steihaug_step.h). A point counts as solved when the gradient norm is below the tolerance
// *and* no negative curvature is found there: from a saddle the method leaves along it.
//
//   NewtonOptions options;                        // gradient norm below 1e-10
//   Run run = minimise(objective, theta_start, options);
//   run.converged, run.gradient_norm, stationarity_name(run.kind)

#include "models/objective.h"
#include "models/run.h"

namespace leaveout {

enum class NewtonMethod { automatic, dense, matrix_free };
std::string newton_method_name(NewtonMethod method);
/// Throws std::invalid_argument that lists the names.
NewtonMethod parse_newton_method(const std::string& name);

struct NewtonOptions {
  double tolerance = 1e-10;  // on the 2-norm of the gradient
  Index max_iterations = 500;
  double initial_radius = 1;
  double max_radius = 1e3;
  int threads = 1;            // of dense Hessians; products take one
  bool leave_saddles = true;  // go on from a saddle, else stop there and say so
  NewtonMethod method = NewtonMethod::automatic;
  /// Parameters up to which `automatic` is dense. About where a response to a removal takes equally
  /// long by both (perceptrons on 600 digits, on one core): at 900 parameters dense takes 0.7 of
  /// the matrix-free time, at 1200 it takes 1.2, at 2800 8 and at 5000 26 times as long.
  Index dense_limit = 1500;
};

/// Everything about them that decides a result, in one line, for P parameters: for keys of shards.
std::string describe(const NewtonOptions& options, Index parameters);

/// Minimises from `start`. The result says whether it converged, how far the gradient is from zero
/// and which stationary point it is; it throws only on wrong shapes and non-finite starts.
///
/// What the kind is worth: dense, it is that of the factorised Hessian. Matrix-free, a saddle is
/// certain too (its negative eigenvalues are a lower bound of their number, the smallest one an
/// upper bound), a minimum is wrong with probability below 1e-6, and `not_examined` says that
/// P + 300 products did not decide (see examine_sign).
Run minimise(const Objective& objective,
             const Eigen::VectorXd& start,
             const NewtonOptions& options = {});

/// What `automatic` stands for with so many parameters; never automatic itself.
NewtonMethod newton_method(const NewtonOptions& options, Index parameters);

/// Bytes that minimise() takes for P parameters beside the objective's workspaces: the Hessian, its
/// copy and a factor, or a few vectors.
std::size_t newton_bytes(Index parameters, const NewtonOptions& options = {});

}  // namespace leaveout
