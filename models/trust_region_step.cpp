// SPDX-License-Identifier: MIT
#include "models/trust_region_step.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

namespace leaveout {

using Eigen::Index;
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

}  // namespace leaveout
