// SPDX-License-Identifier: MIT
#include "datasets/noise.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "datasets/images.h"
#include "datasets/registry.h"
#include "datasets/synthetic.h"
#include "tests/datasets/support.h"

namespace leaveout {

namespace {

/// `size` examples of one feature, all of class 1 of `classes`.
Dataset one_class(Eigen::Index size, Eigen::Index classes) {
  Dataset data;
  data.name = "ones";
  data.task = classes == 2 ? Task::binary : Task::multiclass;
  data.inputs.setZero(1, size);
  data.targets.setZero(classes == 2 ? 1 : classes, size);
  data.targets.row(classes == 2 ? 0 : 1).setOnes();
  for (Eigen::Index c = 0; c < classes; ++c) data.class_names.push_back(fmt::format("{}", c));
  return data;
}

}  // namespace

TEST_CASE("exactly round(fraction * size) labels change, each to another, and nothing else does") {
  for (const char* name : {"digits", "breast_cancer"}) {
    const Dataset data = load_dataset(name);
    for (const double fraction : {0.0, 0.1, 0.5, 1.0}) {
      CAPTURE(name);
      CAPTURE(fraction);
      const NoisyLabels noisy = corrupt_labels(data, fraction, 7);
      const auto expected = std::lround(fraction * static_cast<double>(data.size()));
      REQUIRE(noisy.changed.size() == static_cast<std::size_t>(expected));
      CHECK(std::is_sorted(noisy.changed.begin(), noisy.changed.end()));
      CHECK(noisy.dataset.inputs == data.inputs);
      std::vector<Eigen::Index> differ;
      for (Eigen::Index i = 0; i < data.size(); ++i)
        if (noisy.dataset.label(i) != data.label(i)) differ.push_back(i);
      CHECK(differ == noisy.changed);
      if (data.task == Task::multiclass) {
        CHECK((noisy.dataset.targets.colwise().sum().array() == 1.0).all());
        CHECK((noisy.dataset.targets.colwise().maxCoeff().array() == 1.0).all());
      } else {
        CHECK((noisy.dataset.targets.array() * (1 - noisy.dataset.targets.array()) == 0).all());
      }
    }
  }
}

TEST_CASE("a wrong class is any of the others, equally often") {
  constexpr Eigen::Index kSize = 20000, kClasses = 5;
  const NoisyLabels noisy = corrupt_labels(one_class(kSize, kClasses), 1.0, 11);
  const Eigen::VectorXd counts = noisy.dataset.targets.rowwise().sum();
  CHECK(counts(1) == 0);
  const double p = 1.0 / (kClasses - 1);
  const double error = std::sqrt(kSize * p * (1 - p));
  for (const Eigen::Index c : {0, 2, 3, 4}) {
    CAPTURE(c);
    CHECK(std::abs(counts(c) - kSize * p) < 4 * error);
  }
}

TEST_CASE("the rows are drawn uniformly, and do not follow the permutation of the split") {
  constexpr Eigen::Index kSize = 10000;
  const Dataset data = one_class(kSize, 2);
  const NoisyLabels noisy = corrupt_labels(data, 0.2, 3);
  // Of 2000 rows drawn without replacement, the number in any given half: mean 1000, variance
  // n/4 * (N - n) / (N - 1).
  const double error = std::sqrt(2000 * 0.25 * (kSize - 2000) / (kSize - 1.0));
  const auto first_half = std::lower_bound(noisy.changed.begin(), noisy.changed.end(), kSize / 2) -
                          noisy.changed.begin();
  CHECK(std::abs(static_cast<double>(first_half) - 1000) < 4 * error);
  const Split parts = split(noisy.dataset, 0.5, 3);
  const double changed_in_train =
      static_cast<double>(parts.train.size()) - parts.train.targets.sum();
  CHECK(std::abs(changed_in_train - 1000) < 4 * error);
}

TEST_CASE("the same seed gives the same noise, another seed other noise, a fraction a part of it") {
  const Dataset digits = load_dataset("digits");
  const NoisyLabels noisy = corrupt_labels(digits, 0.2, 5);
  const NoisyLabels again = corrupt_labels(digits, 0.2, 5);
  CHECK(again.changed == noisy.changed);
  CHECK(again.dataset.targets == noisy.dataset.targets);
  CHECK(corrupt_labels(digits, 0.2, 6).changed != noisy.changed);
  const NoisyLabels fewer = corrupt_labels(digits, 0.1, 5);
  for (const Eigen::Index row : fewer.changed) {
    REQUIRE(std::binary_search(noisy.changed.begin(), noisy.changed.end(), row));
    REQUIRE(fewer.dataset.label(row) == noisy.dataset.label(row));
  }
}

TEST_CASE("data without classes and fractions outside of 0 to 1 are refused") {
  const Dataset digits = load_dataset("digits");
  CHECK(has(refusal([] { corrupt_labels(make_friedman(9, 5, 1, 1), 0.1, 1); }),
            "is a regression and has no classes to exchange"));
  CHECK(has(refusal([&] { corrupt_labels(reconstruction_of(digits), 0.1, 1); }),
            "is a reconstruction and has no classes"));
  for (const double bad : {-0.1, 1.1, std::nan("")})
    CHECK(has(refusal([&] { corrupt_labels(digits, bad, 1); }), "expected a number from 0 to 1"));
}

}  // namespace leaveout
