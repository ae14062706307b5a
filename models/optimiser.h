// SPDX-License-Identifier: MIT
#pragma once
// The update rules, and their derivatives. Every rule here acts on each parameter alone, given its
// gradient g, so its derivative is a handful of numbers per parameter:
//
//   sgd       v <- momentum v + g             theta <- theta - rate v
//   nesterov  v <- momentum v + g             theta <- theta - rate (g + momentum v)
//   adam      m, s: running means of g, g*g   theta <- theta - rate m^ / (sqrt s^ + epsilon)
//             m^ = m / (1 - beta1^t), s^ = s / (1 - beta2^t)
//
// Training, and the exact derivative of where a training ends (forward and backward through all
// its steps), use these same rules.
//
//   OptimiserState state = initial_state(protocol, theta);
//   advance(protocol, rate, g, state);                            // one step
//   StepDerivative d(protocol, rate, g, state);                   // of that step
//   d.push(dg, tangent);                                          // forward: tangents, (P x K)
//   MatrixXd g_bar = d.pull(adjoint);                             // backward: adjoints, (P x K)

#include "models/protocol.h"

namespace leaveout {

/// Parameters and buffers between two steps.
struct OptimiserState {
  Eigen::VectorXd theta;          // (P)
  Eigen::VectorXd first, second;  // (P): velocity or mean of g; mean of g*g, empty but for adam
  Index steps = 0;                // taken so far: adam's bias corrections
};

/// Buffers at zero.
OptimiserState initial_state(const Protocol& protocol, const Eigen::VectorXd& theta);

/// One step with the gradient g (P). Allocates nothing.
void advance(const Protocol& protocol,
             double rate,
             const Eigen::VectorXd& g,
             OptimiserState& state);

/// K tangents, or K adjoints, of a state: (P x K) each, `second` of adam only.
struct StateColumns {
  Eigen::MatrixXd theta, first, second;
};
StateColumns zero_columns(const Protocol& protocol, Index parameters, Index columns);

/// The derivative of one step with respect to the state before it and to its gradient.
class StepDerivative {
 public:
  /// `after` is the state that the step with gradient g left.
  StepDerivative(const Protocol& protocol,
                 double rate,
                 const Eigen::VectorXd& g,
                 const OptimiserState& after);
  /// Tangents before the step, in place to those after it, given the gradient's: dg (P x K), which
  /// holds H dtheta and whatever else moves g.
  void push(const Eigen::MatrixXd& dg, StateColumns& tangent) const;
  /// Adjoints after the step, in place to those before it, but for what reaches theta through g:
  /// that is H times the gradient's adjoint, which is returned, (P x K).
  Eigen::MatrixXd pull(StateColumns& adjoint) const;

 private:
  // first' = decay first + gain g;  second' = decay2 second + gain2 * g  (derivatives);
  // theta' = theta + by_first * first' + by_second * second' + by_gradient g.
  bool adam_ = false;
  double decay_ = 0, gain_ = 1, decay2_ = 0, by_gradient_ = 0;
  Eigen::ArrayXd by_first_;           // (P)
  Eigen::ArrayXd gain2_, by_second_;  // (P), adam
};

}  // namespace leaveout
