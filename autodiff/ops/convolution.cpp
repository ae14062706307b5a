// SPDX-License-Identifier: MIT
#include "autodiff/ops/convolution.h"

#include <fmt/format.h>

#include "autodiff/families.h"
#include "autodiff/ops/bilinear.h"
#include "autodiff/ops/linear.h"

namespace leaveout {

namespace {

/// Numbers that lie side by side both in an image and in its patches.
struct Run {
  Index image, patch, length;
};

/// Calls body(oy, ox, ky, first pixel's x, pixels) for each row of each square, cut to the image.
template <class Body>
void for_each_row(const ImageShape& image, const Window& w, Body&& body) {
  const ImageShape out = w.over(image, 1);
  for (Index oy = 0; oy < out.height; ++oy)
    for (Index ox = 0; ox < out.width; ++ox)
      for (Index ky = 0; ky < w.size; ++ky) {
        const Index y = oy * w.stride + ky - w.padding, x = ox * w.stride - w.padding;
        const Index begin = std::max<Index>(x, 0), end = std::min(x + w.size, image.width);
        if (y >= 0 && y < image.height && begin < end) body(oy, ox, ky, begin, end - begin);
      }
}

std::vector<Run> runs_of(const ImageShape& image, const Window& w) {
  const Index c = image.channels, patch = c * w.size * w.size;
  const Index across = w.over(image, 1).width;
  std::vector<Run> runs;
  for_each_row(image, w, [&](Index oy, Index ox, Index ky, Index x, Index pixels) {
    const Index y = oy * w.stride + ky - w.padding, kx = x - (ox * w.stride - w.padding);
    runs.push_back({c * (x + image.width * y),
                    patch * (ox + across * oy) + c * (kx + w.size * ky),
                    c * pixels});
  });
  return runs;
}

/// im2col, or its transpose.
template <class S>
class Patches final : public LinearOp<Patches<S>, S> {
 public:
  Patches(SlotId x, SlotId y, std::vector<Run> runs, bool transposed)
      : LinearOp<Patches<S>, S>({x}, y), runs_(std::move(runs)), transposed_(transposed) {}
  const char* name() const override { return transposed_ ? "col2im" : "im2col"; }
  void apply(int, const ConstMatrixMap<S>& x, Sink<S>& put) const { move(x, put, transposed_); }
  void apply_transpose(int, const ConstMatrixMap<S>& y_bar, Sink<S>& put) const {
    move(y_bar, put, !transposed_);
  }

 private:
  void move(const ConstMatrixMap<S>& from, Sink<S>& put, bool to_image) const {
    MatrixMap<S>& to = put.cleared();
    for (Index n = 0; n < from.cols(); ++n) {
      const S* const source = from.data() + n * from.rows();
      S* const target = to.data() + n * to.rows();
      for (const Run& run : runs_) {
        const S* const a = source + (to_image ? run.patch : run.image);
        S* const b = target + (to_image ? run.image : run.patch);
        for (Index i = 0; i < run.length; ++i) b[i] += a[i];
      }
    }
  }
  std::vector<Run> runs_;
  bool transposed_;
};

/// What both poolings share: rows of C numbers, `in` within the square that `out` stands for.
struct Cell {
  Index in, out;
};

std::vector<Cell> cells_of(const ImageShape& image, const Window& w) {
  const Index c = image.channels, across = w.over(image, 1).width;
  std::vector<Cell> cells;
  for_each_row(image, w, [&](Index oy, Index ox, Index ky, Index x, Index pixels) {
    for (Index i = 0; i < pixels; ++i)
      cells.push_back({c * (x + i + image.width * (oy * w.stride + ky)), c * (ox + across * oy)});
  });
  return cells;
}

template <class S>
class AvgPool final : public LinearOp<AvgPool<S>, S> {
 public:
  AvgPool(SlotId x, SlotId y, const ImageShape& image, const Window& w)
      : LinearOp<AvgPool<S>, S>({x}, y),
        cells_(cells_of(image, w)),
        channels_(image.channels),
        share_(1 / static_cast<double>(w.size * w.size)) {}
  const char* name() const override { return "avg_pool"; }
  void apply(int, const ConstMatrixMap<S>& x, Sink<S>& put) const {
    MatrixMap<S>& y = put.cleared();
    for (Index n = 0; n < x.cols(); ++n)
      for (const Cell& cell : cells_)
        y.col(n).segment(cell.out, channels_) += share_ * x.col(n).segment(cell.in, channels_);
  }
  void apply_transpose(int, const ConstMatrixMap<S>& y_bar, Sink<S>& put) const {
    MatrixMap<S>& x_bar = put.cleared();
    for (Index n = 0; n < y_bar.cols(); ++n)
      for (const Cell& cell : cells_)
        x_bar.col(n).segment(cell.in, channels_) +=
            share_ * y_bar.col(n).segment(cell.out, channels_);
  }

 private:
  std::vector<Cell> cells_;
  Index channels_;
  double share_;
};

/// Linear, given which pixel is the largest: forward keeps its row in a slot of its own.
template <class S>
class MaxPool final : public Op<S> {
 public:
  MaxPool(SlotId x, SlotId y, SlotId chosen, const ImageShape& image, const Window& w)
      : Op<S>({x}, y), chosen_(chosen), cells_(cells_of(image, w)), channels_(image.channels) {}
  const char* name() const override { return "max_pool"; }

  void forward(Workspace<S>& ws) const override {
    const ConstMatrixMap<S> x = ws.x(in());
    MatrixMap<S> y = ws.y(this->output()), chosen = ws.y(chosen_);
    chosen.setConstant(S(-1));
    for (Index n = 0; n < x.cols(); ++n)
      for (const Cell& cell : cells_)
        for (Index c = 0; c < channels_; ++c) {
          const S pixel = x(cell.in + c, n);
          S& best = y(cell.out + c, n);
          const bool first = real_part(chosen(cell.out + c, n)) < 0;
          // NaN is taken, and kept: no comparison with it is true.
          if (!first && !(real_part(pixel) > real_part(best)) && !std::isnan(real_part(pixel)))
            continue;
          best = pixel;
          chosen(cell.out + c, n) = S(static_cast<double>(cell.in + c));
        }
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
  std::vector<Cell> cells_;
  Index channels_;
};

std::string text(const ImageShape& s) {
  return fmt::format("{} x {} x {}", s.channels, s.height, s.width);
}

template <class S>
void require_window(
    const Recorder<S>& r, const char* op, SlotId x, const ImageShape& image, const Window& w) {
  const auto require = [&](bool ok, const std::string& what) { r.require(ok, op, what); };
  require(image.channels > 0 && image.height > 0 && image.width > 0,
          fmt::format("image, expected positive sizes, got {}", text(image)));
  require(
      w.size > 0 && w.stride > 0 && w.padding >= 0,
      fmt::format("window, expected size and stride above zero and no negative padding, got {}, "
                  "{} and {}",
                  w.size,
                  w.stride,
                  w.padding));
  require(w.padding < w.size && image.height + 2 * w.padding >= w.size &&
              image.width + 2 * w.padding >= w.size,
          fmt::format("window, expected at most the padded image {} and more than the padding {}, "
                      "got {} x {}",
                      text(image),
                      w.padding,
                      w.size,
                      w.size));
  if (x >= 0)
    require(r.slot(x).rows == image.size(),
            fmt::format(
                "input, expected {} rows for {}, got {}", image.size(), text(image), r.shape(x)));
}

template <class S>
void require_pool(
    const Recorder<S>& r, const char* op, SlotId x, const ImageShape& image, const Window& w) {
  require_window(r, op, x, image, w);
  r.require(w.padding == 0, op, fmt::format("window, expected no padding, got {}", w.padding));
}

}  // namespace

ImageShape Window::over(const ImageShape& image, Index channels) const {
  return {channels,
          (image.height + 2 * padding - size) / stride + 1,
          (image.width + 2 * padding - size) / stride + 1};
}

template <class S>
SlotId im2col(Recorder<S>& r, SlotId x, const ImageShape& image, const Window& window) {
  require_window(r, "im2col", x, image, window);
  const ImageShape patches = window.over(image, image.channels * window.size * window.size);
  const SlotId y = r.value(patches.size(), r.slot(x).cols, r.needs_gradient(x));
  return r.append(std::make_unique<Patches<S>>(x, y, runs_of(image, window), false));
}

template <class S>
SlotId col2im(Recorder<S>& r, SlotId patches, const ImageShape& image, const Window& window) {
  require_window(r, "col2im", -1, image, window);
  const ImageShape shape = window.over(image, image.channels * window.size * window.size);
  r.require(
      r.slot(patches).rows == shape.size(),
      "col2im",
      fmt::format(
          "patches, expected {} rows for {}, got {}", shape.size(), text(image), r.shape(patches)));
  const SlotId y = r.value(image.size(), r.slot(patches).cols, r.needs_gradient(patches));
  return r.append(std::make_unique<Patches<S>>(patches, y, runs_of(image, window), true));
}

template <class S>
SlotId conv2d(Recorder<S>& r,
              SlotId weight,
              SlotId b,
              SlotId x,
              const ImageShape& image,
              const Window& window) {
  const Index patch = image.channels * window.size * window.size;
  r.require(r.slot(weight).cols == patch,
            "conv2d",
            fmt::format("weight, expected {} columns, got {}", patch, r.shape(weight)));
  const bool pixels = window.size == 1 && window.stride == 1 && window.padding == 0;
  return affine(r, weight, b, pixels ? x : im2col(r, x, image, window));
}

template <class S>
SlotId conv2d_transpose(Recorder<S>& r,
                        SlotId weight,
                        SlotId b,
                        SlotId x,
                        const ImageShape& image,
                        const Window& window) {
  const Index patch = image.channels * window.size * window.size;
  r.require(r.slot(weight).rows == patch,
            "conv2d_transpose",
            fmt::format("weight, expected {} rows, got {}", patch, r.shape(weight)));
  const SlotId y = col2im(r, affine(r, weight, -1, x), image, window);
  return b < 0 ? y : bias(r, y, b);
}

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

#define LEAVEOUT_INSTANTIATE(S)                                                                   \
  template SlotId im2col(Recorder<S>&, SlotId, const ImageShape&, const Window&);                 \
  template SlotId col2im(Recorder<S>&, SlotId, const ImageShape&, const Window&);                 \
  template SlotId conv2d(Recorder<S>&, SlotId, SlotId, SlotId, const ImageShape&, const Window&); \
  template SlotId conv2d_transpose(                                                               \
      Recorder<S>&, SlotId, SlotId, SlotId, const ImageShape&, const Window&);                    \
  template SlotId max_pool(Recorder<S>&, SlotId, const ImageShape&, const Window&);               \
  template SlotId avg_pool(Recorder<S>&, SlotId, const ImageShape&, const Window&);
LEAVEOUT_INSTANTIATE(double)
LEAVEOUT_INSTANTIATE(std::complex<double>)
#undef LEAVEOUT_INSTANTIATE

}  // namespace leaveout
