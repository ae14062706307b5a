// SPDX-License-Identifier: MIT
#pragma once
// What convolutions and poolings ask of their windows, while they are recorded.
//
//   require_window(r, "im2col", x, image, window);      // throws "[im2col] what, expected, got"

#include <fmt/format.h>

#include "autodiff/ops/convolution.h"

namespace leaveout {

/// "3 x 28 x 28".
inline std::string text(const ImageShape& s) {
  return fmt::format("{} x {} x {}", s.channels, s.height, s.width);
}

/// Throws std::invalid_argument unless `w` fits into `image`, and the image into x (x >= 0).
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

}  // namespace leaveout
