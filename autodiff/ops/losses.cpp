// SPDX-License-Identifier: MIT
#include "autodiff/ops/losses.h"

#include <fmt/format.h>

#include "autodiff/ops/mean_functions.h"
#include "autodiff/workspace.h"

namespace leaveout {

namespace {

/// Outputs (input 0) against targets or centre outputs (input 1), for a family of mean_functions.h.
/// Two auxiliary slots: `residual` = dL/dy = mu(y) - reference (O x batch), `mean` = mu(y).
template <class Family, bool kBregman, class S>
class OutputLoss final : public Op<S> {
 public:
  OutputLoss(SlotId y, SlotId reference, SlotId losses, SlotId residual, SlotId mean)
      : Op<S>({y, reference}, losses), residual_(residual), mean_(mean) {}
  const char* name() const override { return kBregman ? Family::kBregman : Family::kLoss; }
  bool is_loss() const override { return true; }

  void forward(Workspace<S>& ws) const override {
    set_means(ws);
    const ConstMatrixMap<S> at = ws.x(y()), reference = ws.x(this->input(1));
    MatrixMap<S> losses = ws.y(this->output());
    for (Index n = 0; n < at.cols(); ++n)
      if constexpr (kBregman)
        losses(0, n) = Family::divergence(at.col(n), reference.col(n), ws.x(residual_).col(n));
      else
        losses(0, n) = Family::loss(at.col(n), reference.col(n));
    set_residual(ws);
  }
  void prepare(Workspace<S>& ws) const override {
    set_means(ws);
    set_residual(ws);
  }

  void tangent(Workspace<S>& ws) const override {
    const ConstMatrixMap<S> residual = ws.x(residual_);
    for (Index t = 0; t < ws.directions(); ++t)
      if (ws.dot_active(y(), t))
        ws.sink_dot(this->output(), t)(residual.cwiseProduct(ws.x_dot(y(), t)).colwise().sum());
  }

  void reverse(Workspace<S>& ws) const override {
    if (!ws.wants_bar(y())) return;
    const ConstMatrixMap<S> weight = ws.x_bar(this->output());
    ws.sink_bar(y())(ws.x(residual_).cwiseProduct(on_top_of_itself(weight, ws.x(y()).rows())));
  }

  // J' l_bar_dot + l_bar V y_dot. A loss keeps its K under Curvature::gauss_newton.
  void reverse_tangent(Workspace<S>& ws, Curvature) const override {
    if (!ws.wants_bar_dot(y())) return;
    const Index rows = ws.x(y()).rows();
    for (Index t = 0; t < ws.directions(); ++t) {
      if (ws.bar_active(this->output()) && ws.dot_active(y(), t)) {
        Sink<S> put = ws.sink_bar_dot(y(), t);
        Family::add_variance(
            ws.x(mean_), ws.x_dot(y(), t), ws.x_bar(this->output()), put.cleared());
      }
      if (ws.bar_dot_active(this->output(), t))
        ws.sink_bar_dot(y(), t)(
            ws.x(residual_).cwiseProduct(on_top_of_itself(ws.x_bar_dot(this->output(), t), rows)));
    }
  }

 private:
  SlotId y() const { return this->input(0); }
  /// mu(y), and for a moment mu at the centre in the residual's place.
  void set_means(Workspace<S>& ws) const {
    Family::mean(ws.x(y()), ws.y(mean_));
    if constexpr (kBregman) Family::mean(ws.x(this->input(1)), ws.y(residual_));
  }
  void set_residual(Workspace<S>& ws) const {
    ws.y(residual_) = ws.x(mean_) - ws.x(kBregman ? residual_ : this->input(1));
  }
  SlotId residual_, mean_;
};

template <class S>
class L2Penalty final : public Op<S> {
 public:
  L2Penalty(SlotId x, SlotId y) : Op<S>({x}, y) {}
  const char* name() const override { return "l2_penalty"; }
  bool is_loss() const override { return true; }
  void forward(Workspace<S>& ws) const override {
    const ConstMatrixMap<S> x = ws.x(in());
    ws.y(this->output())(0, 0) = S(0.5) * x.cwiseProduct(x).sum();
  }
  void tangent(Workspace<S>& ws) const override {
    for (Index t = 0; t < ws.directions(); ++t)
      if (ws.dot_active(in(), t))
        ws.sink_dot(this->output(), t).scalar(ws.x(in()).cwiseProduct(ws.x_dot(in(), t)).sum());
  }
  void reverse(Workspace<S>& ws) const override {
    if (ws.wants_bar(in())) ws.sink_bar(in())(ws.x_bar(this->output())(0, 0) * ws.x(in()));
  }
  void reverse_tangent(Workspace<S>& ws, Curvature) const override {
    if (!ws.wants_bar_dot(in())) return;
    for (Index t = 0; t < ws.directions(); ++t) {
      if (ws.bar_dot_active(this->output(), t))
        ws.sink_bar_dot(in(), t)(ws.x_bar_dot(this->output(), t)(0, 0) * ws.x(in()));
      if (ws.bar_active(this->output()) && ws.dot_active(in(), t))
        ws.sink_bar_dot(in(), t)(ws.x_bar(this->output())(0, 0) * ws.x_dot(in(), t));
    }
  }

 private:
  SlotId in() const { return this->input(0); }
};

// y = x - logsumexp(x), p = e^y.  J v = v - 1 p'v;  J' u = u - p 1'u;
// K(u) v = -(1'u)(p*v - p p'v).
template <class S>
class LogSoftmax final : public Op<S> {
 public:
  LogSoftmax(SlotId x, SlotId y, SlotId p) : Op<S>({x}, y), p_(p) {}
  const char* name() const override { return "log_softmax"; }
  void forward(Workspace<S>& ws) const override {
    const ConstMatrixMap<S> x = ws.x(in());
    MatrixMap<S> y = ws.y(this->output());
    for (Index n = 0; n < x.cols(); ++n)
      y.col(n) = (x.col(n).array() - Softmax<S>::log_sum_exp(x.col(n))).matrix();
    vmath::exp(y.data(), ws.y(p_).data(), y.size());
  }
  void tangent(Workspace<S>& ws) const override {
    const ConstMatrixMap<S> p = ws.x(p_);
    for (Index t = 0; t < ws.directions(); ++t)
      if (ws.dot_active(in(), t)) {
        const ConstMatrixMap<S> v = ws.x_dot(in(), t);
        ws.sink_dot(this->output(),
                    t)(v - p.cwiseProduct(v).colwise().sum().replicate(v.rows(), 1));
      }
  }
  void reverse(Workspace<S>& ws) const override {
    if (ws.wants_bar(in())) ws.sink_bar(in())(transposed(ws.x(p_), ws.x_bar(this->output())));
  }
  void reverse_tangent(Workspace<S>& ws, Curvature curvature) const override {
    if (!ws.wants_bar_dot(in())) return;
    const ConstMatrixMap<S> p = ws.x(p_);
    for (Index t = 0; t < ws.directions(); ++t) {
      if (ws.bar_dot_active(this->output(), t))
        ws.sink_bar_dot(in(), t)(transposed(p, ws.x_bar_dot(this->output(), t)));
      if (curvature == Curvature::full && ws.bar_active(this->output()) && ws.dot_active(in(), t))
        add_curve(
            p, ws.x_bar(this->output()), ws.x_dot(in(), t), ws.sink_bar_dot(in(), t).cleared());
    }
  }

 private:
  SlotId in() const { return this->input(0); }
  static auto transposed(const ConstMatrixMap<S>& p, const ConstMatrixMap<S>& u) {
    return u - p.cwiseProduct(u.colwise().sum().replicate(u.rows(), 1));
  }
  static void add_curve(const ConstMatrixMap<S>& p,
                        const ConstMatrixMap<S>& u,
                        const ConstMatrixMap<S>& v,
                        MatrixMap<S>& out) {
    for (Index n = 0; n < p.cols(); ++n) {
      const S mean = p.col(n).cwiseProduct(v.col(n)).sum(), total = u.col(n).sum();
      out.col(n).array() -= total * p.col(n).array() * (v.col(n).array() - mean);
    }
  }
  SlotId p_;
};

template <template <class> class Family, bool kBregman, class S>
SlotId record_loss(Recorder<S>& r, SlotId y, SlotId reference) {
  using F = Family<S>;
  const char* name = kBregman ? F::kBregman : F::kLoss;
  const Slot s = r.slot(y);
  r.require(
      r.slot(reference).rows == s.rows && r.slot(reference).cols == s.cols,
      name,
      fmt::format("shapes, expected equal, got outputs {} and {}", r.shape(y), r.shape(reference)));
  r.require(!r.needs_gradient(reference), name, "targets must not depend on parameters");
  const SlotId losses = r.value(1, s.cols, s.needs_gradient);
  const SlotId residual = r.value(s.rows, s.cols, false);
  const SlotId mean = r.value(s.rows, s.cols, false);
  return r.append(
      std::make_unique<OutputLoss<F, kBregman, S>>(y, reference, losses, residual, mean));
}

}  // namespace

template <class S>
SlotId half_squared_error(Recorder<S>& r, SlotId y, SlotId target) {
  return record_loss<Identity, false>(r, y, target);
}
template <class S>
SlotId binary_cross_entropy(Recorder<S>& r, SlotId y, SlotId target) {
  return record_loss<Bernoulli, false>(r, y, target);
}
template <class S>
SlotId cross_entropy(Recorder<S>& r, SlotId y, SlotId target) {
  return record_loss<Softmax, false>(r, y, target);
}
template <class S>
SlotId bregman_half_squared_error(Recorder<S>& r, SlotId y, SlotId centre) {
  return record_loss<Identity, true>(r, y, centre);
}
template <class S>
SlotId bregman_binary_cross_entropy(Recorder<S>& r, SlotId y, SlotId centre) {
  return record_loss<Bernoulli, true>(r, y, centre);
}
template <class S>
SlotId bregman_cross_entropy(Recorder<S>& r, SlotId y, SlotId centre) {
  return record_loss<Softmax, true>(r, y, centre);
}

template <class S>
SlotId l2_penalty(Recorder<S>& r, SlotId x) {
  return r.append(std::make_unique<L2Penalty<S>>(x, r.value(1, 1, r.needs_gradient(x))));
}

template <class S>
SlotId log_softmax(Recorder<S>& r, SlotId x) {
  const Slot s = r.slot(x);
  const SlotId y = r.value(s.rows, s.cols, s.needs_gradient);
  const SlotId p = r.value(s.rows, s.cols, false);
  return r.append(std::make_unique<LogSoftmax<S>>(x, y, p));
}

#define LEAVEOUT_INSTANTIATE(S)                                               \
  template SlotId half_squared_error(Recorder<S>&, SlotId, SlotId);           \
  template SlotId binary_cross_entropy(Recorder<S>&, SlotId, SlotId);         \
  template SlotId cross_entropy(Recorder<S>&, SlotId, SlotId);                \
  template SlotId bregman_half_squared_error(Recorder<S>&, SlotId, SlotId);   \
  template SlotId bregman_binary_cross_entropy(Recorder<S>&, SlotId, SlotId); \
  template SlotId bregman_cross_entropy(Recorder<S>&, SlotId, SlotId);        \
  template SlotId l2_penalty(Recorder<S>&, SlotId);                           \
  template SlotId log_softmax(Recorder<S>&, SlotId);
LEAVEOUT_INSTANTIATE(float)
LEAVEOUT_INSTANTIATE(double)
LEAVEOUT_INSTANTIATE(std::complex<double>)
#undef LEAVEOUT_INSTANTIATE

}  // namespace leaveout
