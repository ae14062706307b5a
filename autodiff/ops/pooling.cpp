// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "autodiff/families.h"
#include "autodiff/ops/convolution.h"
#include "autodiff/ops/windows.h"

namespace leaveout {

namespace {

/// What both poolings share: rows of the first numbers of the squares' top left pixels, and how far
/// the others lie behind, row by row. A pixel is `channels` numbers.
struct Squares {
  Squares(const ImageShape& image, const Window& w) : channels(image.channels) {
    const ImageShape out = w.over(image, 1);
    for (Index y = 0; y < out.height; ++y)
      for (Index x = 0; x < out.width; ++x)
        corners.push_back(channels * w.stride * (x + image.width * y));
    for (Index ky = 0; ky < w.size; ++ky)
      for (Index kx = 0; kx < w.size; ++kx) steps.push_back(channels * (kx + image.width * ky));
  }
  /// Calls body(first number of the result's pixel, of the square's top left pixel).
  template <class Body>
  void for_each(Body&& body) const {
    for (std::size_t i = 0; i < corners.size(); ++i)
      body(static_cast<Index>(i) * channels, corners[i]);
  }
  Index channels;
  std::vector<Index> corners, steps;
};

template <class S>
class AvgPool final : public LinearOp<AvgPool<S>, S> {
  using Real = typename Eigen::NumTraits<S>::Real;

 public:
  AvgPool(SlotId x, SlotId y, const ImageShape& image, const Window& w)
      : LinearOp<AvgPool<S>, S>({x}, y),
        squares_(image, w),
        share_(1 / static_cast<Real>(w.size * w.size)) {}
  const char* name() const override { return "avg_pool"; }
  void apply(int, const ConstMatrixMap<S>& x, Sink<S>& put) const {
    MatrixMap<S>& y = put.cleared();
    for (Index n = 0; n < x.cols(); ++n)
      squares_.for_each([&](Index out, Index corner) {
        for (const Index step : squares_.steps)
          for (Index c = 0; c < squares_.channels; ++c)
            y(out + c, n) += share_ * x(corner + step + c, n);
      });
  }
  void apply_transpose(int, const ConstMatrixMap<S>& y_bar, Sink<S>& put) const {
    MatrixMap<S>& x_bar = put.cleared();
    for (Index n = 0; n < y_bar.cols(); ++n)
      squares_.for_each([&](Index out, Index corner) {
        for (const Index step : squares_.steps)
          for (Index c = 0; c < squares_.channels; ++c)
            x_bar(corner + step + c, n) += share_ * y_bar(out + c, n);
      });
  }

 private:
  Squares squares_;
  Real share_;
};

/// Linear, given which pixel is the largest: forward keeps its row in a slot of its own.
template <class S>
class MaxPool final : public Op<S> {
 public:
  MaxPool(SlotId x, SlotId y, SlotId chosen, const ImageShape& image, const Window& w)
      : Op<S>({x}, y), chosen_(chosen), squares_(image, w) {}
  const char* name() const override { return "max_pool"; }

  void forward(Workspace<S>& ws) const override {
    const ConstMatrixMap<S> x = ws.x(in());
    MatrixMap<S> y = ws.y(this->output()), chosen = ws.y(chosen_);
    for (Index n = 0; n < x.cols(); ++n)
      squares_.for_each([&](Index out, Index corner) {
        const S* const pixels = x.data() + n * x.rows() + corner;
        S *const best = &y(out, n), *const at = &chosen(out, n);
        for (Index c = 0; c < squares_.channels; ++c) {
          best[c] = pixels[c];
          at[c] = S(static_cast<double>(corner + c));
        }
        for (std::size_t k = 1; k < squares_.steps.size(); ++k)
          larger(pixels + squares_.steps[k], corner + squares_.steps[k], best, at);
      });
  }
  void tangent(Workspace<S>& ws) const override {
    for (Index t = 0; t < ws.directions(); ++t)
      if (ws.dot_active(in(), t)) {
        Sink<S> put = ws.sink_dot(this->output(), t);
        MatrixMap<S>& y_dot = put.cleared();
        const ConstMatrixMap<S> x_dot = ws.x_dot(in(), t);
        for_each_choice(ws, [&](Index out, Index in, Index n) { y_dot(out, n) += x_dot(in, n); });
      }
  }
  void reverse(Workspace<S>& ws) const override {
    if (ws.wants_bar(in())) scatter(ws, ws.x_bar(this->output()), ws.sink_bar(in()));
  }
  void reverse_tangent(Workspace<S>& ws, Curvature) const override {
    if (!ws.wants_bar_dot(in())) return;
    for (Index t = 0; t < ws.directions(); ++t)
      if (ws.bar_dot_active(this->output(), t))
        scatter(ws, ws.x_bar_dot(this->output(), t), ws.sink_bar_dot(in(), t));
  }

 private:
  SlotId in() const { return this->input(0); }
  /// Channel by channel the larger of two pixels, and its row. NaN is taken, and kept: it is not at
  /// most anything. Written without branches, for the vector unit.
  void larger(const S* pixel, Index row, S* best, S* at) const {
    for (Index c = 0; c < squares_.channels; ++c) {
      const bool take =
          !(real_part(pixel[c]) <= real_part(best[c])) && real_part(best[c]) == real_part(best[c]);
      best[c] = take ? pixel[c] : best[c];
      at[c] = take ? S(static_cast<double>(row + c)) : at[c];
    }
  }
  template <class Body>
  void for_each_choice(const Workspace<S>& ws, Body&& body) const {
    const ConstMatrixMap<S> chosen = ws.x(chosen_);
    for (Index n = 0; n < chosen.cols(); ++n)
      for (Index out = 0; out < chosen.rows(); ++out)
        body(out, static_cast<Index>(real_part(chosen(out, n))), n);
  }
  void scatter(const Workspace<S>& ws, const ConstMatrixMap<S>& y_bar, Sink<S> put) const {
    MatrixMap<S>& x_bar = put.cleared();
    for_each_choice(ws, [&](Index out, Index in, Index n) { x_bar(in, n) += y_bar(out, n); });
  }
  SlotId chosen_;  // (out x batch), row of x
  Squares squares_;
};

template <class S>
void require_pool(
    const Recorder<S>& r, const char* op, SlotId x, const ImageShape& image, const Window& w) {
  require_window(r, op, x, image, w);
  r.require(w.padding == 0, op, fmt::format("window, expected no padding, got {}", w.padding));
}

}  // namespace

template <class S>
SlotId max_pool(Recorder<S>& r, SlotId x, const ImageShape& image, const Window& window) {
  require_pool(r, "max_pool", x, image, window);
  const Index out = window.over(image, image.channels).size();
  const SlotId y = r.value(out, r.slot(x).cols, r.needs_gradient(x));
  const SlotId chosen = r.value(out, r.slot(x).cols, false);
  return r.append(std::make_unique<MaxPool<S>>(x, y, chosen, image, window));
}

template <class S>
SlotId avg_pool(Recorder<S>& r, SlotId x, const ImageShape& image, const Window& window) {
  require_pool(r, "avg_pool", x, image, window);
  const Index out = window.over(image, image.channels).size();
  const SlotId y = r.value(out, r.slot(x).cols, r.needs_gradient(x));
  return r.append(std::make_unique<AvgPool<S>>(x, y, image, window));
}

#define LEAVEOUT_INSTANTIATE(S)                                                     \
  template SlotId max_pool(Recorder<S>&, SlotId, const ImageShape&, const Window&); \
  template SlotId avg_pool(Recorder<S>&, SlotId, const ImageShape&, const Window&);
LEAVEOUT_INSTANTIATE(float)
LEAVEOUT_INSTANTIATE(double)
LEAVEOUT_INSTANTIATE(std::complex<double>)
#undef LEAVEOUT_INSTANTIATE

}  // namespace leaveout
