// SPDX-License-Identifier: MIT
#pragma once

// Images as columns, and data whose targets are their inputs.
//
// Law of a reconstruction: with low and high the ends of the range of values, x' = (x - low) /
// (high - low) lies within [0, 1], and the targets are x'. The range is
//   images with a known maximum (digits: 16)   0 to that maximum, for all pixels
//   other images                               the smallest to the largest value of all pixels
//   no images                                  each feature's own smallest to largest value
// A range of one value is shifted to 0 and not scaled.
//
// Law of downsampling: a pixel is the mean of a block of factor x factor pixels, channel by
// channel, so the mean of each image is kept.
//
//   Dataset pixels = reconstruction_of(load_dataset("digits"));    // task reconstruction
//   Dataset others = reconstruction_of(query, train);              // by the range of `train`
//   train.image = parse_image_size("3x32x32");                     // channels x height x width
//   train.image.maximum = 255;                                     // 8-bit pixels
//   Dataset small = downsample(load_dataset("digits"), 2);         // 4 x 4 pixels

#include <string>
#include <vector>

#include "datasets/dataset.h"

namespace leaveout {

/// "8x8" (height x width) or "3x32x32" (channels x height x width).
/// Throws std::invalid_argument for any other text.
ImageSize parse_image_size(const std::string& text);

/// A name for each pixel and channel in the order of a column: "pRC" in images of up to 10 x 10,
/// "pR_C" in larger ones; "_r", "_g" and "_b" follow where there are three channels, "_0", "_1",
/// ... where there are two or more than three.
std::vector<std::string> pixel_names(const ImageSize& image);

/// The size of an image whose blocks of factor x factor pixels have become one. Throws
/// std::invalid_argument for no image and for a factor that does not divide height and width.
ImageSize downsampled_size(const ImageSize& image, Eigen::Index factor);

/// One image with each block of factor x factor pixels replaced by its mean. `pixels` has
/// image.size() values, the result downsampled_size(image, factor).size().
Eigen::VectorXd downsampled(const Eigen::VectorXd& pixels,
                            const ImageSize& image,
                            Eigen::Index factor);

/// A data set of images with every image downsampled; of a reconstruction, the targets too.
/// Throws std::invalid_argument for data that are no images and for a factor that does not divide
/// height and width.
Dataset downsample(const Dataset& dataset, Eigen::Index factor);

/// The data set `dataset` with its inputs within [0, 1], and these as its targets; labels are gone.
/// The range is that of `range`, whose image.maximum counts if it is above 0: a caller sets it to
/// 255 for 8-bit pixels. Throws std::invalid_argument for a value outside of the range, for inputs
/// that are not as many as those of `range`, and for an empty `range`.
Dataset reconstruction_of(const Dataset& dataset, const Dataset& range);

/// The same by the data's own range.
Dataset reconstruction_of(const Dataset& dataset);

}  // namespace leaveout
