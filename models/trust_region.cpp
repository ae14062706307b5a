// SPDX-License-Identifier: MIT
#include "models/trust_region.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

using Factor = Eigen::LLT<MatrixXd>;

bool factorise(const MatrixXd& h, double mu, MatrixXd& shifted, Factor& factor) {
  shifted = h;
  shifted.diagonal().array() += mu;
  factor.compute(shifted);
  return factor.info() == Eigen::Success;
}

/// A unit vector along the lowest eigenvector of H, by inverse iteration with H + mu I.
VectorXd lowest_direction(const Factor& factor, Index n) {
  // A fixed start that is orthogonal to nothing in particular: entries of slowly varying size.
  VectorXd z = VectorXd::LinSpaced(n, 1.0, 2.0)
                   .cwiseProduct(VectorXd::LinSpaced(n, 0.0, 1e4).array().sin().matrix() +
                                 VectorXd::Constant(n, 0.1));
  for (int i = 0; i < 8; ++i) {
    z = factor.solve(z);
    z.normalize();
  }
  return z;
}

/// tau with |p + tau z| = radius, the smaller root, which lowers the model more (|z| = 1).
double to_boundary(const VectorXd& p, const VectorXd& z, double radius) {
  const double pz = p.dot(z);
  const double rest = radius * radius - p.squaredNorm();
  const double root = std::sqrt(std::max(0.0, pz * pz + rest));
  return pz >= 0 ? rest / (pz + root) : rest / (pz - root);
}

/// Bounds of the multiplier, from Gershgorin's circles.
struct Interval {
  double low, high;
  Interval(const MatrixXd& h, double g_norm, double radius) {
    const VectorXd d = h.diagonal();
    const VectorXd off = h.cwiseAbs().rowwise().sum() - d.cwiseAbs();
    low = std::max(0.0, -d.minCoeff());
    // The margin is for g = 0 where a circle is attained: -lambda_min itself is singular.
    high = 1.1 * std::max(0.0, g_norm / radius - (d - off).minCoeff());
    low = std::min(low, high);
  }
  double safeguard(double mu) const {
    if (mu > low && mu < high) return mu;
    return std::max(std::sqrt(low * high), low + 0.01 * (high - low));
  }
};

}  // namespace

TrustRegionStep trust_region_step(const MatrixXd& h, const VectorXd& g, double radius) {
  constexpr double kSlack = 0.1;  // the boundary is hit to 10 %: enough for the theory
  const Index n = g.size();
  Interval bounds(h, g.norm(), radius);
  MatrixXd shifted(n, n);
  Factor factor(n);
  TrustRegionStep step;
  step.p = VectorXd::Zero(n);
  double mu = 0;
  for (int i = 0; i < 60; ++i) {
    if (!factorise(h, mu, shifted, factor)) {
      bounds.low = std::max(bounds.low, mu);
      mu = bounds.safeguard(-1);
      continue;
    }
    step.p = -factor.solve(g);
    step.mu = mu;
    const double norm = step.p.norm();
    if (norm <= radius && mu == 0) break;  // the Newton step itself
    step.on_boundary = true;
    if (std::abs(norm - radius) <= kSlack * radius) break;
    if (norm < radius) {
      // Perhaps the hard case: g has nothing along the lowest eigenvector, so the rest of the way
      // to the boundary goes along it. Good enough if it costs little of what p gains.
      bounds.high = std::min(bounds.high, mu);
      const VectorXd z = lowest_direction(factor, n);
      const double tau = to_boundary(step.p, z, radius);
      const double zhz = z.dot(h * z) + mu;
      bounds.low = std::max(bounds.low, mu - zhz);
      const double gain = mu * radius * radius + step.p.dot(h * step.p) + mu * norm * norm;
      if (tau * tau * zhz <= kSlack * gain) {
        step.p += tau * z;
        break;
      }
    } else {
      bounds.low = std::max(bounds.low, mu);
    }
    // Newton's method on 1/radius - 1/|p(mu)|, which is nearly linear in mu.
    const VectorXd w = factor.matrixL().solve(step.p);
    mu = bounds.safeguard(mu + norm * norm / w.squaredNorm() * (norm - radius) / radius);
  }
  step.predicted = -(g.dot(step.p) + 0.5 * step.p.dot(h * step.p));
  return step;
}

namespace {

/// One minimisation: the state between steps.
class Newton {
 public:
  Newton(const Objective& objective, const VectorXd& start, const NewtonOptions& options)
      : evaluate_(objective), options_(options), radius_(options.initial_radius) {
    run_.theta = start;
    run_.objective = evaluate_.gradient(start, g_);
    run_.gradient_norm = g_.norm();
    if (!std::isfinite(run_.objective) || !g_.allFinite())
      throw std::invalid_argument("[minimise] the objective is not finite at the start");
    log();
  }

  Run solve() {
    while (run_.iterations < options_.max_iterations) {
      h_ = evaluate_.curvature(run_.theta, Curvature::full, options_.threads);
      if (run_.gradient_norm < options_.tolerance) {
        examine();
        if (run_.kind != Stationarity::saddle || !options_.leave_saddles) {
          polish();
          run_.converged = true;
          return std::move(run_);
        }
      }
      if (!advance()) break;
      ++run_.iterations;
      log();
    }
    if (run_.gradient_norm < options_.tolerance) {  // else it is no stationary point to examine
      h_ = evaluate_.curvature(run_.theta, Curvature::full, options_.threads);
      examine();
      run_.converged = run_.kind != Stationarity::saddle;
    }
    return std::move(run_);
  }

 private:
  void log() { run_.log.push_back({run_.iterations, run_.objective, run_.gradient_norm}); }

  /// One more Newton step, taken if it lowers the gradient. Convergence is quadratic, so this
  /// leaves rounding only: differences between responses are then theirs and not the tolerance's.
  void polish() {
    if (run_.kind != Stationarity::minimum) return;
    const VectorXd candidate = run_.theta - Factor(h_).solve(g_);
    const double value = evaluate_.gradient(candidate, trial_);
    if (!(trial_.norm() < run_.gradient_norm)) return;
    run_.theta = candidate;
    run_.objective = value;
    run_.gradient_norm = trial_.norm();
    ++run_.iterations;
    log();
  }

  /// Positive definite, or how many eigenvalues are negative.
  void examine() {
    const Factor factor(h_);
    run_.negative_eigenvalues = 0;
    run_.smallest_eigenvalue = 0;
    run_.kind = Stationarity::minimum;
    if (factor.info() == Eigen::Success) return;
    const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(h_, Eigen::EigenvaluesOnly);
    const VectorXd& e = eigen.eigenvalues();
    const double rounding = 1e-12 * std::max(1.0, e.cwiseAbs().maxCoeff());
    run_.smallest_eigenvalue = e(0);
    run_.negative_eigenvalues = (e.array() < -rounding).count();
    run_.kind = run_.negative_eigenvalues > 0 ? Stationarity::saddle : Stationarity::degenerate;
  }

  /// One accepted step, shrinking the radius as often as needed. False when no step helps any more.
  bool advance() {
    for (int shrink = 0; shrink < 60; ++shrink) {
      const TrustRegionStep step = trust_region_step(h_, g_, radius_);
      const VectorXd candidate = run_.theta + step.p;
      const double value = evaluate_.gradient(candidate, trial_);
      const double norm = trial_.norm(), length = step.p.norm();
      if (accepts(value, norm, step.predicted)) {
        const double ratio = (run_.objective - value) / step.predicted;
        if (ratio > 0.75 && step.on_boundary)
          radius_ = std::min(2 * radius_, options_.max_radius);
        else if (ratio < 0.25 && !negligible(step.predicted))
          radius_ = 0.5 * length;
        const bool moved = candidate != run_.theta;
        run_.theta = candidate;
        run_.objective = value;
        run_.gradient_norm = norm;
        g_.swap(trial_);
        return moved;
      }
      radius_ = 0.25 * length;
      if (!(radius_ > 1e-300)) return false;
    }
    return false;
  }

  /// Is the change too small for the objective's rounding to show it?
  bool negligible(double predicted) const {
    return predicted < 1e3 * std::numeric_limits<double>::epsilon() * std::abs(run_.objective);
  }

  // Near the end the objective cannot resolve a step's gain any more; the gradient still can.
  bool accepts(double value, double norm, double predicted) const {
    if (!std::isfinite(value) || !std::isfinite(norm)) return false;
    if (negligible(predicted)) return norm < run_.gradient_norm;
    return run_.objective - value > 1e-4 * predicted;
  }

  Evaluator evaluate_;
  NewtonOptions options_;
  double radius_;
  Run run_;
  MatrixXd h_;          // (P x P)
  VectorXd g_, trial_;  // (P)
};

}  // namespace

Run minimise(const Objective& objective, const VectorXd& start, const NewtonOptions& options) {
  if (start.size() != objective.parameter_count())
    throw std::invalid_argument("[minimise] start, expected as many numbers as parameters");
  return Newton(objective, start, options).solve();
}

std::size_t newton_bytes(Index parameters) {
  return 4 * static_cast<std::size_t>(parameters) * static_cast<std::size_t>(parameters) *
         sizeof(double);
}

}  // namespace leaveout
