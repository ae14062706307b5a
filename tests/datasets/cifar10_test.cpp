// SPDX-License-Identifier: MIT
#include "datasets/cifar10.h"

#include <doctest/doctest.h>

#include "datasets/sha256.h"
#include "tests/datasets/gzip_support.h"
#include "tests/datasets/image_files_support.h"
#include "tests/datasets/support.h"

namespace leaveout {

namespace {

std::string complaint(const std::string& payload) {
  ByteImages images;
  const std::string message = refusal([&] { append_cifar10(payload, "a.bin", images); });
  CHECK((message.empty() || images.size() == 0));
  return message;
}

}  // namespace

TEST_CASE("the planes of a record become channels side by side") {
  const DataFolder folder;
  const std::string records = cifar10_record(3, 0, 100, 200) + cifar10_record(9, 1, 2, 3);
  const Dataset data = read_cifar10_files({folder.file("a.bin", records)});
  CHECK(data.size() == 2);
  CHECK(data.image == ImageSize{3, 32, 32, 255});
  for (Eigen::Index p = 0; p < 1024; ++p) {
    REQUIRE(data.inputs(3 * p, 0) == p % 256);
    REQUIRE(data.inputs(3 * p + 1, 0) == (100 + p) % 256);
    REQUIRE(data.inputs(3 * p + 2, 0) == (200 + p) % 256);
    REQUIRE(data.inputs(3 * p + 2, 1) == (3 + p) % 256);
  }
  CHECK(data.class_names[static_cast<std::size_t>(data.label(0))] == "cat");
  CHECK(data.class_names[static_cast<std::size_t>(data.label(1))] == "truck");
  CHECK(data.feature_names[3 * 33 + 1] == "p1_1_g");
  CHECK(data.provenance.sha256 == sha256(records));
}

TEST_CASE("batches follow each other, packed or not") {
  const DataFolder folder;
  for (int i = 1; i <= 5; ++i) {
    const std::string record = cifar10_record(i, i, i, i);
    folder.file(fmt::format("data_batch_{}.bin", i), i == 3 ? gzipped(record) : record);
  }
  const Dataset data = read_cifar10(folder.path(""));
  REQUIRE(data.size() == 5);
  for (Eigen::Index i = 0; i < 5; ++i) {
    CHECK(data.label(i) == i + 1);
    CHECK(data.inputs(0, i) == static_cast<double>(i + 1));
  }
}

TEST_CASE("a damaged batch is refused, and the images read before it stay as they were") {
  const std::string record = cifar10_record(3, 0, 0, 0);
  CHECK(complaint(record) == "");
  CHECK(complaint("") == "[cifar10] a.bin: the file is empty; fetch it again");
  CHECK(has(complaint(record + "x"), "3074 bytes, which is 1 more than 1 records of 3073"));
  CHECK(has(complaint(record.substr(1)), "3072 bytes, which is 3072 more than 0 records"));
  CHECK(has(complaint(record + cifar10_record(10, 0, 0, 0)), "label 10 of record 1 is outside"));
  CHECK(has(complaint(cifar10_record(255, 0, 0, 0)), "label 255 of record 0 is outside"));
}

TEST_CASE("a missing batch is named") {
  const DataFolder folder;
  const std::string record = cifar10_record(1, 1, 1, 1);
  for (const int i : {1, 2, 4, 5}) folder.file(fmt::format("data_batch_{}.bin", i), record);
  const std::string message = refusal([&] { read_cifar10(folder.path("")); });
  CHECK(has(message, "data_batch_3.bin: this batch is missing"));
  CHECK(has(refusal([&] { read_cifar10_files({}); }), "no files"));
  CHECK(has(refusal([&] { read_cifar10_files({folder.path("x")}); }), "cannot read"));
}

}  // namespace leaveout
