// SPDX-License-Identifier: MIT
#pragma once
// What Newton's method knows of the objective around a point: the quadratic model g'p + p'Hp/2.
// The trust-region driver (trust_region.cpp) is one; the model is dense or matrix-free.
//
//   auto model = make_newton_model(evaluate, options);
//   model->move_to(theta, g.norm());
//   TrustRegionStep step = model->step(g, radius);

#include <memory>

#include "models/trust_region.h"
#include "models/trust_region_step.h"

namespace leaveout {

class NewtonModel {
 public:
  virtual ~NewtonModel() = default;
  /// To a point and the norm of its gradient.
  virtual void move_to(const Eigen::VectorXd& theta, double gradient_norm) = 0;
  /// A step of the model within the radius; from a saddle that examine() found, along it.
  virtual TrustRegionStep step(const Eigen::VectorXd& g, double radius) = 0;
  /// Writes kind, number of negative eigenvalues and the smallest one to the run.
  virtual void examine(Run& run) = 0;
  /// -H^-1 g, (P), where examine() found no negative curvature.
  virtual Eigen::VectorXd newton_step(const Eigen::VectorXd& g) = 0;
};

/// `evaluate` must outlive the model.
std::unique_ptr<NewtonModel> make_newton_model(Evaluator& evaluate, const NewtonOptions& options);

}  // namespace leaveout
