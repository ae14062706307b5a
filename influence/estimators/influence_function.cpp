// SPDX-License-Identifier: MIT
#include "influence/estimators/influence_function.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <stdexcept>
#include <variant>

#include "influence/solvers/conjugate_gradient.h"
#include "influence/solvers/direct.h"
#include "influence/solvers/eigen.h"
#include "influence/solvers/lissa.h"

namespace leaveout {

using Eigen::MatrixXd;

namespace {

constexpr std::array<std::pair<SolverKind, const char*>, 7> kSolvers = {
    {{SolverKind::automatic, "automatic"},
     {SolverKind::cholesky, "cholesky"},
     {SolverKind::ldlt, "ldlt"},
     {SolverKind::eigen, "eigen"},
     {SolverKind::cg, "cg"},
     {SolverKind::lissa, "lissa"},
     {SolverKind::stochastic_lissa, "stochastic_lissa"}}};

}  // namespace

std::string solver_name(SolverKind kind) {
  for (const auto& [k, name] : kSolvers)
    if (k == kind) return name;
  return "?";
}

SolverKind parse_solver(const std::string& name) {
  std::string known;
  for (const auto& [kind, text] : kSolvers) {
    if (name == text) return kind;
    known += (known.empty() ? "" : ", ") + std::string(text);
  }
  throw std::invalid_argument(
      fmt::format("[influence] solver, expected one of {}, got '{}'", known, name));
}

std::string curvature_name(Curvature c) {
  return c == Curvature::full ? "hessian" : "gauss_newton";
}

Curvature parse_curvature(const std::string& name) {
  if (name == "gauss_newton") return Curvature::gauss_newton;
  if (name == "hessian") return Curvature::full;
  throw std::invalid_argument(
      fmt::format("[influence] curvature, expected gauss_newton or hessian, got '{}'", name));
}

std::string EstimatorOptions::text() const {
  std::string head = curvature_name(curvature) + ", " + solver_name(solver);
  switch (solver) {
    case SolverKind::cg:
      return fmt::format("{} tolerance {:g}", head, tolerance);
    case SolverKind::lissa:
      return fmt::format("{} depth {}", head, depth);
    case SolverKind::stochastic_lissa:
      return fmt::format("{} depth {} repeats {} batch {}", head, depth, repeats, batch_size);
    default:
      return head;
  }
}

/// The operator, and the factorisation where the solver has one. Iterative solvers take thousands
/// of products: a matrix that fits is formed once for them, which costs as much as a few dozen.
struct InfluenceFunction::System {
  ObjectiveCurvature products;
  std::optional<DenseOperator> matrix;
  SumOperator damped;
  std::variant<std::monostate, Cholesky, Ldlt, Eigendecomposition> factor;

  System(const LeaveOneOut& loo, const EstimatorOptions& options)
      : products(loo.base_objective(), loo.theta_s(), options.curvature),
        matrix(products.size() <= options.dense_limit
                   ? std::make_optional<DenseOperator>(products.dense())
                   : std::nullopt),
        damped(matrix ? damp(*matrix, loo.damping()) : damp(products, loo.damping())) {
    if (options.solver == SolverKind::cholesky) factor.emplace<Cholesky>(damped);
    if (options.solver == SolverKind::ldlt) factor.emplace<Ldlt>(damped);
    if (options.solver == SolverKind::eigen) factor.emplace<Eigendecomposition>(damped);
  }
};

InfluenceFunction::InfluenceFunction(const LeaveOneOut& loo, const EstimatorOptions& options)
    : loo_(&loo), options_(options) {
  if (options_.solver == SolverKind::automatic)
    options_.solver =
        loo.theta_s().size() <= options_.dense_limit ? SolverKind::cholesky : SolverKind::cg;
  system_ = std::make_unique<System>(loo, options_);
}

InfluenceFunction::~InfluenceFunction() = default;

const LinearOperator& InfluenceFunction::system() const {
  return system_->damped;
}

Solution InfluenceFunction::solve(const MatrixXd& b) const {
  if (const auto* cholesky = std::get_if<Cholesky>(&system_->factor)) return cholesky->solve(b);
  if (const auto* ldlt = std::get_if<Ldlt>(&system_->factor)) return ldlt->solve(b);
  if (const auto* eigen = std::get_if<Eigendecomposition>(&system_->factor)) return eigen->solve(b);
  if (options_.solver == SolverKind::cg)
    return conjugate_gradient(system_->damped, b, {.tolerance = options_.tolerance});
  LissaOptions lissa_options;
  lissa_options.scale = options_.scale;
  lissa_options.depth = options_.depth;
  lissa_options.repeats = options_.repeats;
  lissa_options.seed = options_.seed;
  if (options_.solver == SolverKind::lissa) return lissa(system_->damped, b, lissa_options);
  SampledCurvature sampled(loo_->base_objective(),
                           loo_->theta_s(),
                           options_.curvature,
                           options_.batch_size,
                           options_.seed);
  const double damping = loo_->damping();
  const BatchProduct product =
      [&](Index step, Index repeat, const Eigen::Ref<const MatrixXd>& v, Eigen::Ref<MatrixXd> out) {
        sampled.apply(step, repeat, v, out);
        out += damping * v;
      };
  return lissa(system_->damped, product, b, lissa_options);
}

MatrixXd InfluenceFunction::removal_gradients(const std::vector<Group>& removed) const {
  MatrixXd g(loo_->theta_s().size(), static_cast<Index>(removed.size()));
  for (std::size_t j = 0; j < removed.size(); ++j)
    g.col(static_cast<Index>(j)) = loo_->removal_gradient(removed[j]);
  return g;
}

Solution InfluenceFunction::steps(const std::vector<Group>& removed) const {
  return solve(removal_gradients(removed));
}

Scores InfluenceFunction::pack(MatrixXd values,
                               const std::vector<Group>& removed,
                               const Solution& solution) const {
  Scores s;
  s.values = std::move(values);
  s.train = removed;
  s.train_size = loo_->train().size();
  s.measurement = "loss";
  s.method = fmt::format("influence function ({}), weight_decay {:g}, damping {:g}",
                         options_.text(),
                         loo_->weight_decay(),
                         loo_->damping());
  s.residuals = solution.residual;
  s.converged = solution.converged;
  return s;
}

Scores InfluenceFunction::scores(const Dataset& query, const std::vector<Index>& removed) const {
  return scores(query, one_by_one(removed), steps(removed));
}

Scores InfluenceFunction::scores(const Dataset& query,
                                 const std::vector<Group>& removed,
                                 const Solution& steps) const {
  if (steps.x.cols() != static_cast<Index>(removed.size()))
    throw std::invalid_argument(fmt::format(
        "[influence] steps, expected {} columns, got {}", removed.size(), steps.x.cols()));
  const MatrixXd g = loss_gradients(loo_->model(), query, loo_->theta_s());
  return pack(g.transpose() * steps.x, removed, steps);
}

Scores InfluenceFunction::scores_by_query(const Dataset& query,
                                          const std::vector<Index>& removed) const {
  const Solution s = solve(loss_gradients(loo_->model(), query, loo_->theta_s()));
  const std::vector<Group> groups = one_by_one(removed);
  return pack(s.x.transpose() * removal_gradients(groups), groups, s);
}

}  // namespace leaveout
