// SPDX-License-Identifier: MIT
#include "datasets/cifar10.h"

#include <fmt/format.h>

#include <filesystem>
#include <stdexcept>

#include "datasets/gzip.h"
#include "datasets/sha256.h"
#include "datasets/text.h"

namespace leaveout {

namespace {

constexpr std::size_t kPlane = 32 * 32;
constexpr std::size_t kChannels = 3;
constexpr std::size_t kRecord = 1 + kChannels * kPlane;

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw std::invalid_argument(fmt::format("[cifar10] {}: {}", printable(path, kWholeText), why));
}

/// That the payload is whole records with labels of 0 to 9.
void require_records(std::string_view payload, const std::string& path) {
  if (payload.empty()) refuse(path, "the file is empty; fetch it again");
  if (payload.size() % kRecord != 0)
    refuse(path,
           fmt::format("{} bytes, which is {} more than {} records of {}; give a .bin file of the "
                       "binary version, whole",
                       payload.size(),
                       payload.size() % kRecord,
                       payload.size() / kRecord,
                       kRecord));
  for (std::size_t at = 0; at < payload.size(); at += kRecord) {
    const int label = static_cast<unsigned char>(payload[at]);
    if (label > 9)
      refuse(path,
             fmt::format("label {} of record {} is outside of 0 to 9; give a .bin file of the "
                         "binary version of CIFAR-10",
                         label,
                         at / kRecord));
  }
}

}  // namespace

std::vector<std::string> cifar10_classes() {
  return {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};
}

void append_cifar10(std::string_view payload, const std::string& path, ByteImages& images) {
  require_records(payload, path);
  images.image = {kChannels, 32, 32, kBrightestByte};
  const std::size_t count = payload.size() / kRecord;
  images.labels.reserve(images.labels.size() + count);
  images.pixels.reserve(images.pixels.size() + count * kChannels * kPlane);
  for (; !payload.empty(); payload.remove_prefix(kRecord)) {
    images.labels.push_back(payload[0]);
    for (std::size_t p = 0; p < kPlane; ++p)
      for (std::size_t c = 0; c < kChannels; ++c)
        images.pixels.push_back(payload[1 + c * kPlane + p]);
  }
}

Dataset read_cifar10_files(const std::vector<std::string>& paths) {
  if (paths.empty())
    throw std::invalid_argument("[cifar10] no files; name one or more, such as test_batch.bin");
  ByteImages images;
  Sha256 hash;
  for (const std::string& path : paths) {
    const std::string payload = read_payload(path, "cifar10");
    hash.update(payload);
    append_cifar10(payload, path, images);
  }
  Dataset dataset = dataset_of(images, cifar10_classes());
  dataset.name = "cifar10";
  dataset.provenance = {paths.front(), "the file's owner's", hash.finish()};
  return dataset;
}

Dataset read_cifar10(const std::string& folder) {
  std::vector<std::string> paths;
  for (int batch = 1; batch <= 5; ++batch) {
    const auto path = std::filesystem::path(folder) / fmt::format("data_batch_{}.bin", batch);
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(path, ignored))
      refuse(path.string(),
             "this batch is missing, five are the data to train on; unpack the binary version "
             "there, or name the files that there are");
    paths.push_back(path.string());
  }
  return read_cifar10_files(paths);
}

}  // namespace leaveout
