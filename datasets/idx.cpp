// SPDX-License-Identifier: MIT
#include "datasets/idx.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <stdexcept>

#include "datasets/gzip.h"
#include "datasets/sha256.h"
#include "datasets/text.h"

namespace leaveout {

namespace {

constexpr std::uint32_t kImagesMagic = 0x00000803;  // unsigned bytes in three dimensions
constexpr std::uint32_t kLabelsMagic = 0x00000801;  // unsigned bytes in one

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw std::invalid_argument(fmt::format("[idx] {}: {}", printable(path, kWholeText), why));
}

/// The 32-bit number at a place that is there.
std::uint32_t word(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

/// The numbers after the magic one, `dimensions` of them.
std::vector<std::uint64_t> read_header(std::string_view bytes,
                                       std::uint32_t magic,
                                       std::size_t dimensions,
                                       const char* what,
                                       const std::string& path) {
  const std::size_t length = 4 + 4 * dimensions;
  if (bytes.size() >= 4 && word(bytes, 0) != magic)
    refuse(path,
           fmt::format("begins with {:08x} where a file of {} has {:08x}; give the file of {}, as "
                       "it is or as .gz",
                       word(bytes, 0),
                       what,
                       magic,
                       what));
  if (bytes.size() < length)
    refuse(path,
           fmt::format("{} bytes, which ends within the header of {} bytes; fetch the file again",
                       bytes.size(),
                       length));
  std::vector<std::uint64_t> numbers;
  for (std::size_t i = 1; i <= dimensions; ++i) numbers.push_back(word(bytes, 4 * i));
  return numbers;
}

/// That `count` items of `size` > 0 bytes are what follows the header, no more and no less. The
/// product of what a damaged header says may not fit in any integer, so nothing is multiplied
/// before it is known to be small.
void require_items(std::uint64_t length,
                   std::uint64_t count,
                   std::uint64_t size,
                   const char* what,
                   const std::string& path) {
  if (length / size < count)
    refuse(path,
           fmt::format("the header says {} {} of {} bytes each, the file ends after {}; fetch the "
                       "file again",
                       count,
                       what,
                       size,
                       length / size));
  if (length > count * size)
    refuse(path,
           fmt::format("{} bytes follow the {} {} of the header; fetch the file again",
                       length - count * size,
                       count,
                       what));
}

}  // namespace

std::vector<std::string> fashion_classes() {
  return {"t-shirt",
          "trouser",
          "pullover",
          "dress",
          "coat",
          "sandal",
          "shirt",
          "sneaker",
          "bag",
          "ankle boot"};
}

ByteImages parse_idx(std::string images,
                     std::string_view labels,
                     const std::string& images_path,
                     const std::string& labels_path,
                     Eigen::Index classes) {
  const auto header = read_header(images, kImagesMagic, 3, "images", images_path);
  const std::uint64_t count = header[0], height = header[1], width = header[2];
  if (count == 0) refuse(images_path, "no images; give a file with one or more");
  if (height == 0 || width == 0)
    refuse(images_path,
           fmt::format("images of {} x {} pixels; fetch the file again", height, width));
  require_items(images.size() - 16, count, height * width, "images", images_path);
  const std::uint64_t named = read_header(labels, kLabelsMagic, 1, "labels", labels_path)[0];
  labels.remove_prefix(8);
  require_items(labels.size(), named, 1, "labels", labels_path);
  if (named != count)
    refuse(labels_path,
           fmt::format("{} labels for the {} images of '{}'; give the two files of one set",
                       named,
                       count,
                       printable(images_path, kWholeText)));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const int label = static_cast<unsigned char>(labels[i]);
    if (label >= classes)
      refuse(
          labels_path,
          fmt::format("label {} of row {} is outside of 0 to {}; give the labels of these images",
                      label,
                      i,
                      classes - 1));
  }
  images.erase(0, 16);
  return {{1, static_cast<Eigen::Index>(height), static_cast<Eigen::Index>(width), kBrightestByte},
          std::move(images),
          std::string(labels)};
}

Dataset read_idx(const std::string& images_path,
                 const std::string& labels_path,
                 const std::vector<std::string>& class_names) {
  std::string pixels = read_payload(images_path, "idx");
  std::string hash = sha256(pixels);
  const ByteImages images =
      parse_idx(std::move(pixels),
                read_payload(labels_path, "idx"),
                images_path,
                labels_path,
                class_names.empty() ? 256 : static_cast<Eigen::Index>(class_names.size()));
  std::vector<std::string> names = class_names;
  if (names.empty()) {
    const auto below = [](char a, char b) {
      return static_cast<unsigned char>(a) < static_cast<unsigned char>(b);
    };
    const char largest = *std::max_element(images.labels.begin(), images.labels.end(), below);
    names = numbered_classes(static_cast<unsigned char>(largest) + 1);
  }
  if (names.size() < 2) refuse(labels_path, "one class only; give labels of two or more");
  Dataset dataset = dataset_of(images, names);
  dataset.name = std::filesystem::path(images_path).stem().string();
  dataset.provenance = {images_path, "the file's owner's", std::move(hash)};
  return dataset;
}

}  // namespace leaveout
