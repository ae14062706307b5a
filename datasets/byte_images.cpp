// SPDX-License-Identifier: MIT
#include "datasets/byte_images.h"

#include <fmt/format.h>

#include <cassert>
#include <numeric>
#include <stdexcept>

#include "datasets/images.h"

namespace leaveout {

namespace {

unsigned char byte_at(const std::string& bytes, Eigen::Index i) {
  return static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
}

Eigen::VectorXd pixels_of(const ByteImages& images, Eigen::Index row) {
  const Eigen::Index features = images.image.size();
  Eigen::VectorXd pixels(features);
  for (Eigen::Index i = 0; i < features; ++i)
    pixels(i) = byte_at(images.pixels, row * features + i);
  return pixels;
}

}  // namespace

std::vector<std::string> numbered_classes(Eigen::Index classes) {
  std::vector<std::string> names;
  for (Eigen::Index i = 0; i < classes; ++i) names.push_back(fmt::format("{}", i));
  return names;
}

Dataset dataset_of(const ByteImages& images,
                   const std::vector<std::string>& class_names,
                   const std::vector<Eigen::Index>& rows,
                   Eigen::Index factor) {
  assert(class_names.size() > 1);
  Dataset dataset;
  dataset.image = downsampled_size(images.image, factor);
  dataset.task = class_names.size() == 2 ? Task::binary : Task::multiclass;
  dataset.class_names = class_names;
  dataset.target_name = "class";
  dataset.feature_names = pixel_names(dataset.image);
  const auto count = static_cast<Eigen::Index>(rows.size());
  const auto classes = static_cast<Eigen::Index>(class_names.size());
  dataset.inputs.resize(dataset.image.size(), count);
  dataset.targets.setZero(dataset.task == Task::binary ? 1 : classes, count);
  for (Eigen::Index n = 0; n < count; ++n) {
    const Eigen::Index row = rows[static_cast<std::size_t>(n)];
    if (row < 0 || row >= images.size())
      throw std::invalid_argument(
          fmt::format("[images] row {} is outside the file, which has rows 0 to {}: choose rows of "
                      "the file",
                      row,
                      images.size() - 1));
    dataset.inputs.col(n) = downsampled(pixels_of(images, row), images.image, factor);
    const Eigen::Index label = byte_at(images.labels, row);
    assert(label < classes);
    if (dataset.task == Task::binary)
      dataset.targets(0, n) = static_cast<double>(label);
    else
      dataset.targets(label, n) = 1;
  }
  return dataset;
}

Dataset dataset_of(const ByteImages& images, const std::vector<std::string>& class_names) {
  std::vector<Eigen::Index> rows(static_cast<std::size_t>(images.size()));
  std::iota(rows.begin(), rows.end(), Eigen::Index{0});
  return dataset_of(images, class_names, rows);
}

}  // namespace leaveout
