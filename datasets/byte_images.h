// SPDX-License-Identifier: MIT
#pragma once

// Images of 8-bit pixels with labels, as they lie in files. A data set of 60000 images of 28 x 28
// is 47 MB of bytes and 376 MB of doubles: examples become doubles when they are chosen, and not
// before.
//
//   ByteImages images = parse_idx(pixels, labels, "images", "labels");
//   Dataset some = dataset_of(images, {"no", "yes"}, {7, 1, 4});       // three of them
//   Dataset small = dataset_of(images, {"no", "yes"}, {7, 1, 4}, 2);   // downsampled by 2

#include <string>
#include <vector>

#include "datasets/dataset.h"

namespace leaveout {

/// The brightest 8-bit pixel.
inline constexpr double kBrightestByte = 255;

struct ByteImages {
  ImageSize image;     ///< of each example
  std::string pixels;  // (features x examples), a byte each: an image's pixels side by side
  std::string labels;  // (examples), a byte each

  Eigen::Index size() const { return static_cast<Eigen::Index>(labels.size()); }
};

/// Names for `classes` classes without names: "0", "1", ...
std::vector<std::string> numbered_classes(Eigen::Index classes);

/// The examples `rows`, in that order, as a data set of the task multiclass, or binary where there
/// are two classes, whose images are downsampled by `factor` (see `downsample` in images.h). Labels
/// are indices into `class_names`, each of them below its size (the readers see to it). Throws
/// std::invalid_argument for a factor that does not divide the image and a row there is not.
Dataset dataset_of(const ByteImages& images,
                   const std::vector<std::string>& class_names,
                   const std::vector<Eigen::Index>& rows,
                   Eigen::Index factor = 1);

/// All examples, in the order of the file.
Dataset dataset_of(const ByteImages& images, const std::vector<std::string>& class_names);

}  // namespace leaveout
