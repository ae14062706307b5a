// SPDX-License-Identifier: MIT
#pragma once
// The response as a curve: theta(eps), from the untouched objective at eps = 0 through the removal
// of example k at eps = 1/N, followed exactly and beside its own Taylor series at eps = 0.
//
// For the warm start, the proximal response and the PBRF alike the objective is Q_0 - eps L_k + c
// (the PBRF's -eps D_k and its tilt make -eps L_k, up to a constant), so theta(eps) solves
// F = grad Q_0 - eps grad L_k = 0, and differentiating F along the curve gives
//
//   H theta'  = grad L_k                                      H = Hess Q_0 - eps Hess L_k
//   H theta'' = 2 Hess L_k theta' - D3 Q[theta', theta']
//
// At eps = 0 and for the PBRF, theta_s + eps theta' is the influence estimate with the Gauss-Newton
// matrix, and (eps^2 / 2) theta'' is the leading term of its linearisation error.
//
//   ResponsePath path = follow(loo, Response::pbrf, k);
//   PathMeasurement m = measure(path, loo, query);      // m.query_loss beside m.query_loss_line
//
// theta(0) is theta_s for the PBRF. For the other two it is the minimiser of Q_0 that is reached
// from theta_s (`start` says how): that move has nothing to do with example k, and is not part of
// the curve. With relu or max pooling, theta'' leaves out what the kinks add.

#include <string>

#include "influence/responses.h"
#include "models/trust_region.h"

namespace leaveout {

/// 0 to reach/N in equal steps, (steps + 1).
Eigen::VectorXd removal_grid(Index examples, Index steps = 20, double reach = 1);

struct PathOptions {
  Eigen::VectorXd epsilon;  // (S) ascending from 0; empty: removal_grid(N)
  NewtonOptions newton;     // of theta(0); its tolerance and method also of the corrector
  int max_halvings = 10;    // of a step between two grid points, where the predictor fails
};

/// Columns of theta are points of the grid, as far as the curve could be followed.
struct ResponsePath {
  Response response = Response::pbrf;
  Index removed = 0;
  Run start;                       // from theta_s to theta(0); no step for the PBRF
  Eigen::VectorXd epsilon;         // (S) of the points reached
  Eigen::MatrixXd theta;           // (P x S)
  Eigen::VectorXd gradient_norm;   // (S) of the objective at its own eps
  std::vector<Index> iterations;   // (S) Newton steps of the corrector, all substeps together
  Eigen::VectorXd theta1, theta2;  // (P) first and second derivative at eps = 0
  bool complete = false;           // every grid point was reached
  std::string message;             // if not: one line why, such as a fold of the curve
};

/// Follows the curve by steps along its tangent, each corrected by minimise() within the step's own
/// length. Where there is no minimum in reach, steps are halved; then the curve ends and the result
/// says so. Throws std::invalid_argument on a response that is not one of the three, renormalised
/// removal (it has no eps), an example that does not exist, or a grid that does not ascend from 0.
ResponsePath follow(const LeaveOneOut& loo,
                    Response response,
                    Index removed,
                    const PathOptions& options = {});

/// Measurements along a curve, (S) each, as changes from eps = 0, beside their Taylor series.
/// A distance of outputs is the mean over training inputs of |difference| (mean_output_distance).
struct PathMeasurement {
  Eigen::VectorXd epsilon;
  Eigen::VectorXd query_loss, query_loss_line, query_loss_parabola;  // of the mean query loss
  /// Distance of outputs from those at eps = 0; |eps y'|; |eps y' + eps^2/2 y''|.
  Eigen::VectorXd displacement, displacement_line, displacement_parabola;
  /// Distance of outputs from their own tangent y + eps y', and (eps^2/2) |J theta'' + D2f|.
  Eigen::VectorXd output_gap, output_gap_leading;
  /// Distance of outputs from those at theta(0) + eps theta': for the PBRF at eps = 1/N the
  /// decomposition's linearisation error. Its leading term is (eps^2/2) |J theta''|.
  Eigen::VectorXd parameter_gap, parameter_gap_leading;
};

/// `query` has the form of the training set. Throws if the path has no derivatives at eps = 0.
PathMeasurement measure(const ResponsePath& path, const LeaveOneOut& loo, const Dataset& query);

}  // namespace leaveout
