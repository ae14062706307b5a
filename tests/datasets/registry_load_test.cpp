// SPDX-License-Identifier: MIT
// Data that do not ship: where their files are looked for, and which part of them is loaded.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>

#include "datasets/files.h"
#include "datasets/images.h"
#include "datasets/registry.h"
#include "datasets/sha256.h"
#include "tests/datasets/gzip_support.h"
#include "tests/datasets/image_files_support.h"
#include "tests/datasets/support.h"

namespace leaveout {

namespace {

using namespace std::string_literals;

/// Sets LEAVEOUT_DATA for a test and puts the old value back.
class DataVariable {
 public:
  explicit DataVariable(const std::string& value) {
    if (const char* old = std::getenv("LEAVEOUT_DATA")) old_ = old;
    ::setenv("LEAVEOUT_DATA", value.c_str(), 1);
  }
  ~DataVariable() {
    if (old_) {
      ::setenv("LEAVEOUT_DATA", old_->c_str(), 1);
    } else {
      ::unsetenv("LEAVEOUT_DATA");
    }
  }
  DataVariable(const DataVariable&) = delete;
  DataVariable& operator=(const DataVariable&) = delete;

 private:
  std::optional<std::string> old_;
};

/// Ten images of 2 x 2 pixels, image i of 4 i, 4 i + 1, ... and of class i modulo 3.
struct SmallImages {
  std::string images, labels;
  DatasetInfo info;

  SmallImages() {
    std::string pixels, classes;
    for (int i = 0; i < 40; ++i) pixels.push_back(static_cast<char>(i));
    for (int i = 0; i < 10; ++i) classes.push_back(static_cast<char>(i % 3));
    images = idx_images(10, 2, 2, pixels);
    labels = idx_labels(classes);
    info = {.name = "small",
            .task = Task::multiclass,
            .rows = 10,
            .features = 4,
            .target = "digit",
            .description = "ten images",
            .source = "the tests",
            .license = "MIT",
            .format = DataFormat::idx,
            .files = {{"i", sha256(images)}, {"l", sha256(labels)}},
            .class_names = {"a", "b", "c"},
            .image = {1, 2, 2, 255}};
  }
};

/// The number of the image, from its first pixel.
Eigen::Index number_of(const Dataset& data, Eigen::Index i) {
  return static_cast<Eigen::Index>(data.inputs(0, i)) / 4;
}

/// That the mean pixel is the published one, channel by channel, to four standard errors.
void check_mean_pixels(const Dataset& data) {
  const std::map<std::string, std::vector<double>> published = {
      {"mnist", {0.1307}}, {"fashion_mnist", {0.2860}}, {"cifar10", {0.4914, 0.4822, 0.4465}}};
  const Eigen::Index channels = data.image.channels;
  for (Eigen::Index c = 0; c < channels; ++c) {
    CAPTURE(c);
    const Eigen::MatrixXd channel =  // (pixels x examples)
        data.inputs(Eigen::seqN(c, data.features() / channels, channels), Eigen::all);
    const Eigen::RowVectorXd of_each = channel.colwise().mean() / 255;
    const double mean = of_each.mean();
    const double error =
        (of_each.array() - mean).matrix().norm() / static_cast<double>(data.size());
    CHECK(std::abs(mean - published.at(data.name)[static_cast<std::size_t>(c)]) < 4 * error);
  }
}

}  // namespace

TEST_CASE("the hashes that make data accepts are those that the registry pins") {
  const std::string sums = read_file(data_folder() + "/SHA256SUMS");
  for (const DatasetInfo& info : dataset_registry()) {
    CAPTURE(info.name);
    if (info.ships) continue;
    for (const DataFile& file : info.files)
      CHECK(has(sums, fmt::format("{}  {}\n", file.sha256, file.name)));
  }
}

TEST_CASE("a data set that does not ship is looked for in data/fetched, then in LEAVEOUT_DATA") {
  {
    const DataVariable variable("");
    REQUIRE(data_folders().size() == 1);
    CHECK(data_folders()[0] == data_folder() + "/fetched");
  }
  const DataFolder first, second;
  const DataVariable variable(second.path(""));
  REQUIRE(data_folders().size() == 2);
  CHECK(data_folders()[1] == second.path(""));
  const LoadOptions here{.folders = {first.path(""), second.path("")}};
  const std::string missing = refusal([&] { load_dataset("energy", here); });
  CHECK(has(missing, "no file 'energy.txt' in " + first.path("") + ", " + second.path("")));
  CHECK(has(missing, "run make data SETS=energy, or set LEAVEOUT_DATA"));
  second.file("energy.txt", "1 2 3\n");
  CHECK(has(refusal([&] { load_dataset("energy", here); }), second.path("energy.txt")));
  first.file("energy.txt", "1 2 3\n");
  const std::string other = refusal([&] { load_dataset("energy", here); });
  CHECK(has(other, first.path("energy.txt")));
  CHECK(has(other, "is not the 'energy' that results are compared on"));
}

TEST_CASE("a set of images is loaded from its two files, packed or not, from different folders") {
  const SmallImages small;
  const DataFolder one, two;
  one.file("i.gz", gzipped(small.images));
  two.file("l", small.labels);
  const Dataset data =
      load_dataset(small.info, {.folders = {one.path("none"), one.path(""), two.path("")}});
  CHECK(data.name == "small");
  CHECK(data.size() == 10);
  CHECK(data.target_name == "digit");
  CHECK(data.class_names == small.info.class_names);
  CHECK(data.image == small.info.image);
  CHECK(data.provenance.source == "the tests");
  for (Eigen::Index i = 0; i < 10; ++i) {
    CHECK(number_of(data, i) == i);
    CHECK(data.label(i) == i % 3);
  }
  SmallImages other;
  other.info.files[1].sha256[0] ^= 1;
  CHECK(has(refusal([&] {
              load_dataset(other.info, {.folders = {one.path(""), two.path("")}});
            }),
            "is not the 'small' that results are compared on"));
}

TEST_CASE("a part of a data set is the first rows of a seeded permutation, few a prefix of many") {
  const SmallImages small;
  const DataFolder folder;
  folder.file("i", small.images);
  folder.file("l", small.labels);
  const auto load = [&](double fraction, Eigen::Index max_rows, std::uint64_t seed) {
    return load_dataset(
        small.info,
        {.fraction = fraction, .max_rows = max_rows, .seed = seed, .folders = {folder.path("")}});
  };
  const Dataset half = load(0.5, kNoLimit, 3);
  REQUIRE(half.size() == 5);
  CHECK(half.provenance.source == "the tests; 5 of 10 rows, drawn by seed 3");
  std::set<Eigen::Index> numbers;
  for (Eigen::Index i = 0; i < 5; ++i) {
    numbers.insert(number_of(half, i));
    CHECK(half.label(i) == number_of(half, i) % 3);
  }
  CHECK(numbers.size() == 5);
  CHECK(load(1, 3, 3).inputs == half.inputs.leftCols(3));
  CHECK(load(0.5, 3, 3).inputs == half.inputs.leftCols(3));
  CHECK(load(0.5, kNoLimit, 3).inputs == half.inputs);
  CHECK(load(0.5, kNoLimit, 4).inputs != half.inputs);
  CHECK(number_of(load(1, 10, 3), 0) == 0);  // all of them: the order of the file
  for (const double bad : {0.0, -0.5, 1.5, std::nan("")})
    CHECK(
        has(refusal([&] { load(bad, kNoLimit, 1); }), "expected a number above 0 and not above 1"));
  CHECK(has(refusal([&] { load(0.01, kNoLimit, 1); }), "leave none of the 10 rows of 'small'"));
  CHECK(has(refusal([&] { load(1, 0, 1); }), "leave none of the 10 rows"));
}

TEST_CASE("images are downsampled as they are loaded, from files of any kind") {
  const SmallImages small;
  const DataFolder folder;
  folder.file("i", small.images);
  folder.file("l", small.labels);
  const Dataset data = load_dataset(small.info, {.downsample = 2, .folders = {folder.path("")}});
  CHECK(data.image == ImageSize{1, 1, 1, 255});
  for (Eigen::Index i = 0; i < 10; ++i)
    CHECK(data.inputs(0, i) == static_cast<double>(4 * i) + 1.5);
  const Dataset digits = load_dataset("digits", {.max_rows = 50, .seed = 2, .downsample = 2});
  CHECK(digits.inputs == downsample(load_dataset("digits", {.max_rows = 50, .seed = 2}), 2).inputs);
  CHECK(digits.image == ImageSize{1, 4, 4, 16});
  CHECK(has(refusal([] { load_dataset("concrete", {.downsample = 2}); }), "no images"));
}

TEST_CASE("sets that do not ship have the promised shape and mean pixels where their files are") {
  for (const DatasetInfo& info : dataset_registry()) {
    if (info.ships) continue;
    CAPTURE(info.name);
    CHECK((!info.image.empty() ||
           static_cast<Eigen::Index>(info.columns.size()) == info.features + 1));
    Dataset data;
    const std::string message = refusal([&] {
      data = load_dataset(info, {.max_rows = info.image.empty() ? kNoLimit : 2000, .seed = 1});
    });
    if (has(message, "there is no file")) continue;
    REQUIRE(message == "");
    CHECK(data.size() == (info.image.empty() ? info.rows : 2000));
    CHECK(data.features() == info.features);
    CHECK(data.task == info.task);
    CHECK(data.target_name == info.target);
    CHECK(data.provenance.sha256 == info.sha256);
    CHECK(data.feature_names.size() == static_cast<std::size_t>(info.features));
    if (info.name == "energy") {  // X2 = X3 + 2 X4: an undamped linear Hessian is singular
      const Eigen::RowVectorXd gap =
          data.inputs.row(1) - data.inputs.row(2) - 2.0 * data.inputs.row(3);
      CHECK(gap.cwiseAbs().maxCoeff() == 0.0);
    }
    if (info.name == "spambase") CHECK(data.targets.sum() == 1813.0);
    if (info.image.empty()) continue;
    CHECK((data.targets.rowwise().sum().array() > 100).all());
    check_mean_pixels(data);
  }
}

}  // namespace leaveout
