// SPDX-License-Identifier: MIT
#include "influence/trajectory/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "influence/curvature/ek_fac.h"
#include "influence/solvers/eigen.h"
#include "influence/trajectory/requirements.h"
#include "models/names.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr Names<SourceCurvature, 3> kCurvatures = {{{SourceCurvature::hessian, "hessian"},
                                                    {SourceCurvature::gauss_newton, "gauss_newton"},
                                                    {SourceCurvature::ek_fac, "ek_fac"}}};

void check(const Trajectory& path, const MatrixXd& query_gradients, const SourceOptions& options) {
  if (query_gradients.rows() != path.parameters())
    throw std::invalid_argument(fmt::format("[source] query gradients, expected {} rows, got {}",
                                            path.parameters(),
                                            query_gradients.rows()));
  if (path.log->protocol.optimiser == OptimiserKind::adam)
    throw std::invalid_argument(
        "[source] optimiser, expected sgd or nesterov, got adam: its steps are not descent along "
        "the gradient, which the segments' exponentials are made of; use the unrolled derivative");
  if (options.segments < 1 || options.segments > path.steps() || options.checkpoints < 1)
    throw std::invalid_argument(
        fmt::format("[source] segments and checkpoints, expected 1 to {} and at least 1, got {} "
                    "and {}",
                    path.steps(),
                    options.segments,
                    options.checkpoints));
  if (options.curvature == SourceCurvature::ek_fac) return;
  const auto p = static_cast<double>(path.parameters());
  require_memory("source",
                 fmt::format("{0} x {0} curvature", path.parameters()),
                 8 * 4 * p * p,  // mean, one more, its copy in the solver, eigenvectors
                 options.memory);
}

/// One stationary stretch of the training.
struct Segment {
  double time;                  // tau
  std::vector<VectorXd> theta;  // at its checkpoints
};

Segment segment_of(const Trajectory& path, Replay& replay, const SourceOptions& o, Index which) {
  const Index begin = which * path.steps() / o.segments;
  const Index end = (which + 1) * path.steps() / o.segments;
  Segment s{0, {}};
  for (Index t = begin; t < end; ++t) s.time += path.log->rates[static_cast<std::size_t>(t)];
  s.time /= 1 - path.log->protocol.momentum;
  for (const Index t : segment_checkpoints(begin, end, o.checkpoints))
    s.theta.push_back(replay.theta(t));
  return s;
}

DenseOperator mean_curvature(const Trajectory& path, const Segment& s, Curvature curvature) {
  Evaluator evaluate(*path.objective);
  MatrixXd mean = evaluate.curvature(s.theta[0], curvature);
  for (std::size_t c = 1; c < s.theta.size(); ++c)
    mean += evaluate.curvature(s.theta[c], curvature);
  return DenseOperator(mean / static_cast<double>(s.theta.size()));
}

/// Of adjoints q (P x Q): tau phi(tau H) q, and S q in their place. Returns the smallest
/// eigenvalue.
double decay(const Trajectory& path,
             const Segment& s,
             SourceCurvature curvature,
             MatrixXd& adjoint,
             MatrixXd& direction) {
  const auto apply = [&](const VectorXd& values, const auto& to_basis, const auto& from_basis) {
    const VectorXd x = s.time * values;                                         // (P)
    const MatrixXd along = to_basis(adjoint);                                   // (P x Q)
    const MatrixXd filled = x.unaryExpr(&decay_share).asDiagonal() * along;     // (P x Q)
    const MatrixXd decayed = (-x).array().exp().matrix().asDiagonal() * along;  // (P x Q)
    direction = s.time * from_basis(filled);
    adjoint = from_basis(decayed);
    return values.minCoeff();
  };
  if (curvature == SourceCurvature::ek_fac) {
    const EkFac h(*path.objective, s.theta);
    return apply(
        h.values(),
        [&](const MatrixXd& v) { return h.to_basis(v); },
        [&](const MatrixXd& c) { return h.from_basis(c); });
  }
  const bool hessian = curvature == SourceCurvature::hessian;
  const Eigendecomposition h(
      mean_curvature(path, s, hessian ? Curvature::full : Curvature::gauss_newton));
  return apply(
      h.values(),
      [&](const MatrixXd& v) { return MatrixXd(h.vectors().transpose() * v); },
      [&](const MatrixXd& c) { return MatrixXd(h.vectors() * c); });
}

/// Adds the segment's share to `values` (Q x N) and takes the adjoint (P x Q) to its begin.
void walk(const Trajectory& path,
          const Segment& s,
          SourceCurvature curvature,
          MatrixXd& adjoint,
          MatrixXd& values) {
  MatrixXd direction;  // (P x Q)
  const double smallest = decay(path, s, curvature, adjoint, direction);
  if (!adjoint.allFinite() || !direction.allFinite())
    throw std::invalid_argument(
        fmt::format("[source] a segment with time {:.3g} and smallest eigenvalue {:.3g}, expected "
                    "a finite exponential: take more segments, or gauss_newton",
                    s.time,
                    smallest));
  const VectorXd weights = path.objective->weights / static_cast<double>(s.theta.size());
  for (const VectorXd& theta : s.theta) {
    const MatrixXd slopes = loss_slopes(path.model(), path.train(), theta, direction);  // (N x Q)
    values += (weights.asDiagonal() * slopes).transpose();
  }
}

}  // namespace

std::string source_curvature_name(SourceCurvature curvature) {
  return name_of(kCurvatures, curvature);
}

double decay_share(double x) {
  return x == 0 ? 1 : -std::expm1(-x) / x;
}

std::vector<Index> segment_checkpoints(Index begin, Index end, Index checkpoints) {
  const Index steps = end - begin, count = std::min(checkpoints, steps);
  std::vector<Index> at;
  for (Index c = 0; c < count; ++c) at.push_back(begin + (2 * c + 1) * steps / (2 * count));
  return at;
}

MatrixXd source_values(const Trajectory& path,
                       const MatrixXd& query_gradients,
                       const SourceOptions& options) {
  check(path, query_gradients, options);
  Replay replay(*path.objective, *path.log);
  MatrixXd adjoint = query_gradients;
  MatrixXd values = MatrixXd::Zero(query_gradients.cols(), path.examples());
  for (Index l = options.segments - 1; l >= 0; --l)
    walk(path, segment_of(path, replay, options, l), options.curvature, adjoint, values);
  return values;
}

Scores source_scores(const Trajectory& path,
                     const QueryLosses& queries,
                     const SourceOptions& options) {
  return trajectory_scores(
      path,
      source_values(path, queries.gradients(path.theta_end()), options),
      fmt::format(
          "source, {}, {} segments", source_curvature_name(options.curvature), options.segments));
}

}  // namespace leaveout
