// SPDX-License-Identifier: MIT
#pragma once
// The contract of an operation y = f(x): four sweeps, one new term.
//
//   sweep            law (J = Jacobian of f, K(y_bar) = sum_k y_bar_k Hessian of f_k)
//   forward          y          = f(x)
//   tangent          y_dot     += J x_dot
//   reverse          x_bar     += J' y_bar
//   reverse_tangent  x_bar_dot += J' y_bar_dot + K(y_bar) x_dot
//
// Seed x_dot = v on the parameters of a scalar loss, and the parameters' x_bar_dot is exactly H v.
// With Curvature::gauss_newton the K term is left out, except by losses, which always keep it.
// Most operations write two or three formulas and inherit the rest: see families.h.

#include <vector>

#include "autodiff/types.h"

namespace leaveout {

using SlotId = int;

template <class S>
class Workspace;

template <class S>
class Op {
 public:
  Op(std::vector<SlotId> inputs, SlotId output) : inputs_(std::move(inputs)), output_(output) {}
  virtual ~Op() = default;
  Op(const Op&) = delete;
  Op& operator=(const Op&) = delete;

  /// Overwrites the output's value.
  virtual void forward(Workspace<S>& ws) const = 0;
  /// What the other sweeps need of forward(): of a loss, all but the losses themselves.
  virtual void prepare(Workspace<S>& ws) const { forward(ws); }
  /// Adds to the output's tangent, for every active direction.
  virtual void tangent(Workspace<S>& ws) const = 0;
  /// Adds to the inputs' adjoints. Only called when the output's adjoint is there.
  virtual void reverse(Workspace<S>& ws) const = 0;
  /// Adds to the inputs' adjoint-tangents. Values, adjoints and tangents are those of earlier
  /// sweeps.
  virtual void reverse_tangent(Workspace<S>& ws, Curvature curvature) const = 0;

  /// Name for messages and tests, for example "tanh".
  virtual const char* name() const = 0;
  /// True where K vanishes identically: a claim that the tests check.
  virtual bool is_linear() const { return false; }
  /// True for losses: they keep K under Curvature::gauss_newton.
  virtual bool is_loss() const { return false; }

  const std::vector<SlotId>& inputs() const { return inputs_; }
  SlotId input(std::size_t i) const { return inputs_[i]; }
  SlotId output() const { return output_; }

 private:
  std::vector<SlotId> inputs_;
  SlotId output_;
};

}  // namespace leaveout
