// SPDX-License-Identifier: MIT
#include "autodiff/ops/convolution.h"

#include <fmt/format.h>

#include "autodiff/families.h"
#include "autodiff/ops/bilinear.h"
#include "autodiff/ops/linear.h"
#include "autodiff/ops/windows.h"

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

#define LEAVEOUT_INSTANTIATE(S)                                                                   \
  template SlotId im2col(Recorder<S>&, SlotId, const ImageShape&, const Window&);                 \
  template SlotId col2im(Recorder<S>&, SlotId, const ImageShape&, const Window&);                 \
  template SlotId conv2d(Recorder<S>&, SlotId, SlotId, SlotId, const ImageShape&, const Window&); \
  template SlotId conv2d_transpose(                                                               \
      Recorder<S>&, SlotId, SlotId, SlotId, const ImageShape&, const Window&);
LEAVEOUT_INSTANTIATE(float)
LEAVEOUT_INSTANTIATE(double)
LEAVEOUT_INSTANTIATE(std::complex<double>)
#undef LEAVEOUT_INSTANTIATE

}  // namespace leaveout
