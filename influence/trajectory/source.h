// SPDX-License-Identifier: MIT
#pragma once
// SOURCE (Bae, Lin, Lorraine and Grosse 2024): the unrolled derivative with the training cut into L
// segments, in each of which curvature, gradients and learning rate are taken as constant. With H
// the mean curvature, g_i the mean gradient and tau = sum of the rates (mean rate times steps) of a
// segment,
//
//   S = exp(-tau H),   r_i = w_i (I - S) H^-1 g_i,   u_i = sum over segments of (later S) r_i
//
// with w_i = 1/N. u_i is to first order what removing i does to theta at the end. One segment and
// tau -> infinity give the influence function, tau -> 0 the first-order sum rate w_i g_i. Walked
// backward with the query's gradient q,
//
//   score_i += w_i g_i' (tau phi(tau H) q),   q <- S q,      phi(x) = (1 - e^-x) / x,
//
// all examples cost one slope pass for each checkpoint. phi is taken from the eigenvalues of H and
// is exact near zero and for negative ones: directions of negative curvature grow, as they do in
// training, and none is clipped.
//
// Curvature: the Hessian, the Gauss-Newton matrix, or EK-FAC, the paper's own for large models,
// whose basis is a Kronecker product and takes no P x P matrix.
//
// Our choices: segments are of equally many steps; checkpoints lie in the middles of equal parts of
// a segment; momentum multiplies tau by 1 / (1 - momentum), the rate of descent in the long run.
//
//   Scores s = source_scores(path, queries, {.segments = 3});

#include "influence/trajectory/trajectory.h"

namespace leaveout {

enum class SourceCurvature { hessian, gauss_newton, ek_fac };
/// "hessian", "gauss_newton", "ek_fac".
std::string source_curvature_name(SourceCurvature curvature);

struct SourceOptions {
  Index segments = 3;
  Index checkpoints = 2;  // of each segment, at most its number of steps
  SourceCurvature curvature = SourceCurvature::gauss_newton;
  double memory = 1e9;  // bytes for curvature and eigenvectors; not of ek_fac
};

/// (1 - e^-x) / x, to rounding for all x; 1 at zero.
double decay_share(double x);

/// The steps whose parameters stand for a segment: the middles of `checkpoints` equal parts of
/// [begin, end), ascending, none twice.
std::vector<Index> segment_checkpoints(Index begin, Index end, Index checkpoints);

/// (Q x N): the queries' gradients at the end (P x Q) carried backward through the segments. For
/// sgd and nesterov. Throws std::invalid_argument for adam, for more segments than steps, where the
/// matrices are beyond `memory` and where negative curvature takes a number beyond all bounds.
Eigen::MatrixXd source_values(const Trajectory& path,
                              const Eigen::MatrixXd& query_gradients,
                              const SourceOptions& options = {});

Scores source_scores(const Trajectory& path,
                     const QueryLosses& queries,
                     const SourceOptions& options = {});

}  // namespace leaveout
