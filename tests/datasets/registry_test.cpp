// SPDX-License-Identifier: MIT
#include "datasets/registry.h"

#include <doctest/doctest.h>

#include <set>

#include "datasets/sha256.h"
#include "tests/datasets/support.h"

namespace leaveout {

TEST_CASE("the data that ships are the pinned files") {
  for (const DatasetInfo& info : dataset_registry()) {
    if (!info.ships) continue;
    CAPTURE(info.name);
    REQUIRE(info.files.size() == 1);
    CHECK(sha256_file(data_folder() + "/" + info.files.front().name) == info.sha256);
  }
}

TEST_CASE("a data set that ships has the shape, task and target that the registry promises") {
  for (const DatasetInfo& info : dataset_registry()) {
    if (!info.ships) continue;
    CAPTURE(info.name);
    const Dataset data = load_dataset(info.name);
    CHECK(data.name == info.name);
    CHECK(data.task == info.task);
    CHECK(data.size() == info.rows);
    CHECK(data.features() == info.features);
    CHECK(data.target_name == info.target);
    CHECK(data.provenance.sha256 == info.sha256);
    CHECK(data.provenance.source == info.source);
    CHECK(data.inputs.allFinite());
  }
}

TEST_CASE("concrete: first row, mean strength and 25 duplicate rows") {
  const Dataset data = load_dataset("concrete");
  Eigen::VectorXd first(8);
  first << 540, 0, 0, 162, 2.5, 1040, 676, 28;
  CHECK(data.inputs.col(0) == first);
  CHECK(data.targets(0, 0) == 79.99);
  CHECK(data.targets.mean() == doctest::Approx(35.81796).epsilon(1e-6));
  std::set<std::vector<double>> rows;
  for (Eigen::Index i = 0; i < data.size(); ++i) {
    std::vector<double> row(data.inputs.col(i).begin(), data.inputs.col(i).end());
    row.push_back(data.targets(0, i));
    rows.insert(row);
  }
  CHECK(rows.size() == 1030 - 25);
}

TEST_CASE("breast cancer: 212 malignant, and the target is 1 for them") {
  const Dataset data = load_dataset("breast_cancer");
  CHECK(data.class_names == std::vector<std::string>{"benign", "malignant"});
  CHECK(data.targets.sum() == 212.0);
  CHECK(data.targets(0, 0) == 1.0);
  CHECK(data.inputs.row(0).mean() == doctest::Approx(14.127292).epsilon(1e-6));
  CHECK(data.inputs.row(0).maxCoeff() == 28.11);
  CHECK(data.inputs.row(29).maxCoeff() == 0.2075);  // worst fractal dimension
}

TEST_CASE("diabetes: raw features, mean progression 152.13") {
  const Dataset data = load_dataset("diabetes");
  CHECK(data.inputs(0, 0) == 59.0);
  CHECK(data.inputs.row(0).mean() == doctest::Approx(48.5181).epsilon(1e-6));
  CHECK(data.inputs.row(2).mean() == doctest::Approx(26.37579).epsilon(1e-6));
  CHECK(data.targets.mean() == doctest::Approx(152.13348).epsilon(1e-6));
}

TEST_CASE("diabetes_high: 221 of 442 above the median of 140.5, and the target is 1 for them") {
  const Dataset data = load_dataset("diabetes_high");
  const Dataset values = load_dataset("diabetes");
  CHECK(data.inputs == values.inputs);
  CHECK(data.targets == (values.targets.array() > 140.5).cast<double>().matrix());
  CHECK(data.targets.sum() == 221.0);
  CHECK(data.class_names == std::vector<std::string>{"low", "high"});
  // The threshold is that of all rows, whichever are loaded.
  const Dataset few = load_dataset("diabetes_high", {.max_rows = 9, .seed = 1});
  const Dataset few_values = load_dataset("diabetes", {.max_rows = 9, .seed = 1});
  CHECK(few.targets == (few_values.targets.array() > 140.5).cast<double>().matrix());
}

TEST_CASE("digits: ten classes with their known counts, pixels 0 to 16, digit 0 first") {
  const Dataset data = load_dataset("digits");
  Eigen::VectorXd counts(10);
  counts << 178, 182, 177, 183, 181, 182, 181, 179, 174, 180;
  CHECK(data.targets.rowwise().sum() == counts);
  CHECK(data.label(0) == 0);
  CHECK(data.label(1) == 1);
  CHECK(data.inputs.minCoeff() == 0.0);
  CHECK(data.inputs.maxCoeff() == 16.0);
  CHECK(data.inputs(2, 0) == 5.0);  // p02
  CHECK(data.feature_names[10] == "p12");
}

TEST_CASE("an unknown name is refused with the known ones") {
  CHECK(has(refusal([] { load_dataset("conrete"); }), "choose one of concrete, breast_cancer"));
}

}  // namespace leaveout
