// SPDX-License-Identifier: MIT
#pragma once
// The curvature that a training met: the exact Hessian of each step's own mini-batch, in small
// networks, and what the steps of plain SGD multiply a displacement by,
//
//   theta_to + Phi(to, from) d  to first order, where theta_from + d was,
//   Phi(to, from) = (I - rate H)_{to - 1} ... (I - rate H)_{from}           later steps on the left
//
// The largest eigenvalues say how long the training was in the units that matter to expansions in
// the rates: x = sum over steps of rate * lambda_max (rate * T * lambda_max where both are
// constant). They converge fast for x well below 1, and after that they do not.
//
//   std::vector<StepSpectrum> spectra = step_spectra(path, {0, 50, 100});
//   spectra[1].negative_mass();                 // how far from convex, 0 to 1
//   double x = curvature_time(path, spectra);

#include <functional>

#include "influence/trajectory/trajectory.h"

namespace leaveout {

struct StepCurvatureOptions {
  Index max_parameters = 2000;  // a guard: matrices are dense, eigenvalues cost P^3
  int threads = 1;              // any number gives the same bits
  std::size_t max_bytes = 0;    // 0: what the machine could give now
};

/// Bytes that the functions here take beside the log: a few P x P matrices.
std::size_t step_curvature_bytes(Index parameters);

/// Visits chosen steps, in ascending order, with the Hessian (P x P) of the step's mini-batch at
/// the theta before it, weight decay included. Throws std::invalid_argument, with the numbers, for
/// more parameters or bytes than allowed and steps that are not there.
void visit_hessians(
    const Trajectory& path,
    const std::vector<Index>& steps,
    const std::function<void(const LoggedStep& step, const Eigen::MatrixXd& h)>& visit,
    const StepCurvatureOptions& options = {});

/// Eigenvalues of one step's mini-batch Hessian.
struct StepSpectrum {
  Index step;
  double rate;
  Eigen::VectorXd eigenvalues;  // (P) ascending

  double largest() const { return eigenvalues(eigenvalues.size() - 1); }
  double smallest() const { return eigenvalues(0); }
  /// Eigenvalues below zero by more than rounding.
  Index negative() const;
  /// The sum of |negative eigenvalues| over that of all |eigenvalues|.
  double negative_mass() const;
};

/// At chosen steps, in ascending order.
std::vector<StepSpectrum> step_spectra(const Trajectory& path,
                                       const std::vector<Index>& steps,
                                       const StepCurvatureOptions& options = {});

/// x = sum over all steps of rate * lambda_max, each step with that of the last spectrum up to it
/// (of the first one before that). Exact if all steps have one. Momentum is not in it: it makes
/// steps 1 / (1 - momentum) longer. Throws std::invalid_argument without spectra.
double curvature_time(const Trajectory& path, const std::vector<StepSpectrum>& spectra);

/// Phi(to, from), (P x P), 0 <= from <= to <= steps. Throws std::invalid_argument for momentum and
/// Adam, whose steps move buffers too (removal_tangents() follows these).
Eigen::MatrixXd propagator(const Trajectory& path,
                           Index to,
                           Index from,
                           const StepCurvatureOptions& options = {});

}  // namespace leaveout
