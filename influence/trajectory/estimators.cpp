// SPDX-License-Identifier: MIT
#include "influence/trajectory/estimators.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <iterator>
#include <numeric>
#include <stdexcept>

#include "influence/curvature/objective_curvature.h"
#include "influence/solvers/direct.h"
#include "influence/trajectory/data_value_embedding.h"
#include "influence/trajectory/hydra.h"
#include "influence/trajectory/moso.h"
#include "influence/trajectory/requirements.h"
#include "influence/trajectory/tracin.h"
#include "models/names.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

using Kind = TrajectoryEstimator;
using Options = TrajectoryOptions;

Scores unrolled(const Trajectory& path, const QueryLosses& queries, const Options&) {
  return unrolled_scores(path, queries);
}

Scores sgd_influence(const Trajectory& path, const QueryLosses& queries, const Options&) {
  require_plain_sgd(path, "sgd_influence", "its adjoint is that of theta alone");
  return unrolled_scores(path, queries);
}

Scores first_order(const Trajectory& path, const QueryLosses& queries, const Options&) {
  UnrollOptions options;
  options.propagate = false;
  return unrolled_scores(path, queries, options);
}

Scores accumulated(const Trajectory& path, const QueryLosses& queries, const Options& o) {
  const auto p = static_cast<double>(path.parameters());
  const auto n = static_cast<double>(path.examples());
  require_memory("accumulated_sgd_influence",
                 fmt::format("tangents of {} examples", path.examples()),
                 8 * 4 * p * n,  // of theta, of the buffers, of the gradient, and the result
                 o.memory);
  std::vector<Index> all(static_cast<std::size_t>(path.examples()));
  std::iota(all.begin(), all.end(), Index{0});
  UnrollOptions options;
  options.without_own_curvature = true;
  const MatrixXd u = removal_tangents(path, one_by_one(all), options);
  const MatrixXd gradients = queries.gradients(path.theta_end());  // (P x Q)
  MatrixXd values = gradients.transpose() * u;
  return trajectory_scores(path, std::move(values), "");
}

template <Hydra form>
Scores hydra(const Trajectory& path, const QueryLosses& queries, const Options&) {
  return hydra_scores(path, queries, form);
}

Scores data_value(const Trajectory& path, const QueryLosses& queries, const Options& o) {
  return data_value_scores(path, queries, o.memory);
}

template <SourceCurvature curvature>
Scores source(const Trajectory& path, const QueryLosses& queries, const Options& o) {
  return source_scores(path, queries, {o.segments, o.checkpoints, curvature, o.memory});
}

/// InfluenceFunction's scores, for examples of any weight: w_i g_i' (H + damping I)^-1 q.
Scores influence_at_end(const Trajectory& path, const QueryLosses& queries, const Options& o) {
  const auto p = static_cast<double>(path.parameters());
  require_memory("influence_function",
                 fmt::format("{0} x {0} Hessian", path.parameters()),
                 8 * 3 * p * p,  // formed, kept by the solver, factorised
                 o.memory);
  const ObjectiveCurvature hessian(*path.objective, path.theta_end(), Curvature::full);
  const Ldlt solver(damp(hessian, o.damping));
  const Solution steps = solver.solve(queries.gradients(path.theta_end()));
  const MatrixXd slopes = loss_slopes(path.model(), path.train(), path.theta_end(), steps.x);
  MatrixXd values = (path.objective->weights.asDiagonal() * slopes).transpose();
  Scores scores = trajectory_scores(path, std::move(values), "");
  scores.residuals = steps.residual;
  scores.converged = steps.converged;
  return scores;
}

template <auto scores>
Scores plain(const Trajectory& path, const QueryLosses& queries, const Options&) {
  if constexpr (requires { scores(path, queries, nullptr); })
    return scores(path, queries, nullptr);
  else
    return scores(path, queries);
}

Scores tracin_cp(const Trajectory& path, const QueryLosses& queries, const Options& o) {
  return tracin_checkpoints(path, queries, choose_checkpoints(path.steps(), o.sampled));
}

template <Kind kind>
Scores diff_in(const Trajectory& path, const QueryLosses& queries, const Options& o) {
  return diff_in_scores(path, queries, diff_in_options(kind, o));
}

Scores moso(const Trajectory& path, const QueryLosses&, const Options& o) {
  return moso_scores(path, choose_checkpoints(path.steps(), o.sampled));
}

struct Entry {
  Kind kind;
  const char* name;
  const char* line;
  Scores (*estimate)(const Trajectory&, const QueryLosses&, const Options&);
  bool has_query = true;
};

constexpr Entry kEstimators[] = {
    {Kind::unrolled, "unrolled", "exact derivative through all steps", unrolled},
    {Kind::sgd_influence, "sgd_influence", "the same, of plain SGD alone", sgd_influence},
    {Kind::first_order, "first_order", "sum of gradients' products, no curvature", first_order},
    {Kind::accumulated_sgd_influence,
     "accumulated_sgd_influence",
     "forward over all epochs, the example's own curvature removed as well",
     accumulated},
    {Kind::hydra_fast, "hydra_fast", "weight decay's part of the curvature", hydra<Hydra::fast>},
    {Kind::hydra, "hydra", "exact hypergradient, equal to unrolled", hydra<Hydra::hessian>},
    {Kind::data_value_embedding,
     "data_value_embedding",
     "unrolled with gradients' second moments as Hessians",
     data_value},
    {Kind::source_hessian,
     "source_hessian",
     "stationary segments, exponentials of their Hessians",
     source<SourceCurvature::hessian>},
    {Kind::source_gauss_newton,
     "source_gauss_newton",
     "stationary segments, exponentials of their Gauss-Newton matrices",
     source<SourceCurvature::gauss_newton>},
    {Kind::source_ek_fac,
     "source_ek_fac",
     "stationary segments, exponentials of their EK-FAC",
     source<SourceCurvature::ek_fac>},
    {Kind::influence_function,
     "influence_function",
     "inverse Hessian at the end, as if training had converged",
     influence_at_end},
    {Kind::tracin_ideal,
     "tracin_ideal",
     "what the query's loss lost in the example's steps",
     plain<tracin_ideal>},
    {Kind::tracin_first_order,
     "tracin_first_order",
     "the same to first order in the rate",
     plain<tracin_first_order>},
    {Kind::tracin_checkpoints,
     "tracin_checkpoints",
     "TracIn-CP: gradients' products at a few checkpoints",
     tracin_cp},
    {Kind::grad_dot, "grad_dot", "gradients' product at the end", plain<grad_dot>},
    {Kind::grad_cos, "grad_cos", "the cosine of the same", plain<grad_cos>},
    {Kind::diff_in,
     "diff_in",
     "Diff-In at a few checkpoints, exact products",
     diff_in<Kind::diff_in>},
    {Kind::diff_in_differences,
     "diff_in_differences",
     "Diff-In with the paper's finite differences",
     diff_in<Kind::diff_in_differences>},
    {Kind::diff_in_consistent,
     "diff_in_consistent",
     "the double sum that Diff-In comes from, every step",
     diff_in<Kind::diff_in_consistent>},
    {Kind::moso, "moso", "the others' training loss, at a few checkpoints; no query", moso, false},
};
constexpr std::size_t kCount = std::size(kEstimators);

const Entry& entry(Kind kind) {
  const auto i = static_cast<std::size_t>(kind);
  assert(i < kCount && kEstimators[i].kind == kind);  // rows in the order of the enumeration
  return kEstimators[i];
}

/// The diagonal of the examples' scores as queries, a block of queries at a time: nothing of N x N
/// is held.
VectorXd own_scores(const Entry& of, const Trajectory& path, const Options& options) {
  if (!of.has_query)
    throw std::invalid_argument(fmt::format(
        "[trajectory estimator] {} has no query, expected an estimator of queries' losses for "
        "self-influence",
        of.name));
  constexpr Index kBlock = 32;
  VectorXd own(path.examples());
  for (Index first = 0; first < own.size(); first += kBlock) {
    std::vector<Index> block(static_cast<std::size_t>(std::min(kBlock, own.size() - first)));
    std::iota(block.begin(), block.end(), first);
    const Dataset asked = take(path.train(), block);
    const Scores scores = of.estimate(path, QueryLosses(path.model(), asked), options);
    for (std::size_t q = 0; q < block.size(); ++q)
      own(block[q]) = scores.values(static_cast<Index>(q), block[q]);
  }
  return own;
}

}  // namespace

std::vector<Kind> trajectory_estimators() {
  std::vector<Kind> all;
  for (const Entry& e : kEstimators) all.push_back(e.kind);
  return all;
}

std::string trajectory_estimator_name(Kind kind) {
  return entry(kind).name;
}

Kind parse_trajectory_estimator(const std::string& name) {
  Names<Kind, kCount> names;
  for (std::size_t i = 0; i < kCount; ++i) names[i] = {kEstimators[i].kind, kEstimators[i].name};
  return parse_name(names, name, "trajectory estimator");
}

std::string explanation(Kind kind) {
  return entry(kind).line;
}

bool has_query(Kind kind) {
  return entry(kind).has_query;
}

DiffInOptions diff_in_options(Kind kind, const Options& o) {
  if (kind == Kind::diff_in_consistent) return consistent_diff_in();
  DiffInOptions options = o.diff_in;
  options.checkpoints = o.sampled;
  options.products.products = kind == Kind::diff_in_differences
                                  ? HessianProducts::forward_difference
                                  : HessianProducts::exact;
  return options;
}

Scores trajectory_estimate(Kind kind,
                           const Trajectory& path,
                           const QueryLosses& queries,
                           const Options& options) {
  Scores scores = entry(kind).estimate(path, queries, options);
  scores.method = entry(kind).name;
  return scores;
}

VectorXd trajectory_self_influence(Kind kind, const Trajectory& path, const Options& options) {
  switch (kind) {
    case Kind::diff_in:
    case Kind::diff_in_differences:
    case Kind::diff_in_consistent:
      return diff_in_self_influence(path, diff_in_options(kind, options));
    case Kind::tracin_checkpoints:
      return tracin_self_influence(path, choose_checkpoints(path.steps(), options.sampled));
    default:
      return own_scores(entry(kind), path, options);
  }
}

}  // namespace leaveout
