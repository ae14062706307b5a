// SPDX-License-Identifier: MIT
#include "datasets/idx.h"

#include <doctest/doctest.h>

#include "datasets/sha256.h"
#include "tests/datasets/gzip_support.h"
#include "tests/datasets/image_files_support.h"
#include "tests/datasets/support.h"

namespace leaveout {

namespace {

using namespace std::string_literals;

const std::string kPixels = "\x00\x01\x02\x03\x04\xff\x06\x07\x08\x09\x0a\x0b"s;  // two of 2 x 3

std::string complaint(const std::string& images,
                      const std::string& labels,
                      Eigen::Index classes = 10) {
  return refusal([&] { parse_idx(images, labels, "images", "labels", classes); });
}

}  // namespace

TEST_CASE("an IDX file's images are columns, row by row, and its labels classes") {
  const DataFolder folder;
  const std::string images = folder.file("a-images", idx_images(2, 2, 3, kPixels));
  const std::string labels = folder.file("a-labels", idx_labels("\x02\x00"s));
  const Dataset data = read_idx(images, labels);
  CHECK(data.task == Task::multiclass);
  CHECK(data.image == ImageSize{1, 2, 3, 255});
  Eigen::MatrixXd pixels(6, 2);
  pixels << 0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 255, 11;
  CHECK(data.inputs == pixels);
  Eigen::MatrixXd classes(3, 2);
  classes << 0, 1, 0, 0, 1, 0;
  CHECK(data.targets == classes);
  CHECK(data.class_names == std::vector<std::string>{"0", "1", "2"});
  CHECK(data.feature_names.front() == "p00");
  CHECK(data.feature_names.back() == "p12");
  CHECK(data.provenance.sha256 == sha256(idx_images(2, 2, 3, kPixels)));
  CHECK(data.name == "a-images");
}

TEST_CASE("a packed IDX file is the same data") {
  const DataFolder folder;
  const std::string images = idx_images(2, 2, 3, kPixels);
  const std::string labels = idx_labels("\x02\x00"s);
  const Dataset plain = read_idx(folder.file("i", images), folder.file("l", labels));
  const Dataset packed =
      read_idx(folder.file("i.gz", gzipped(images)), folder.file("l.gz", gzipped(labels)));
  CHECK(packed.inputs == plain.inputs);
  CHECK(packed.targets == plain.targets);
  CHECK(packed.provenance.sha256 == plain.provenance.sha256);
  CHECK(has(refusal([&] {
              read_idx(folder.file("i.gz", gzipped(images).substr(0, 20)), folder.path("l"));
            }),
            "i.gz: the compressed data end early"));
}

TEST_CASE("the names of the classes are the caller's, two of them make a binary task") {
  const DataFolder folder;
  const std::string images = folder.file("i", idx_images(2, 2, 3, kPixels));
  const std::string labels = folder.file("l", idx_labels("\x01\x00"s));
  const Dataset two = read_idx(images, labels, {"no", "yes"});
  CHECK(two.task == Task::binary);
  CHECK(two.targets == Eigen::RowVector2d(1, 0));
  CHECK(read_idx(images, labels).task == Task::binary);
  const Dataset fashion = read_idx(images, labels, fashion_classes());
  CHECK(fashion.outputs() == 10);
  CHECK(fashion.class_names[static_cast<std::size_t>(fashion.label(0))] == "trouser");
  const std::string zeros = folder.file("z", idx_labels("\x00\x00"s));
  CHECK(has(refusal([&] { read_idx(images, zeros); }), "one class only"));
}

TEST_CASE("labels of 128 to 255 are not negative") {
  const DataFolder folder;
  const Dataset data = read_idx(folder.file("i", idx_images(2, 2, 3, kPixels)),
                                folder.file("l", idx_labels("\xff\x80"s)));
  CHECK(data.class_names.size() == 256);
  CHECK(data.label(0) == 255);
  CHECK(data.label(1) == 128);
}

TEST_CASE("a damaged IDX file is refused with what is wrong, where, and what to do") {
  const std::string images = idx_images(2, 2, 3, kPixels);
  const std::string labels = idx_labels("\x02\x00"s);
  CHECK(complaint(images, labels) == "");
  CHECK(complaint(labels, labels) ==
        "[idx] images: begins with 00000801 where a file of images has 00000803; give the file of "
        "images, as it is or as .gz");
  CHECK(
      has(complaint(images, images), "[idx] labels: begins with 00000803 where a file of labels"));
  CHECK(has(complaint("", labels), "0 bytes, which ends within the header of 16"));
  CHECK(has(complaint(images, big_endian(0x801)), "labels: 4 bytes, which ends within the header"));
  CHECK(has(complaint(images.substr(0, images.size() - 1), labels),
            "the header says 2 images of 6 bytes each, the file ends after 1"));
  CHECK(has(complaint(images + "xy", labels), "2 bytes follow the 2 images"));
  CHECK(has(complaint(images, labels + "x"), "1 bytes follow the 2 labels"));
  CHECK(has(complaint(images, idx_labels("\x02"s)), "1 labels for the 2 images of 'images'"));
  CHECK(has(complaint(images, idx_labels("\x02\x0a"s)), "label 10 of row 1 is outside of 0 to 9"));
  CHECK(has(complaint(idx_images(0, 2, 3, ""), labels), "no images"));
  CHECK(has(complaint(idx_images(2, 0, 3, ""), labels), "images of 0 x 3 pixels"));
}

TEST_CASE("numbers of a header whose product does not fit in 64 bits are refused") {
  const std::string labels = idx_labels("\x02\x00"s);
  const std::uint32_t huge = 0xffffffff;
  // 2^31 x 2^31 x 4 is 0 modulo 2^64, which is what a file without pixels holds.
  CHECK(has(complaint(idx_images(huge, huge, huge, kPixels), labels), "the file ends after 0"));
  CHECK(has(complaint(idx_images(1U << 31, 1U << 31, 4, ""), labels), "the file ends after 0"));
  CHECK(has(complaint(idx_images(huge, 1, 1, kPixels), labels), "the file ends after 12"));
}

}  // namespace leaveout
