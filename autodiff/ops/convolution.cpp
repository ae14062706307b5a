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

/// The length of all runs, or 0 where padding cuts some of them short or away.
Index full_length(const ImageShape& image, const Window& w) {
  return w.padding == 0 ? image.channels * w.size : 0;
}

/// im2col, or its transpose.
template <class S>
class Patches final : public LinearOp<Patches<S>, S> {
 public:
  Patches(SlotId x, SlotId y, std::vector<Run> runs, Index full_length, bool transposed)
      : LinearOp<Patches<S>, S>({x}, y),
        runs_(std::move(runs)),
        same_length_(full_length),
        transposed_(transposed) {}
  const char* name() const override { return transposed_ ? "col2im" : "im2col"; }
  void apply(int, const ConstMatrixMap<S>& x, Sink<S>& put) const { move(x, put, transposed_); }
  void apply_transpose(int, const ConstMatrixMap<S>& y_bar, Sink<S>& put) const {
    move(y_bar, put, !transposed_);
  }

 private:
  void move(const ConstMatrixMap<S>& from, Sink<S>& put, bool to_image) const {
    // Patches are written once each, so nothing need be cleared where no zeros are left between.
    const bool assign = put.fresh && !to_image && !padded();
    MatrixMap<S>& to = assign ? put.map : put.cleared();
    put.fresh = false;
    switch (same_length_) {  // short runs: a loop that the compiler can unroll
      case 3:
        return add_runs<3>(from, to, to_image, assign);
      case 5:
        return add_runs<5>(from, to, to_image, assign);
      default:
        return add_runs<0>(from, to, to_image, assign);
    }
  }

  template <int kLength>
  void add_runs(const ConstMatrixMap<S>& from, MatrixMap<S>& to, bool to_image, bool assign) const {
    for (Index n = 0; n < from.cols(); ++n) {
      const S* const source = from.data() + n * from.rows();
      S* const target = to.data() + n * to.rows();
      for (const Run& run : runs_) {
        const S* const a = source + (to_image ? run.patch : run.image);
        S* const b = target + (to_image ? run.image : run.patch);
        const Index length = kLength > 0 ? kLength : run.length;
        if (assign)
          for (Index i = 0; i < length; ++i) b[i] = a[i];
        else
          for (Index i = 0; i < length; ++i) b[i] += a[i];
      }
    }
  }

  bool padded() const { return same_length_ == 0; }
  std::vector<Run> runs_;
  Index same_length_;  // of all runs, 0 where padding cuts some short
  bool transposed_;
};

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
 public:
  AvgPool(SlotId x, SlotId y, const ImageShape& image, const Window& w)
      : LinearOp<AvgPool<S>, S>({x}, y),
        squares_(image, w),
        share_(1 / static_cast<double>(w.size * w.size)) {}
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
  double share_;
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
  return r.append(std::make_unique<Patches<S>>(
      x, y, runs_of(image, window), full_length(image, window), false));
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
  return r.append(std::make_unique<Patches<S>>(
      patches, y, runs_of(image, window), full_length(image, window), true));
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
