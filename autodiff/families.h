// SPDX-License-Identifier: MIT
#pragma once
// Three families of operations. An operation writes two or three formulas; all four sweeps follow.
//
//   family       the operation writes                              K(y_bar) x_dot
//   Linear       apply(i, x), apply_transpose(i, y_bar)            0
//   Bilinear     product(a, b), adjoint_left/right                 cross terms, derived
//   Elementwise  value, slope f', curve f''                        f'' y_bar x_dot
//
//   template <class S> class Scale final : public LinearOp<Scale<S>, S> {
//     void apply(int, const ConstMatrixMap<S>& x, Sink<S>& put) const { put(c_ * x); }
//     void apply_transpose(int, const ConstMatrixMap<S>& y, Sink<S>& put) const { put(c_ * y); }
//
// `put(expression)` assigns or adds, as the plane requires. Expressions hold no conjugation
// (.transpose(), never .adjoint()), so that complex step works.

#include "autodiff/op.h"
#include "autodiff/workspace.h"

namespace leaveout {

/// y = sum_i A_i x_i. The claim is_linear() is what lets tests demand K = 0.
template <class Derived, class S>
class LinearOp : public Op<S> {
 public:
  using Op<S>::Op;
  bool is_linear() const final { return true; }

  void forward(Workspace<S>& ws) const final {
    Sink<S> put{ws.y(this->output()), true};
    for (int i = 0; i < arity(); ++i) self().apply(i, ws.x(in(i)), put);
  }
  void tangent(Workspace<S>& ws) const final {
    for (int i = 0; i < arity(); ++i)
      for (Index t = 0; t < ws.directions(); ++t)
        if (ws.dot_active(in(i), t)) {
          Sink<S> put = ws.sink_dot(this->output(), t);
          self().apply(i, ws.x_dot(in(i), t), put);
        }
  }
  void reverse(Workspace<S>& ws) const final {
    for (int i = 0; i < arity(); ++i)
      if (ws.wants_bar(in(i))) {
        Sink<S> put = ws.sink_bar(in(i));
        self().apply_transpose(i, ws.x_bar(this->output()), put);
      }
  }
  void reverse_tangent(Workspace<S>& ws, Curvature) const final {
    for (int i = 0; i < arity(); ++i)
      if (ws.wants_bar_dot(in(i)))
        for (Index t = 0; t < ws.directions(); ++t)
          if (ws.bar_dot_active(this->output(), t)) {
            Sink<S> put = ws.sink_bar_dot(in(i), t);
            self().apply_transpose(i, ws.x_bar_dot(this->output(), t), put);
          }
  }

 private:
  const Derived& self() const { return static_cast<const Derived&>(*this); }
  int arity() const { return static_cast<int>(this->inputs().size()); }
  SlotId in(int i) const { return this->input(static_cast<std::size_t>(i)); }
};

/// y = B(a, b), linear in each of a (input 0) and b (input 1).
/// `Derived::kActsOnColumns` says that b and y are columns which B treats one by one (a fixed):
/// then all directions of b go through one product.
template <class Derived, class S>
class BilinearOp : public Op<S> {
 public:
  using Op<S>::Op;

  void forward(Workspace<S>& ws) const override {
    Sink<S> put{ws.y(this->output()), true};
    self().product(ws.x(a()), ws.x(b()), put);
  }

  void tangent(Workspace<S>& ws) const override {
    tangent_of_right(ws);
    for (Index t = 0; t < ws.directions(); ++t)
      if (ws.dot_active(a(), t)) {
        Sink<S> put = ws.sink_dot(this->output(), t);
        self().product(ws.x_dot(a(), t), ws.x(b()), put);
      }
  }

  void reverse(Workspace<S>& ws) const override {
    const ConstMatrixMap<S> y_bar = ws.x_bar(this->output());
    if (ws.wants_bar(a())) {
      Sink<S> put = ws.sink_bar(a());
      self().adjoint_left(y_bar, ws.x(b()), put);
    }
    if (ws.wants_bar(b())) {
      Sink<S> put = ws.sink_bar(b());
      self().adjoint_right(ws.x(a()), y_bar, put);
    }
  }

  void reverse_tangent(Workspace<S>& ws, Curvature curvature) const override {
    const SlotId out = this->output();
    const bool k_term = curvature == Curvature::full && ws.bar_active(out);
    if (ws.wants_bar_dot(a())) {
      for (Index t = 0; t < ws.directions(); ++t) {
        if (ws.bar_dot_active(out, t)) {
          Sink<S> put = ws.sink_bar_dot(a(), t);
          self().adjoint_left(ws.x_bar_dot(out, t), ws.x(b()), put);
        }
        if (k_term && ws.dot_active(b(), t)) {  // K: the other factor moves
          Sink<S> put = ws.sink_bar_dot(a(), t);
          self().adjoint_left(ws.x_bar(out), ws.x_dot(b(), t), put);
        }
      }
    }
    if (!ws.wants_bar_dot(b())) return;
    if (stacks(ws, b()) && ws.bar_dot_active_all(out) && ws.bar_dot_untouched(b())) {
      Sink<S> put = ws.sink_bar_dot_stack(b());
      self().adjoint_right(ws.x(a()), ws.x_bar_dot_stack(out), put);
    } else {
      for (Index t = 0; t < ws.directions(); ++t)
        if (ws.bar_dot_active(out, t)) {
          Sink<S> put = ws.sink_bar_dot(b(), t);
          self().adjoint_right(ws.x(a()), ws.x_bar_dot(out, t), put);
        }
    }
    for (Index t = 0; t < ws.directions(); ++t)
      if (k_term && ws.dot_active(a(), t)) {
        Sink<S> put = ws.sink_bar_dot(b(), t);
        self().adjoint_right(ws.x_dot(a(), t), ws.x_bar(out), put);
      }
  }

 protected:
  SlotId a() const { return this->input(0); }
  SlotId b() const { return this->input(1); }
  /// y_dot += B(a, b_dot).
  void tangent_of_right(Workspace<S>& ws) const {
    const SlotId out = this->output();
    if (stacks(ws, b()) && ws.dot_active_all(b()) && !ws.dot_active(out)) {
      Sink<S> put = ws.sink_dot_stack(out);
      self().product(ws.x(a()), ws.x_dot_stack(b()), put);
    } else {
      for (Index t = 0; t < ws.directions(); ++t)
        if (ws.dot_active(b(), t)) {
          Sink<S> put = ws.sink_dot(out, t);
          self().product(ws.x(a()), ws.x_dot(b(), t), put);
        }
    }
  }

 private:
  const Derived& self() const { return static_cast<const Derived&>(*this); }
  static bool stacks(const Workspace<S>& ws, SlotId b) {
    return Derived::kActsOnColumns && ws.directions() > 1 && !ws.is_parameter(b);
  }
};

/// y = f(x) entry by entry. `slope` and `curve` return expressions of f' and f'' in terms of x, y
/// and, where f' is dear, the slope that forward kept in an auxiliary slot.
template <class Derived, class S>
class ElementwiseOp : public Op<S> {
 public:
  using Array = Eigen::Array<S, Eigen::Dynamic, Eigen::Dynamic>;
  /// What slope and curve may look at; `kept` equals f'(x) for operations that keep it.
  struct Point {
    Eigen::Map<const Array> x, y, kept;
  };

  ElementwiseOp(SlotId x, SlotId y, SlotId kept) : Op<S>({x}, y), kept_(kept) {}

  void forward(Workspace<S>& ws) const final {
    const ConstMatrixMap<S> x = ws.x(in());
    S* kept = kept_ >= 0 ? ws.y(kept_).data() : nullptr;
    static_cast<const Derived&>(*this).value(x.data(), ws.y(this->output()).data(), kept, x.size());
  }
  void tangent(Workspace<S>& ws) const final {
    const Point p = point(ws);
    for (Index t = 0; t < ws.directions(); ++t)
      if (ws.dot_active(in(), t))
        ws.sink_dot(this->output(), t)((Derived::slope(p) * ws.x_dot(in(), t).array()).matrix());
  }
  void reverse(Workspace<S>& ws) const final {
    if (ws.wants_bar(in()))
      ws.sink_bar(in())((Derived::slope(point(ws)) * ws.x_bar(this->output()).array()).matrix());
  }
  void reverse_tangent(Workspace<S>& ws, Curvature curvature) const final {
    if (!ws.wants_bar_dot(in())) return;
    const Point p = point(ws);
    const SlotId out = this->output();
    const bool k_term =
        !Derived::kPiecewiseLinear && curvature == Curvature::full && ws.bar_active(out);
    for (Index t = 0; t < ws.directions(); ++t) {
      const bool second = k_term && ws.dot_active(in(), t);
      if (ws.bar_dot_active(out, t)) {
        Sink<S> put = ws.sink_bar_dot(in(), t);
        if (second)  // one pass over both terms
          put((Derived::slope(p) * ws.x_bar_dot(out, t).array() +
               Derived::curve(p) * ws.x_bar(out).array() * ws.x_dot(in(), t).array())
                  .matrix());
        else
          put((Derived::slope(p) * ws.x_bar_dot(out, t).array()).matrix());
      } else if (second) {
        ws.sink_bar_dot(in(), t)(
            (Derived::curve(p) * ws.x_bar(out).array() * ws.x_dot(in(), t).array()).matrix());
      }
    }
  }

 private:
  SlotId in() const { return this->input(0); }
  Point point(const Workspace<S>& ws) const {
    const auto view = [&ws](SlotId id) {
      const ConstMatrixMap<S> m = ws.x(id);
      return Eigen::Map<const Array>(m.data(), m.rows(), m.cols());
    };
    return {view(in()), view(this->output()), view(kept_ >= 0 ? kept_ : this->output())};
  }
  SlotId kept_;
};

}  // namespace leaveout
