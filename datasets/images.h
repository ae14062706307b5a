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
//   Dataset pixels = reconstruction_of(load_dataset("digits"));    // task reconstruction
//   Dataset others = reconstruction_of(query, train);              // by the range of `train`
//   train.image = parse_image_size("3x32x32");                     // channels x height x width

#include <string>

#include "datasets/dataset.h"

namespace leaveout {

/// "8x8" (height x width) or "3x32x32" (channels x height x width).
/// Throws std::invalid_argument for any other text.
ImageSize parse_image_size(const std::string& text);

/// The data set `dataset` with its inputs within [0, 1], and these as its targets; labels are gone.
/// The range is that of `range`. Throws std::invalid_argument for a value outside of it, for inputs
/// that are not as many as those of `range`, and for an empty `range`.
Dataset reconstruction_of(const Dataset& dataset, const Dataset& range);

/// The same by the data's own range.
Dataset reconstruction_of(const Dataset& dataset);

}  // namespace leaveout
