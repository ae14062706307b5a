// SPDX-License-Identifier: MIT
// Any bytes end in images of the promised form or in one line of text; the sanitizers see the rest.
#include <doctest/doctest.h>

#include <algorithm>

#include "datasets/cifar10.h"
#include "datasets/gzip.h"
#include "datasets/idx.h"
#include "datasets/random.h"
#include "datasets/text.h"
#include "tests/datasets/gzip_support.h"
#include "tests/datasets/image_files_support.h"
#include "tests/datasets/support.h"

namespace leaveout {

namespace {

using namespace std::string_literals;

constexpr std::uint64_t kSeed = 20240301;
constexpr std::size_t kLargest = 1 << 20;

std::string payload_of(const std::string& bytes) {
  return is_gzip(bytes) ? gunzip(bytes, "fuzz.gz", "idx", kLargest) : bytes;
}

void require_form(const ByteImages& images, const std::vector<std::string>& classes) {
  REQUIRE(images.size() > 0);
  REQUIRE(images.image.size() > 0);
  REQUIRE(images.pixels.size() == static_cast<std::size_t>(images.size() * images.image.size()));
  const Dataset data = dataset_of(images, classes);
  REQUIRE(data.inputs.minCoeff() >= 0);
  REQUIRE(data.inputs.maxCoeff() <= 255);
  REQUIRE((data.targets.colwise().sum().array() == 1.0).all());
  REQUIRE(data.feature_names.size() == static_cast<std::size_t>(data.features()));
}

/// Whether the bytes are a pair of IDX files.
bool idx_survives(const std::string& images, const std::string& labels) {
  bool read = false;
  const std::string message = refusal([&] {
    require_form(parse_idx(payload_of(images), payload_of(labels), "i", "l", 10),
                 numbered_classes(10));
    read = true;
  });
  REQUIRE(read == message.empty());
  require_text(message, "the message");
  return read;
}

/// Whether the bytes are a batch of CIFAR-10.
bool cifar10_survives(const std::string& bytes) {
  bool read = false;
  const std::string message = refusal([&] {
    ByteImages images;
    append_cifar10(payload_of(bytes), "c", images);
    require_form(images, cifar10_classes());
    read = true;
  });
  REQUIRE(read == message.empty());
  require_text(message, "the message");
  return read;
}

/// One to four bytes changed, runs cut out, or pieces put in.
std::string mutated(std::string bytes, Random& random) {
  for (std::uint64_t edits = 1 + random.below(4); edits > 0; --edits) {
    const std::size_t at = random.below(bytes.size());
    switch (random.below(4)) {
      case 0:
        bytes[at] = static_cast<char>(random.below(256));
        break;
      case 1:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
        break;
      case 2:
        bytes.erase(at, 1 + random.below(5));
        break;
      default:
        bytes.insert(at, bytes.substr(random.below(bytes.size()), random.below(30)));
    }
    if (bytes.empty()) bytes.push_back('\0');
  }
  return bytes;
}

const std::string kImages =
    idx_images(3, 2, 2, "\x00\x10\x20\x30\x40\x50\x60\x70\x80\x90\xa0\xff"s);
const std::string kLabels = idx_labels("\x01\x09\x00"s);

}  // namespace

TEST_CASE("random bytes never crash the readers of images") {
  for (std::uint64_t run = 0; run < 3000; ++run) {
    Random random(kSeed, {1, run});
    std::string bytes(random.below(100), '\0');
    for (char& c : bytes) c = static_cast<char>(random.below(256));
    idx_survives(bytes, kLabels);
    idx_survives(kImages, bytes);
    idx_survives("\0\0\x08\x03"s + bytes, "\0\0\x08\x01"s + bytes);
    idx_survives("\x1f\x8b\x08\0"s + bytes, kLabels);
    cifar10_survives(bytes);
    cifar10_survives("\x1f\x8b\x08\0"s + bytes);
  }
}

TEST_CASE("random numbers in the header of an IDX file never crash the reader") {
  int read = 0;
  for (std::uint64_t run = 0; run < 5000; ++run) {
    Random random(kSeed, {2, run});
    const auto number = [&] {  // of every size, small ones every second time
      return static_cast<std::uint32_t>(
          random.below(2) == 0 ? random.below(5) : random.bits() >> (32 + random.below(32)));
    };
    const std::uint32_t count = number(), height = number(), width = number();
    const double product = static_cast<double>(count) * height * width;
    const bool whole = product < 1000 && random.below(2) == 0;
    const std::string pixels(whole ? static_cast<std::size_t>(product) : random.below(20), 'x');
    const std::string labels(std::min<std::uint32_t>(count, 20), '\3');
    read += idx_survives(idx_images(count, height, width, pixels), idx_labels(labels)) ? 1 : 0;
  }
  CHECK(read > 20);  // the runs reach the far end too
}

TEST_CASE("mutations of IDX files, plain and packed, never crash the reader") {
  REQUIRE(idx_survives(kImages, kLabels));
  REQUIRE(idx_survives(gzipped(kImages), gzipped(kLabels)));
  int read = 0;
  for (std::uint64_t run = 0; run < 10000; ++run) {
    Random random(kSeed, {3, run});
    read += idx_survives(mutated(kImages, random), kLabels) ? 1 : 0;
    read += idx_survives(kImages, mutated(kLabels, random)) ? 1 : 0;
    if (run < 2000) read += idx_survives(mutated(gzipped(kImages), random), kLabels) ? 1 : 0;
  }
  CHECK(read > 100);
}

TEST_CASE("mutations of a CIFAR-10 batch, plain and packed, never crash the reader") {
  const std::string batch = cifar10_record(3, 0, 1, 2) + cifar10_record(9, 5, 6, 7);
  REQUIRE(cifar10_survives(batch));
  const std::string packed = gzipped(batch);
  REQUIRE(cifar10_survives(packed));
  int read = 0;
  for (std::uint64_t run = 0; run < 500; ++run) {
    Random random(kSeed, {4, run});
    read += cifar10_survives(mutated(batch, random)) ? 1 : 0;
    std::string labelled = batch;
    labelled[random.below(2) * 3073] = static_cast<char>(random.below(256));
    read += cifar10_survives(labelled) ? 1 : 0;
    cifar10_survives(mutated(packed, random));
  }
  CHECK(read > 50);
}

TEST_CASE("every prefix of a file of images is read or refused") {
  for (std::size_t length = 0; length < kImages.size(); ++length)
    CHECK_FALSE(idx_survives(kImages.substr(0, length), kLabels));
  for (std::size_t length = 0; length < kLabels.size(); ++length)
    CHECK_FALSE(idx_survives(kImages, kLabels.substr(0, length)));
  const std::string packed = gzipped(kImages);
  for (std::size_t length = 0; length < packed.size(); ++length)
    CHECK_FALSE(idx_survives(packed.substr(0, length), kLabels));
  const std::string batch = cifar10_record(3, 0, 1, 2) + cifar10_record(9, 5, 6, 7);
  for (std::size_t length = 0; length <= batch.size(); ++length)
    CHECK(cifar10_survives(batch.substr(0, length)) == (length == 3073 || length == 6146));
}

}  // namespace leaveout
