// SPDX-License-Identifier: MIT
#pragma once
// Trust-region Newton on exact curvature: every argmin of the exact protocol.
//
// Each step minimises the quadratic model g'p + p'Hp/2 over |p| <= radius, the radius met to 10 %,
// by Cholesky factorisations of H + mu I (Moré and Sorensen 1983), also where H is indefinite and
// in the hard case. A point counts as solved when the gradient norm is below the tolerance *and*
// the Hessian has no negative eigenvalue: from a saddle the method leaves along negative curvature.
//
//   NewtonOptions options;                        // gradient norm below 1e-10
//   Run run = minimise(objective, theta_start, options);
//   run.converged, run.gradient_norm, stationarity_name(run.kind)

#include "models/objective.h"
#include "models/run.h"

namespace leaveout {

struct NewtonOptions {
  double tolerance = 1e-10;  // on the 2-norm of the gradient
  Index max_iterations = 500;
  double initial_radius = 1;
  double max_radius = 1e3;
  int threads = 1;
  bool leave_saddles = true;  // go on from a saddle, else stop there and say so
};

/// Minimises from `start`. The result says whether it converged, how far the gradient is from zero
/// and which stationary point it is; it throws only on wrong shapes and non-finite starts.
Run minimise(const Objective& objective,
             const Eigen::VectorXd& start,
             const NewtonOptions& options = {});

/// The minimiser p of g'p + p'Hp/2 over |p| <= radius: Newton's step where it fits, else one whose
/// length is within 10 % of the radius and whose reduction is at least 81 % of the best.
struct TrustRegionStep {
  Eigen::VectorXd p;     // (P)
  double predicted = 0;  // reduction of the model, >= 0
  double mu = 0;         // multiplier: (H + mu I) p = -g
  bool on_boundary = false;
};
TrustRegionStep trust_region_step(const Eigen::MatrixXd& h,
                                  const Eigen::VectorXd& g,
                                  double radius);

/// Bytes that minimise() takes for P parameters: the Hessian, its copy and a factor.
std::size_t newton_bytes(Index parameters);

}  // namespace leaveout
