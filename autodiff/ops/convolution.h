// SPDX-License-Identifier: MIT
#pragma once
// Convolutions and pooling over images that are columns.
//
// An image of C channels, H rows and W columns is one column of H W C numbers, channels fastest:
//
//   entry(c, y, x) = c + C (x + W y)
//
// so what is left of a network's images is flat already, and a layer that acts on each position is
// an affine layer on short columns. A convolution is that layer on patches:
//
//   im2col   x (C H W x batch)  ->  patches (K positions x batch),  K = C size size,
//            entry c + C (kx + size ky) of a patch is pixel (oy stride + ky - padding,
//            ox stride + kx - padding), zero outside the image; positions in the order of pixels
//   conv2d   z = W patches + b 1' at each position: again an image, of W's rows as channels
//
// im2col is linear, col2im its transpose, and a transposed convolution is col2im(W x). So all
// sweeps, curvature products and per-example gradients of a convolution are the affine layer's.
//
//   const ImageShape image{1, 28, 28};
//   const Window window{.size = 5};
//   SlotId z = conv2d(r, r.parameter(8, 25), r.parameter(8, 1), x, image, window);
//   SlotId h = max_pool(r, relu(r, z), window.over(image, 8), {.size = 2, .stride = 2});

#include "autodiff/program.h"

namespace leaveout {

struct ImageShape {
  Index channels = 0, height = 0, width = 0;
  Index positions() const { return height * width; }
  Index size() const { return channels * positions(); }
  bool operator==(const ImageShape&) const = default;
};

/// Squares of size x size pixels, `stride` apart, over an image with `padding` zeros around it.
struct Window {
  Index size = 1, stride = 1, padding = 0;
  /// The image of `channels` channels with a pixel for each square that fits.
  ImageShape over(const ImageShape& image, Index channels) const;
};

/// (C H W x batch) to (C size size positions x batch).
template <class S>
SlotId im2col(Recorder<S>& r, SlotId x, const ImageShape& image, const Window& window);
/// The transpose: patches are added where they overlap. `image` is the result's shape.
template <class S>
SlotId col2im(Recorder<S>& r, SlotId patches, const ImageShape& image, const Window& window);

/// Convolution of x (C H W x batch) with weight (out x C size size) and bias (out x 1, or -1).
template <class S>
SlotId conv2d(Recorder<S>& r,
              SlotId weight,
              SlotId b,
              SlotId x,
              const ImageShape& image,
              const Window& window);
/// Transposed convolution: from x, an image of as many pixels as `window` has squares over `image`,
/// to `image`. weight (C size size x channels of x), bias (C x 1, or -1).
template <class S>
SlotId conv2d_transpose(Recorder<S>& r,
                        SlotId weight,
                        SlotId b,
                        SlotId x,
                        const ImageShape& image,
                        const Window& window);

/// Largest pixel of each square, channel by channel. Piecewise linear: K = 0 almost everywhere. At
/// a tie the first pixel, row by row, counts alone, and its derivative is taken. No padding.
template <class S>
SlotId max_pool(Recorder<S>& r, SlotId x, const ImageShape& image, const Window& window);
/// Mean of each square, channel by channel. No padding.
template <class S>
SlotId avg_pool(Recorder<S>& r, SlotId x, const ImageShape& image, const Window& window);

}  // namespace leaveout
