// SPDX-License-Identifier: MIT
#include "datasets/images.h"

#include <fmt/format.h>

#include <charconv>
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

/// Moves the range to [0, 1].
void scale_inputs(const Range& range, Dataset& data) {
  for (Eigen::Index i = 0; i < data.features(); ++i) {
    const double low = range.low(i), high = range.high(i);
    for (Eigen::Index n = 0; n < data.size(); ++n) {
      double& value = data.inputs(i, n);
      if (!(value >= low && value <= high))
        throw std::invalid_argument(fmt::format(
            "[reconstruction] column '{}' of '{}' holds {} in row {}, outside of {} to {}, the "
            "range that becomes 0 to 1: leave the row out, or train on data that reach as far",
            printable(feature_name(data, i)),
            data.name,
            value,
            n,
            low,
            high));
      value = high > low ? (value - low) / (high - low) : 0;
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
