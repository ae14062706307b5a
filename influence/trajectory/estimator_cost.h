// SPDX-License-Identifier: MIT
#pragma once
// What an estimator of estimators.h costs, from the sizes of the log alone: the same before it runs
// and on every machine.
//
// With N examples, P parameters, Q queries, T steps that drew S = sum b_t examples, m checkpoints:
//
//   unrolled, sgd_influence, hydra   Q S products           (adam: S gradients more)   T states
//   first_order, hydra_fast          S slopes along Q                                  T states
//   accumulated_sgd_influence        (N + 1) S products, S gradients, P x N tangents   the start
//   data_value_embedding             S gradients, 2 P^2 S + P Q N multiply-adds        T states
//   source_hessian, _gauss_newton    a curvature for each checkpoint, 4.5 P^3 for each segment
//   source_ek_fac                    2 O N gradients for each checkpoint (O outputs), and the
//                                    layers' factors: their eigenvectors instead of P^3
//   influence_function               a curvature, P^3 / 6, N slopes along Q            the end
//   tracin_ideal                     nothing of the training data                  T + 1 states
//   tracin_first_order               S slopes along Q                                  T states
//   tracin_checkpoints               N slopes along Q each                             m states
//   grad_dot (grad_cos)              N slopes along Q (and N gradients)                the end
//   diff_in                          each: b gradients, Q b products, N slopes' derivatives
//   diff_in_differences              each: (1 + Q) b gradients, N slopes along Q twice
//   diff_in_consistent               diff_in at all T, and N slopes along Q at the start
//
// Those of tracin and diff_in are what their `Cost*` counts. The others' are what the method needs:
// our first_order and hydra_fast form the products too and leave them. A dense curvature is as
// many products as dense_curvature.h takes sweeps, and its matrix products. Left out: the queries'
// own gradients, what is computed again where the log kept no states, and lower-order terms.
//
//   EstimatorCost c = estimator_cost(TrajectoryEstimator::unrolled, path, 1);
//   c.passes(path) / training_cost(path).passes(path.examples());             // 2

#include "influence/trajectory/cost.h"
#include "influence/trajectory/estimators.h"

namespace leaveout {

struct EstimatorCost {
  Cost counted;
  double dense = 0;          // multiply-adds of algebra with parameter-sized matrices
  double working_bytes = 0;  // of matrices that the estimator itself holds: P x P, P x N

  /// Gradient passes over the training data. A gradient of an example is 3 P multiply-adds, which
  /// is exact for dense layers; convolutions' take more, so that `dense` is then overpriced.
  double passes(const Trajectory& path) const {
    const auto example = 3 * static_cast<double>(path.parameters() * path.examples());
    return counted.passes(path.examples()) + dense / example;
  }
};

/// For so many queries. Throws what choose_checkpoints() throws.
EstimatorCost estimator_cost(TrajectoryEstimator kind,
                             const Trajectory& path,
                             Index queries,
                             const TrajectoryOptions& options = {});

/// The training itself: S gradients.
Cost training_cost(const Trajectory& path);
/// One training without each of so many examples.
Cost retraining_cost(const Trajectory& path, Index removed);

}  // namespace leaveout
