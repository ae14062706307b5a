// SPDX-License-Identifier: MIT
#pragma once
// The curvature of an objective at a point as an operator, without forming it.
//
//   ObjectiveCurvature G(objective, theta, Curvature::gauss_newton);   // (P x P), never held
//   G.apply(v, gv);                                                    // G v
//
// Weight decay and damping of the objective are part of it: the operator is what the objective's
// own Hessian (or Gauss-Newton matrix) is. Damping on top is damp(G, lambda).

#include "influence/curvature/linear_operator.h"
#include "models/objective.h"

namespace leaveout {

class ObjectiveCurvature final : public LinearOperator {
 public:
  /// Values and adjoints at `theta` are computed once and kept: 4 planes of the data set.
  ObjectiveCurvature(const Objective& objective, const Eigen::VectorXd& theta, Curvature curvature);
  ObjectiveCurvature(const ObjectiveCurvature&) = delete;  // the sweeps point into this object
  ObjectiveCurvature& operator=(const ObjectiveCurvature&) = delete;
  Index size() const override { return theta_.size(); }
  void apply(const Eigen::Ref<const Eigen::MatrixXd>& v,
             Eigen::Ref<Eigen::MatrixXd> out) const override;
  Eigen::MatrixXd dense() const override;

 private:
  Objective objective_;
  Eigen::VectorXd theta_;
  Curvature curvature_;
  Batch<double> batch_;
  mutable CurvatureProduct<double> product_;  // its sweeps write to workspaces, not to its meaning
};

/// Products with the curvature of a mini-batch, drawn with replacement: (1/B) sum over B drawn
/// examples of N w_i C_i, plus weight decay and damping. Unbiased for ObjectiveCurvature; the
/// stochastic form of LiSSA asks for a new one at every step.
class SampledCurvature {
 public:
  SampledCurvature(const Objective& objective,
                   const Eigen::VectorXd& theta,
                   Curvature curvature,
                   Index batch_size,
                   std::uint64_t seed);
  SampledCurvature(const SampledCurvature&) = delete;  // the sweeps point into this object
  SampledCurvature& operator=(const SampledCurvature&) = delete;
  /// out = C_batch v, the batch being number `step` of repeat `repeat`.
  void apply(Index step,
             Index repeat,
             const Eigen::Ref<const Eigen::MatrixXd>& v,
             Eigen::Ref<Eigen::MatrixXd> out);

 private:
  Objective objective_;
  Eigen::VectorXd theta_;
  Curvature curvature_;
  std::uint64_t seed_;
  Eigen::MatrixXd x_, t_;  // (features x B), (outputs x B)
  Eigen::VectorXd w_;      // (B)
  Batch<double> batch_;
  Workspace<double> ws_;
};

}  // namespace leaveout
