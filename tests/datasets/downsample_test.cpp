// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "datasets/images.h"
#include "datasets/random.h"
#include "datasets/registry.h"
#include "tests/datasets/support.h"

namespace leaveout {

namespace {

Dataset of_images(const ImageSize& image, const Eigen::MatrixXd& pixels) {
  Dataset data;
  data.name = "images";
  data.image = image;
  data.inputs = pixels;
  data.targets.setZero(1, pixels.cols());
  data.feature_names = pixel_names(image);
  return data;
}

}  // namespace

TEST_CASE("a pixel is the mean of its block of 2 x 2") {
  Eigen::VectorXd pixels(8);
  pixels << 1, 2, 10, 20, 3, 6, 30, 60;
  const Dataset small = downsample(of_images({1, 2, 4, 255}, pixels), 2);
  CHECK(small.inputs == Eigen::Vector2d(3, 30));
  CHECK(small.image == ImageSize{1, 1, 2, 255});
  CHECK(small.feature_names == std::vector<std::string>{"p00", "p01"});
}

TEST_CASE("blocks of 3 x 3 in two rows of blocks, each channel by itself") {
  const ImageSize image{2, 6, 3};
  Eigen::VectorXd pixels(36);
  for (Eigen::Index row = 0; row < 6; ++row)
    for (Eigen::Index column = 0; column < 3; ++column) {
      pixels((row * 3 + column) * 2) = static_cast<double>(row);               // means 1 and 4
      pixels((row * 3 + column) * 2 + 1) = static_cast<double>(100 * column);  // mean 100
    }
  const Dataset small = downsample(of_images(image, pixels), 3);
  CHECK(small.image == ImageSize{2, 2, 1});
  CHECK(small.inputs == Eigen::Vector4d(1, 100, 4, 100));
}

TEST_CASE("downsampling keeps the mean of every image and leaves a constant image constant") {
  const Dataset digits = load_dataset("digits");
  for (const Eigen::Index factor : {2, 4, 8}) {
    const Dataset small = downsample(digits, factor);
    CHECK(small.features() == 64 / (factor * factor));
    // Sums of whole numbers over powers of 2: no rounding.
    CHECK(small.inputs.colwise().mean() == digits.inputs.colwise().mean());
    CHECK(small.targets == digits.targets);
  }
  const Dataset colours = of_images({3, 6, 6}, Random(1).normal_matrix(108, 20));
  const Dataset small = downsample(colours, 3);
  for (Eigen::Index c = 0; c < 3; ++c)
    for (Eigen::Index n = 0; n < 20; ++n) {
      const double before = colours.inputs.col(n)(Eigen::seqN(c, 36, 3)).mean();
      REQUIRE(small.inputs.col(n)(Eigen::seqN(c, 4, 3)).mean() ==
              doctest::Approx(before).epsilon(1e-13));
    }
  const Dataset grey = of_images({1, 6, 6}, Eigen::MatrixXd::Constant(36, 2, 7));
  for (const Eigen::Index factor : {1, 2, 3, 6})
    CHECK((downsample(grey, factor).inputs.array() == 7).all());
}

TEST_CASE("downsampling in two steps is downsampling in one") {
  const Dataset digits = load_dataset("digits");
  CHECK(downsample(downsample(digits, 2), 2).inputs == downsample(digits, 4).inputs);
  const Dataset same = downsample(digits, 1);
  CHECK(same.inputs == digits.inputs);
  CHECK(same.feature_names == digits.feature_names);
}

TEST_CASE("a downsampled reconstruction has its inputs as targets, within 0 and 1") {
  const Dataset small = downsample(reconstruction_of(load_dataset("digits")), 2);
  CHECK(small.targets == small.inputs);
  CHECK(small.image == ImageSize{1, 4, 4, 1});
  CHECK(small.inputs.minCoeff() >= 0);
  CHECK(small.inputs.maxCoeff() <= 1);
}

TEST_CASE("what cannot be downsampled is refused") {
  const Dataset digits = load_dataset("digits");
  for (const Eigen::Index bad : {0, -2, 3, 16})
    CHECK(has(refusal([&] { downsample(digits, bad); }),
              fmt::format("divides images of 8 x 8 pixels, got {}", bad)));
  CHECK(has(refusal([] { downsample(load_dataset("concrete"), 2); }), "the data are no images"));
  Dataset odd = digits;
  odd.image = {1, 4, 4};
  CHECK(has(refusal([&] { downsample(odd, 2); }), "has 64 features and images of 1 x 4 x 4"));
}

TEST_CASE("the names of pixels say row, column and channel, those of digits as in the file") {
  CHECK(pixel_names({1, 8, 8}) == load_dataset("digits").feature_names);
  CHECK(pixel_names({1, 28, 28})[28 * 3 + 12] == "p3_12");
  CHECK(pixel_names({3, 2, 2}) == std::vector<std::string>{"p00_r",
                                                           "p00_g",
                                                           "p00_b",
                                                           "p01_r",
                                                           "p01_g",
                                                           "p01_b",
                                                           "p10_r",
                                                           "p10_g",
                                                           "p10_b",
                                                           "p11_r",
                                                           "p11_g",
                                                           "p11_b"});
  CHECK(pixel_names({2, 1, 1}) == std::vector<std::string>{"p00_0", "p00_1"});
}

}  // namespace leaveout
