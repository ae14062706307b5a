// SPDX-License-Identifier: MIT
#pragma once
// The trust-region step from products with the Hessian alone (Steihaug 1983, Toint 1981), and what
// products can say about the Hessian's sign.
//
//   conjugate gradients on H p = -g from p = 0: |p| grows and the model falls with every step, so
//   the path is followed until the residual is small, p leaves the region, or a direction d with
//   d'Hd <= 0 is met; in the last two cases the step ends on the boundary, along d.
//
//   TrustRegionStep step = steihaug_step(product, g, radius, 0.1 * g.norm(), P + 10);
//   Definiteness sign = examine_sign(product, P);         // minimum, saddle, or not known
//
// Memory is a few vectors of P numbers; the matrix is never held.

#include <functional>

#include "models/run.h"
#include "models/trust_region_step.h"

namespace leaveout {

/// hv (P x 1) = H v (P x 1); they do not overlap.
using CurvatureFunction = std::function<void(const Eigen::MatrixXd& v, Eigen::MatrixXd& hv)>;

/// Stops where |H p + g| <= residual, or after `max_products` (p is a descent step then as well).
/// The reduction is at least that of steepest descent (the Cauchy point), and for H positive
/// definite at least half of the best within the region (Yuan 2000).
TrustRegionStep steihaug_step(const CurvatureFunction& product,
                              const Eigen::VectorXd& g,
                              double radius,
                              double residual,
                              Eigen::Index max_products);

/// What products say about the eigenvalues of H.
struct Definiteness {
  Stationarity kind = Stationarity::not_examined;
  Eigen::Index negative = 0;  // eigenvalues below zero: at least so many
  double smallest = 0;        // if not a minimum: the smallest eigenvalue is no larger
  Eigen::VectorXd lowest;     // (P) of a saddle: a unit vector of curvature `smallest` < 0
  Eigen::Index products = 0;
};

/// Conjugate gradients on H x = b, with b a random unit vector of a fixed seed. If they reach the
/// residual r without meeting d'Hd <= 0, every eigenvector z of a negative eigenvalue has
/// |b'z| < r: the residual's part along z only grows while all Ritz values are positive. Here
/// r = 1e-6 / sqrt(P), so a saddle is taken for a minimum with probability below 1e-6. If they do
/// meet it, a short Lanczos process from d sharpens the direction: a saddle is certain, the number
/// of its negative eigenvalues is a lower bound. `not_examined`: the products ran out before.
Definiteness examine_sign(const CurvatureFunction& product,
                          Eigen::Index parameters,
                          Eigen::Index max_products);

}  // namespace leaveout
