// SPDX-License-Identifier: MIT
#pragma once
// The trust-region step on a dense Hessian (Moré and Sorensen 1983): Cholesky factorisations of
// H + mu I find the multiplier mu, also where H is indefinite and in the hard case.
//
//   TrustRegionStep step = trust_region_step(h, g, radius);
//   theta += step.p;                       // lowers g'p + p'Hp/2 by step.predicted
//
// steihaug_step.h makes the same kind of step from products with H alone.

#include <Eigen/Core>

namespace leaveout {

/// A step within the radius: an (approximate) minimiser p of g'p + p'Hp/2 over |p| <= radius.
struct TrustRegionStep {
  Eigen::VectorXd p;     // (P)
  double predicted = 0;  // reduction of the model, >= 0
  double mu = 0;         // multiplier: (H + mu I) p = -g; 0 where the method does not know it
  bool on_boundary = false;
  Eigen::Index products = 0;  // with H, where that is what a step costs
};

/// Newton's step where it fits, else one whose length is within 10 % of the radius and whose
/// reduction is at least 81 % of the best. h (P x P), g (P).
TrustRegionStep trust_region_step(const Eigen::MatrixXd& h,
                                  const Eigen::VectorXd& g,
                                  double radius);

}  // namespace leaveout
