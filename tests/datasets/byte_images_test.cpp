// SPDX-License-Identifier: MIT
#include "datasets/byte_images.h"

#include <doctest/doctest.h>

#include "datasets/images.h"
#include "tests/datasets/support.h"

namespace leaveout {

namespace {

/// Three images of 2 x 4 pixels, values 0 to 23.
ByteImages three() {
  ByteImages images;
  images.image = {1, 2, 4, kBrightestByte};
  for (int i = 0; i < 24; ++i) images.pixels.push_back(static_cast<char>(i));
  images.labels = {2, 0, 1};
  return images;
}

}  // namespace

TEST_CASE("chosen examples are those of the whole, in the order in which they are chosen") {
  const Dataset whole = dataset_of(three(), numbered_classes(3));
  const Dataset some = dataset_of(three(), numbered_classes(3), {2, 0, 2});
  const Dataset taken = take(whole, {2, 0, 2});
  CHECK(some.inputs == taken.inputs);
  CHECK(some.targets == taken.targets);
  CHECK(whole.inputs(3, 1) == 11);
  CHECK(whole.label(0) == 2);
  CHECK(dataset_of(three(), numbered_classes(3), {}).size() == 0);
}

TEST_CASE("downsampling bytes is downsampling the data set") {
  const std::vector<std::string> names = numbered_classes(3);
  const Dataset small = dataset_of(three(), names, {1, 2}, 2);
  const Dataset same = downsample(dataset_of(three(), names, {1, 2}), 2);
  CHECK(small.inputs == same.inputs);
  CHECK(small.image == same.image);
  CHECK(small.feature_names == same.feature_names);
}

TEST_CASE("a row outside of the file and a factor that does not divide are refused") {
  CHECK(has(refusal([] { dataset_of(three(), numbered_classes(3), {3}); }), "rows 0 to 2"));
  CHECK(has(refusal([] { dataset_of(three(), numbered_classes(3), {-1}); }), "row -1 is outside"));
  CHECK(has(refusal([] { dataset_of(three(), numbered_classes(3), {0}, 4); }),
            "[downsample] factor, expected a number that divides images of 2 x 4 pixels, got 4"));
}

}  // namespace leaveout
