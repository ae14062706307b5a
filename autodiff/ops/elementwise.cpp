// SPDX-License-Identifier: MIT
#include "autodiff/ops/elementwise.h"

#include <cmath>

#include "autodiff/families.h"
#include "autodiff/vector_math.h"

namespace leaveout {

namespace {

// kKeepsSlope: forward also writes f'(x), because it costs as much as f and every sweep needs it.
// kPiecewiseLinear: f'' = 0 almost everywhere; the curve is never evaluated.

template <class S>
struct Relu final : ElementwiseOp<Relu<S>, S> {
  using Base = ElementwiseOp<Relu<S>, S>;
  using Base::Base;
  using Point = typename Base::Point;
  static constexpr bool kKeepsSlope = false, kPiecewiseLinear = true;
  const char* name() const override { return "relu"; }
  static void value(const S* x, S* y, S*, Index n) {
    // Not "x > 0 ? x : 0", which would turn NaN into 0.
    for (Index i = 0; i < n; ++i) y[i] = real_part(x[i]) <= 0 ? S(0) : x[i];
  }
  static auto slope(const Point& p) { return (p.y.real() > 0).template cast<S>(); }
  static auto curve(const Point& p) { return S(0) * p.y; }
};

template <class S>
struct Tanh final : ElementwiseOp<Tanh<S>, S> {
  using Base = ElementwiseOp<Tanh<S>, S>;
  using Base::Base;
  using Point = typename Base::Point;
  static constexpr bool kKeepsSlope = false, kPiecewiseLinear = false;
  const char* name() const override { return "tanh"; }
  static void value(const S* x, S* y, S*, Index n) { vmath::tanh(x, y, n); }
  static auto slope(const Point& p) { return S(1) - p.y * p.y; }
  static auto curve(const Point& p) { return S(-2) * p.y * (S(1) - p.y * p.y); }
};

template <class S>
struct Sigmoid final : ElementwiseOp<Sigmoid<S>, S> {
  using Base = ElementwiseOp<Sigmoid<S>, S>;
  using Base::Base;
  using Point = typename Base::Point;
  static constexpr bool kKeepsSlope = false, kPiecewiseLinear = false;
  const char* name() const override { return "sigmoid"; }
  static void value(const S* x, S* y, S*, Index n) { vmath::sigmoid(x, y, n); }
  static auto slope(const Point& p) { return p.y * (S(1) - p.y); }
  static auto curve(const Point& p) { return p.y * (S(1) - p.y) * (S(1) - S(2) * p.y); }
};

template <class S>
struct Softplus final : ElementwiseOp<Softplus<S>, S> {
  using Base = ElementwiseOp<Softplus<S>, S>;
  using Base::Base;
  using Point = typename Base::Point;
  static constexpr bool kKeepsSlope = true, kPiecewiseLinear = false;
  const char* name() const override { return "softplus"; }
  static void value(const S* x, S* y, S* kept, Index n) {
    vmath::softplus(x, y, n);
    vmath::sigmoid(x, kept, n);
  }
  static auto slope(const Point& p) { return p.kept; }
  static auto curve(const Point& p) { return p.kept * (S(1) - p.kept); }
};

template <class S>
struct Gelu final : ElementwiseOp<Gelu<S>, S> {
  using Base = ElementwiseOp<Gelu<S>, S>;
  using Base::Base;
  using Point = typename Base::Point;
  static constexpr bool kKeepsSlope = true, kPiecewiseLinear = false;
  const char* name() const override { return "gelu"; }
  // y = x Phi, slope = Phi + x phi: y and kept are used as scratch for Phi and phi first.
  static void value(const S* x, S* y, S* kept, Index n) {
    vmath::normal_cdf(x, y, n);
    vmath::normal_pdf(x, kept, n);
    for (Index i = 0; i < n; ++i) {
      kept[i] = y[i] + x[i] * kept[i];
      y[i] *= x[i];
    }
  }
  static auto slope(const Point& p) { return p.kept; }
  /// (2 - x^2) phi(x)
  static auto curve(const Point& p) {
    const S c = S(1 / std::sqrt(2 * M_PI));
    return (S(2) - p.x * p.x) * (S(-0.5) * p.x * p.x).exp() * c;
  }
};

template <class S>
struct Exp final : ElementwiseOp<Exp<S>, S> {
  using Base = ElementwiseOp<Exp<S>, S>;
  using Base::Base;
  using Point = typename Base::Point;
  static constexpr bool kKeepsSlope = false, kPiecewiseLinear = false;
  const char* name() const override { return "exp"; }
  static void value(const S* x, S* y, S*, Index n) { vmath::exp(x, y, n); }
  static auto slope(const Point& p) { return p.y; }
  static auto curve(const Point& p) { return p.y; }
};

template <class S>
struct Log final : ElementwiseOp<Log<S>, S> {
  using Base = ElementwiseOp<Log<S>, S>;
  using Base::Base;
  using Point = typename Base::Point;
  static constexpr bool kKeepsSlope = false, kPiecewiseLinear = false;
  const char* name() const override { return "log"; }
  static void value(const S* x, S* y, S*, Index n) { vmath::log(x, y, n); }
  static auto slope(const Point& p) { return p.x.inverse(); }
  static auto curve(const Point& p) { return -(p.x * p.x).inverse(); }
};

template <class S>
struct Square final : ElementwiseOp<Square<S>, S> {
  using Base = ElementwiseOp<Square<S>, S>;
  using Base::Base;
  using Point = typename Base::Point;
  static constexpr bool kKeepsSlope = false, kPiecewiseLinear = false;
  const char* name() const override { return "square"; }
  static void value(const S* x, S* y, S*, Index n) {
    for (Index i = 0; i < n; ++i) y[i] = x[i] * x[i];
  }
  static auto slope(const Point& p) { return S(2) * p.x; }
  static auto curve(const Point& p) { return S(2) + S(0) * p.x; }
};

template <class S>
struct Rsqrt final : ElementwiseOp<Rsqrt<S>, S> {
  using Base = ElementwiseOp<Rsqrt<S>, S>;
  using Point = typename Base::Point;
  Rsqrt(SlotId x, SlotId y, SlotId kept, double epsilon)
      : Base(x, y, kept), epsilon_(static_cast<S>(epsilon)) {}
  static constexpr bool kKeepsSlope = false, kPiecewiseLinear = false;
  const char* name() const override { return "rsqrt"; }
  void value(const S* x, S* y, S*, Index n) const {
    using std::sqrt;
    for (Index i = 0; i < n; ++i) y[i] = S(1) / sqrt(x[i] + epsilon_);
  }
  static auto slope(const Point& p) { return S(-0.5) * p.y * p.y * p.y; }
  static auto curve(const Point& p) { return S(0.75) * p.y * p.y * p.y * p.y * p.y; }

 private:
  S epsilon_;
};

template <template <class> class Function, class S, class... Constants>
SlotId record(Recorder<S>& r, SlotId x, Constants... constants) {
  const Slot s = r.slot(x);
  const SlotId y = r.value(s.rows, s.cols, s.needs_gradient);
  const SlotId kept = Function<S>::kKeepsSlope ? r.value(s.rows, s.cols, false) : -1;
  return r.append(std::make_unique<Function<S>>(x, y, kept, constants...));
}

}  // namespace

template <class S>
SlotId relu(Recorder<S>& r, SlotId x) {
  return record<Relu>(r, x);
}
template <class S>
SlotId tanh(Recorder<S>& r, SlotId x) {
  return record<Tanh>(r, x);
}
template <class S>
SlotId sigmoid(Recorder<S>& r, SlotId x) {
  return record<Sigmoid>(r, x);
}
template <class S>
SlotId softplus(Recorder<S>& r, SlotId x) {
  return record<Softplus>(r, x);
}
template <class S>
SlotId gelu(Recorder<S>& r, SlotId x) {
  return record<Gelu>(r, x);
}
template <class S>
SlotId exp(Recorder<S>& r, SlotId x) {
  return record<Exp>(r, x);
}
template <class S>
SlotId log(Recorder<S>& r, SlotId x) {
  return record<Log>(r, x);
}
template <class S>
SlotId square(Recorder<S>& r, SlotId x) {
  return record<Square>(r, x);
}
template <class S>
SlotId rsqrt(Recorder<S>& r, SlotId x, double epsilon) {
  return record<Rsqrt>(r, x, epsilon);
}

#define LEAVEOUT_INSTANTIATE(S)                   \
  template SlotId relu(Recorder<S>&, SlotId);     \
  template SlotId tanh(Recorder<S>&, SlotId);     \
  template SlotId sigmoid(Recorder<S>&, SlotId);  \
  template SlotId softplus(Recorder<S>&, SlotId); \
  template SlotId gelu(Recorder<S>&, SlotId);     \
  template SlotId exp(Recorder<S>&, SlotId);      \
  template SlotId log(Recorder<S>&, SlotId);      \
  template SlotId square(Recorder<S>&, SlotId);   \
  template SlotId rsqrt(Recorder<S>&, SlotId, double);
LEAVEOUT_INSTANTIATE(float)
LEAVEOUT_INSTANTIATE(double)
LEAVEOUT_INSTANTIATE(std::complex<double>)
#undef LEAVEOUT_INSTANTIATE

}  // namespace leaveout
