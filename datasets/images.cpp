// SPDX-License-Identifier: MIT
#include "datasets/images.h"

#include <fmt/format.h>

#include <cassert>
#include <charconv>
#include <cmath>
#include <stdexcept>

#include "datasets/text.h"

namespace leaveout {

namespace {

struct Range {
  Eigen::VectorXd low, high;  // (features)
};

Range range_of(const Dataset& data) {
  const Eigen::Index features = data.features();
  if (data.image.empty())
    return {data.inputs.rowwise().minCoeff(), data.inputs.rowwise().maxCoeff()};
  const bool known = data.image.maximum > 0;
  const double low = known ? 0 : data.inputs.minCoeff();
  const double high = known ? data.image.maximum : data.inputs.maxCoeff();
  return {Eigen::VectorXd::Constant(features, low), Eigen::VectorXd::Constant(features, high)};
}

std::string feature_name(const Dataset& data, Eigen::Index i) {
  const auto index = static_cast<std::size_t>(i);
  return index < data.feature_names.size() ? data.feature_names[index] : fmt::format("{}", i);
}

/// Where `value` lies between `low` and `high`, 0 to 1.
double within(double value, double low, double high) {
  if (!(high > low)) return 0;
  const double width = high - low;
  if (std::isfinite(width)) return (value - low) / width;
  return (value / 2 - low / 2) / (high / 2 - low / 2);  // the ends are too far apart for a double
}

/// Moves the range to [0, 1].
void scale_inputs(const Range& range, Dataset& data) {
  for (Eigen::Index i = 0; i < data.features(); ++i) {
    const double low = range.low(i), high = range.high(i);
    for (Eigen::Index n = 0; n < data.size(); ++n) {
      double& value = data.inputs(i, n);
      if (!(value >= low && value <= high && std::isfinite(value)))
        throw std::invalid_argument(fmt::format(
            "[reconstruction] column '{}' of '{}' holds {} in row {}, outside of {} to {}, the "
            "range that becomes 0 to 1: leave the row out, or train on data that reach as far",
            printable(feature_name(data, i)),
            data.name,
            value,
            n,
            low,
            high));
      value = within(value, low, high);
    }
  }
}

}  // namespace

ImageSize parse_image_size(const std::string& text) {
  std::vector<Eigen::Index> sizes;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  while (at < end && sizes.size() < 4) {
    Eigen::Index size = 0;
    const auto [next, error] = std::from_chars(at, end, size);
    const bool separated = next == end || (*next == 'x' && next + 1 < end);
    if (error != std::errc() || size < 1 || size > 100'000 || !separated) {
      sizes.clear();
      break;
    }
    sizes.push_back(size);
    at = next == end ? end : next + 1;
  }
  if (sizes.size() == 2) sizes.insert(sizes.begin(), 1);
  if (sizes.size() != 3)
    throw std::invalid_argument(
        fmt::format("[image] size, expected HEIGHTxWIDTH or CHANNELSxHEIGHTxWIDTH as in 8x8 or "
                    "3x32x32, got '{}'",
                    printable(text)));
  return {sizes[0], sizes[1], sizes[2]};
}

std::vector<std::string> pixel_names(const ImageSize& image) {
  const char* const between = image.height > 10 || image.width > 10 ? "_" : "";
  const auto channel = [&](Eigen::Index c) -> std::string {
    if (image.channels == 1) return "";
    return image.channels == 3 ? fmt::format("_{}", "rgb"[c]) : fmt::format("_{}", c);
  };
  std::vector<std::string> names;
  for (Eigen::Index row = 0; row < image.height; ++row)
    for (Eigen::Index column = 0; column < image.width; ++column)
      for (Eigen::Index c = 0; c < image.channels; ++c)
        names.push_back(fmt::format("p{}{}{}{}", row, between, column, channel(c)));
  return names;
}

ImageSize downsampled_size(const ImageSize& image, Eigen::Index factor) {
  if (image.empty())
    throw std::invalid_argument(
        "[downsample] the data are no images: use a data set of images, or set the size of the "
        "image that a row is");
  if (factor < 1 || image.height % factor != 0 || image.width % factor != 0)
    throw std::invalid_argument(
        fmt::format("[downsample] factor, expected a number that divides images of {} x {} pixels, "
                    "got {}",
                    image.height,
                    image.width,
                    factor));
  return {image.channels, image.height / factor, image.width / factor, image.maximum};
}

Eigen::VectorXd downsampled(const Eigen::VectorXd& pixels,
                            const ImageSize& image,
                            Eigen::Index factor) {
  assert(pixels.size() == image.size());
  if (factor == 1) return pixels;
  const ImageSize small = downsampled_size(image, factor);
  Eigen::VectorXd means(small.size());
  means.setZero();
  for (Eigen::Index row = 0; row < image.height; ++row)
    for (Eigen::Index column = 0; column < image.width; ++column) {
      const Eigen::Index block = row / factor * small.width + column / factor;
      means.segment(block * image.channels, image.channels) +=
          pixels.segment((row * image.width + column) * image.channels, image.channels);
    }
  return means / static_cast<double>(factor * factor);
}

Dataset downsample(const Dataset& dataset, Eigen::Index factor) {
  const ImageSize small = downsampled_size(dataset.image, factor);
  if (dataset.image.size() != dataset.features())
    throw std::invalid_argument(fmt::format(
        "[downsample] '{}' has {} features and images of {} x {} x {}: give the size of "
        "its images",
        dataset.name,
        dataset.features(),
        dataset.image.channels,
        dataset.image.height,
        dataset.image.width));
  Dataset result = dataset;
  if (factor == 1) return result;
  result.image = small;
  result.feature_names = pixel_names(small);
  result.inputs.resize(small.size(), dataset.size());
  for (Eigen::Index n = 0; n < dataset.size(); ++n)
    result.inputs.col(n) = downsampled(dataset.inputs.col(n), dataset.image, factor);
  if (result.task == Task::reconstruction) result.targets = result.inputs;
  return result;
}

Dataset reconstruction_of(const Dataset& dataset, const Dataset& range) {
  if (range.size() == 0 || range.features() != dataset.features())
    throw std::invalid_argument(
        fmt::format("[reconstruction] '{}' has {} features and '{}', whose range is taken, has {} "
                    "in {} rows: use the same columns, and one row or more",
                    dataset.name,
                    dataset.features(),
                    range.name,
                    range.features(),
                    range.size()));
  Dataset result = dataset;
  scale_inputs(range_of(range), result);
  result.task = Task::reconstruction;
  result.targets = result.inputs;
  result.class_names.clear();
  result.target_name = "inputs";
  if (!result.image.empty()) result.image.maximum = 1;
  return result;
}

Dataset reconstruction_of(const Dataset& dataset) {
  return reconstruction_of(dataset, dataset);
}

}  // namespace leaveout
