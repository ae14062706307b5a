// SPDX-License-Identifier: MIT
#include "influence/trajectory/step_curvature.h"

#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <limits>
#include <stdexcept>

#include "autodiff/memory.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

void require(bool ok, const std::string& what) {
  if (!ok) throw std::invalid_argument("[step curvature] " + what);
}

void check_size(Index p, const StepCurvatureOptions& options) {
  const std::size_t bytes = step_curvature_bytes(p);
  require(p <= options.max_parameters,
          fmt::format("parameters, expected at most {} for dense Hessians, got {} ({:.3g} MB): use "
                      "a smaller network or extreme_eigenvalues()",
                      options.max_parameters,
                      p,
                      static_cast<double>(bytes) / 1e6));
  require_memory("step curvature",
                 bytes,
                 options.max_bytes,
                 fmt::format("dense Hessians of {} parameters", p),
                 "use a smaller network");
}

/// The objective that the step's gradient is the gradient of.
Objective batch_objective(const Trajectory& path, const Dataset& part, const LoggedStep& step) {
  Objective q = training_objective(path.model(), part, path.objective->weight_decay);
  for (Index j = 0; j < part.size(); ++j)
    q.weights(j) = path.share(step.batch[static_cast<std::size_t>(j)], part.size());
  return q;
}

}  // namespace

std::size_t step_curvature_bytes(Index parameters) {
  // The Hessian and what it is computed with, a propagator and its product.
  const auto p = static_cast<std::size_t>(parameters);
  return 4 * sizeof(double) * p * p;
}

void visit_hessians(const Trajectory& path,
                    const std::vector<Index>& steps,
                    const std::function<void(const LoggedStep&, const MatrixXd&)>& visit,
                    const StepCurvatureOptions& options) {
  check_size(path.parameters(), options);
  Replay replay(*path.objective, *path.log);
  replay.visit(steps, [&](const LoggedStep& step) {
    const Dataset part = take(path.train(), {step.batch.begin(), step.batch.end()});
    Evaluator evaluate(batch_objective(path, part, step));
    visit(step, evaluate.curvature(step.before.theta, Curvature::full, options.threads));
  });
}

Index StepSpectrum::negative() const {
  const double rounding = static_cast<double>(eigenvalues.size()) *
                          std::numeric_limits<double>::epsilon() *
                          eigenvalues.cwiseAbs().maxCoeff();
  return (eigenvalues.array() < -rounding).count();
}

double StepSpectrum::negative_mass() const {
  const double all = eigenvalues.cwiseAbs().sum();
  return all > 0 ? -eigenvalues.cwiseMin(0).sum() / all : 0;
}

std::vector<StepSpectrum> step_spectra(const Trajectory& path,
                                       const std::vector<Index>& steps,
                                       const StepCurvatureOptions& options) {
  std::vector<StepSpectrum> spectra;
  const auto visit = [&](const LoggedStep& step, const MatrixXd& h) {
    const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(h, Eigen::EigenvaluesOnly);
    spectra.push_back({step.number, step.rate, solver.eigenvalues()});
  };
  visit_hessians(path, steps, visit, options);
  return spectra;
}

double curvature_time(const Trajectory& path, const std::vector<StepSpectrum>& spectra) {
  require(!spectra.empty(), "spectra, expected at least one, got none");
  double x = 0;
  std::size_t at = 0;
  for (Index t = 0; t < path.steps(); ++t) {
    while (at + 1 < spectra.size() && spectra[at + 1].step <= t) ++at;
    x += path.log->rates[static_cast<std::size_t>(t)] * spectra[at].largest();
  }
  return x;
}

MatrixXd propagator(const Trajectory& path,
                    Index to,
                    Index from,
                    const StepCurvatureOptions& options) {
  const Protocol& protocol = path.log->protocol;
  require(protocol.optimiser != OptimiserKind::adam && protocol.momentum == 0,
          fmt::format("propagator, expected plain SGD, got {} with momentum {}: use "
                      "removal_tangents()",
                      optimiser_name(protocol.optimiser),
                      protocol.momentum));
  require(0 <= from && from <= to && to <= path.steps(),
          fmt::format("propagator, expected 0 <= from <= to <= {} steps, got from {} to {}",
                      path.steps(),
                      from,
                      to));
  std::vector<Index> steps;
  for (Index t = from; t < to; ++t) steps.push_back(t);
  check_size(path.parameters(), options);
  MatrixXd phi = MatrixXd::Identity(path.parameters(), path.parameters());
  MatrixXd product;
  const auto visit = [&](const LoggedStep& step, const MatrixXd& h) {
    product.noalias() = h * phi;
    phi -= step.rate * product;
  };
  visit_hessians(path, steps, visit, options);
  return phi;
}

}  // namespace leaveout
