// SPDX-License-Identifier: MIT
#include "models/steihaug_step.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "datasets/random.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// tau >= 0 with |p + tau d| = radius, for |p| <= radius.
double to_boundary(const VectorXd& p, const MatrixXd& d, double radius) {
  const double pd = p.dot(d.col(0)), dd = d.squaredNorm();
  const double rest = std::max(0.0, radius * radius - p.squaredNorm());
  const double root = std::sqrt(pd * pd + dd * rest);
  return pd > 0 ? rest / (pd + root) : (root - pd) / dd;
}

}  // namespace

TrustRegionStep steihaug_step(const CurvatureFunction& product,
                              const VectorXd& g,
                              double radius,
                              double residual,
                              Index max_products) {
  TrustRegionStep step;
  step.p = VectorXd::Zero(g.size());
  VectorXd r = g;                    // (P) H p + g
  MatrixXd d = -g, hd(g.size(), 1);  // (P x 1)
  double rr = r.squaredNorm();
  while (step.products < max_products && std::sqrt(rr) > residual) {
    product(d, hd);
    ++step.products;
    const double curvature = d.col(0).dot(hd.col(0));
    const double alpha = rr / curvature;
    if (!(curvature > 0) || (step.p + alpha * d.col(0)).norm() >= radius) {
      const double tau = to_boundary(step.p, d, radius);
      step.p += tau * d.col(0);
      r += tau * hd.col(0);
      step.on_boundary = true;
      break;
    }
    step.p += alpha * d.col(0);
    r += alpha * hd.col(0);
    const double next = r.squaredNorm();
    d = (next / rr) * d - r;
    rr = next;
  }
  // p'Hp = p'(r - g), so the model's value needs no further product.
  step.predicted = -0.5 * (g.dot(step.p) + step.p.dot(r));
  return step;
}

namespace {

constexpr Index kLanczosSteps = 30;
constexpr double kRounding = 1e-12;  // relative to the largest eigenvalue: no sign below it

/// Lanczos with full reorthogonalisation from `start`: the ends of the spectrum it sees.
void sharpen(const CurvatureFunction& product, const VectorXd& start, Definiteness& found) {
  const Index n = start.size(), most = std::min(n, kLanczosSteps);
  MatrixXd basis(n, most);                  // (P x most)
  MatrixXd v(n, 1), hv(n, 1);               // (P x 1)
  MatrixXd t = MatrixXd::Zero(most, most);  // (most x most)
  v = start.normalized();
  Index m = 0;
  for (;;) {
    basis.col(m) = v;
    product(v, hv);
    ++found.products;
    VectorXd c = basis.leftCols(m + 1).transpose() * hv.col(0);
    t(m, m) = c(m);
    hv.noalias() -= basis.leftCols(m + 1) * c;
    c.noalias() = basis.leftCols(m + 1).transpose() * hv.col(0);  // once more: twice is enough
    hv.noalias() -= basis.leftCols(m + 1) * c;
    const double beta = hv.norm();
    ++m;
    if (m == most || !(beta > kRounding * t.topLeftCorner(m, m).norm())) break;
    t(m, m - 1) = t(m - 1, m) = beta;
    v = hv / beta;
  }
  const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(t.topLeftCorner(m, m));
  const VectorXd& ritz = eigen.eigenvalues();
  const double rounding = kRounding * std::max(1.0, ritz.cwiseAbs().maxCoeff());
  found.negative = (ritz.array() < -rounding).count();
  found.smallest = ritz(0);
  found.kind = found.negative > 0 ? Stationarity::saddle : Stationarity::degenerate;
  if (found.negative > 0) found.lowest = basis.leftCols(m) * eigen.eigenvectors().col(0);
}

}  // namespace

Definiteness examine_sign(const CurvatureFunction& product, Index parameters, Index max_products) {
  Definiteness found;
  Random random(0x7369676e /* "sign" */);
  VectorXd r = -random.normal_matrix(parameters, 1);  // (P) H x - b; x itself is not needed
  r.normalize();
  const double residual = 1e-6 / std::sqrt(static_cast<double>(parameters));
  MatrixXd d = -r, hd(parameters, 1);  // (P x 1)
  double rr = 1, scale = 0;            // scale: the largest curvature met
  while (std::sqrt(rr) > residual) {
    if (found.products == max_products) return found;
    product(d, hd);
    ++found.products;
    const double curvature = d.col(0).dot(hd.col(0)), length = d.squaredNorm();
    scale = std::max(scale, curvature / length);
    if (!(curvature > kRounding * scale * length)) {
      sharpen(product, d, found);
      return found;
    }
    r += (rr / curvature) * hd.col(0);
    const double next = r.squaredNorm();
    d = (next / rr) * d - r;
    rr = next;
  }
  found.kind = Stationarity::minimum;
  return found;
}

}  // namespace leaveout
