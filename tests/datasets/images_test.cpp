// SPDX-License-Identifier: MIT
#include "datasets/images.h"

#include "datasets/csv.h"
#include "datasets/registry.h"
#include "datasets/synthetic.h"
#include "tests/datasets/support.h"

namespace leaveout {

namespace {

/// Two features of three examples, 0 to 4 and 10 to 30.
Dataset two_features() {
  Dataset data = make_linear_regression(3, 2, 1.0, 1);
  data.inputs << 0, 1, 4, 30, 10, 20;
  return data;
}

}  // namespace

TEST_CASE("digits are images of 8 x 8 pixels, kept by take, split and the standardiser") {
  const Dataset digits = load_dataset("digits");
  const ImageSize image{1, 8, 8, 16};
  CHECK(digits.image == image);
  CHECK(digits.image.size() == digits.features());
  CHECK(take(digits, {3, 1}).image == image);
  const Split parts = split(digits, 0.5, 1, 20, 10);
  CHECK(parts.train.image == image);
  CHECK(parts.query.image == image);
  CHECK(Standardizer::fit(parts.train).apply(parts.query).image == image);
  for (const DatasetInfo& info : dataset_registry())
    CHECK((info.image.empty() || info.image.size() == info.features));
  CHECK(load_dataset("concrete").image.empty());
}

TEST_CASE("a reconstruction's targets are its inputs, pixels by their known maximum") {
  const Dataset digits = take(load_dataset("digits"), {0, 1, 2});
  const Dataset pixels = reconstruction_of(digits);
  CHECK(pixels.task == Task::reconstruction);
  CHECK(pixels.inputs == digits.inputs / 16);
  CHECK(pixels.targets == pixels.inputs);
  CHECK(pixels.outputs() == 64);
  CHECK(pixels.image == ImageSize{1, 8, 8, 1});
  CHECK(pixels.class_names.empty());
  CHECK(pixels.feature_names == digits.feature_names);
  CHECK(pixels.provenance.sha256 == digits.provenance.sha256);
  CHECK(reconstruction_of(pixels).inputs == pixels.inputs);  // twice is once
  Dataset too_bright = digits;
  too_bright.inputs(5, 2) = 17;
  CHECK(has(refusal([&] { reconstruction_of(too_bright); }), "holds 17 in row 2, outside of 0 to"));
  too_bright.inputs(5, 2) = std::nan("");
  CHECK(has(refusal([&] { reconstruction_of(too_bright); }), "holds nan in row 2"));
}

TEST_CASE("without a known maximum the range is the data's: of all pixels, or of each feature") {
  Dataset data = two_features();
  Eigen::MatrixXd of_each(2, 3);
  of_each << 0, 0.25, 1, 1, 0, 0.5;
  CHECK(reconstruction_of(data).inputs == of_each);
  data.image = {1, 1, 2};
  CHECK(reconstruction_of(data).inputs == data.inputs / 30);
  data.image = {};
  data.inputs.row(1).setConstant(7);  // one value: nothing to scale
  of_each.row(1).setZero();
  CHECK(reconstruction_of(data).inputs == of_each);
}

TEST_CASE("queries are scaled by the range of the training data, and must lie within it") {
  const Dataset train = two_features();
  Dataset query = take(train, {0, 1});
  query.inputs << 2, 3, 15, 25;
  Eigen::MatrixXd scaled(2, 2);
  scaled << 0.5, 0.75, 0.25, 0.75;
  CHECK(reconstruction_of(query, train).targets == scaled);
  query.inputs(0, 1) = 5;
  CHECK(has(refusal([&] { reconstruction_of(query, train); }), "holds 5 in row 1"));
  CHECK(has(refusal([&] { reconstruction_of(query, make_friedman(4, 5, 1, 1)); }),
            "has 2 features and"));
  CHECK(has(refusal([&] { reconstruction_of(query, take(train, {})); }), "in 0 rows"));
}

TEST_CASE("a range too wide for a double is scaled all the same") {
  Dataset data = two_features();
  data.inputs << -1e308, 0, 1e308, -1.5e308, 1.5e308, 0;
  Eigen::MatrixXd scaled(2, 3);
  scaled << 0, 0.5, 1, 0, 1, 0.5;
  CHECK(reconstruction_of(data).inputs == scaled);
  data.inputs(0, 1) = std::numeric_limits<double>::infinity();
  CHECK(has(refusal([&] { reconstruction_of(data); }), "holds inf in row 1"));
}

TEST_CASE("a maximum that the caller gives counts: 8-bit pixels are divided by 255") {
  Dataset data = two_features();
  data.image = {1, 1, 2, 255};
  CHECK(reconstruction_of(data).inputs == data.inputs / 255);
  CHECK(reconstruction_of(data).image.maximum == 1);
  Dataset query = take(data, {0});
  query.inputs.setConstant(255);
  CHECK((reconstruction_of(query, data).inputs.array() == 1).all());
  query.inputs(1, 0) = 256;
  CHECK(
      has(refusal([&] { reconstruction_of(query, data); }), "holds 256 in row 0, outside of 0 to"));
}

TEST_CASE("the standardiser leaves a reconstruction alone, inputs and targets") {
  const Dataset pixels = reconstruction_of(take(load_dataset("digits"), {0, 1, 2, 3}));
  const Standardizer s = Standardizer::fit(pixels);
  CHECK(s.apply(pixels).inputs == pixels.inputs);
  CHECK(s.apply(pixels).targets == pixels.targets);
  CHECK(s.invert(pixels).inputs == pixels.inputs);
}

TEST_CASE("sizes of images are read, and anything else is refused") {
  CHECK(parse_image_size("8x9") == ImageSize{1, 8, 9});
  CHECK(parse_image_size("3x32x40") == ImageSize{3, 32, 40});
  for (const char* bad : {"",
                          "8",
                          "8x",
                          "x8",
                          "8x8x",
                          "0x8",
                          "-1x8",
                          "8X8",
                          "8x8x8x8",
                          "8x8x8x8x8",
                          "8,8",
                          "8x 8",
                          "999999x1"}) {
    CAPTURE(bad);
    CHECK(has(refusal([&] { parse_image_size(bad); }), "as in 8x8 or 3x32x32, got '"));
  }
}

TEST_CASE("a file has a target column of its own task, and its queries are its images") {
  const DataFolder folder;
  const std::string path = folder.file("t.csv", "a,b,y\n1,2,0.5\n3,4,1.5\n5,6,2.5\n");
  CHECK(has(refusal([&] { read_dataset(path, {.target = "y", .task = Task::reconstruction}); }),
            "a reconstruction has no target column"));
  Dataset train = read_dataset(path, {.target = "y"});
  CHECK(train.image.empty());
  train.image = parse_image_size("1x2");
  CHECK(read_query(path, train).image == train.image);
}

}  // namespace leaveout
