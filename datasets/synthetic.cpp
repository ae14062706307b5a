// SPDX-License-Identifier: MIT
#include "datasets/synthetic.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <utility>

#include "datasets/random.h"

namespace leaveout {

namespace {

using std::numbers::pi;

/// The first word of a stream: which generator draws. The second says what for.
enum Generator : std::uint64_t { kLinear = 1, kFriedman, kBlobs, kMoons, kSpirals };
enum Purpose : std::uint64_t { kTruth = 1, kExample };

Random example_random(std::uint64_t seed, Generator generator, Eigen::Index i) {
  return Random(seed, {generator, kExample, static_cast<std::uint64_t>(i)});
}

void require_at_least(const char* generator,
                      const char* what,
                      Eigen::Index value,
                      Eigen::Index least) {
  if (value >= least) return;
  throw std::invalid_argument(
      fmt::format("[{}] {} is {}: give {} or more", generator, what, value, least));
}

void require_scale(const char* generator, const char* what, double value) {
  if (value >= 0.0 && std::isfinite(value)) return;
  throw std::invalid_argument(
      fmt::format("[{}] {} is {}: give a finite number, 0 or more", generator, what, value));
}

std::vector<std::string> numbered(const char* prefix, Eigen::Index count, Eigen::Index first) {
  std::vector<std::string> names;
  for (Eigen::Index i = 0; i < count; ++i) names.push_back(fmt::format("{}{}", prefix, first + i));
  return names;
}

Provenance generated(std::string call) {
  return {std::move(call), "none: generated", ""};
}

Dataset empty_regression(const char* name, Eigen::Index features, Eigen::Index examples) {
  Dataset dataset;
  dataset.name = name;
  dataset.task = Task::regression;
  dataset.inputs.resize(features, examples);
  dataset.targets.resize(1, examples);
  dataset.feature_names = numbered("x", features, 1);
  dataset.target_name = std::string("y");
  return dataset;
}

/// Targets for class i mod classes; the inputs are left to the caller.
Dataset empty_classification(const char* name,
                             Eigen::Index features,
                             Eigen::Index examples,
                             Eigen::Index classes) {
  Dataset dataset = empty_regression(name, features, examples);
  dataset.task = classes == 2 ? Task::binary : Task::multiclass;
  dataset.class_names = numbered("class", classes, 0);
  dataset.target_name = "class";
  dataset.targets.setZero(classes == 2 ? 1 : classes, examples);
  for (Eigen::Index i = 0; i < examples; ++i) {
    const Eigen::Index label = i % classes;
    if (classes == 2) {
      dataset.targets(0, i) = static_cast<double>(label);
    } else {
      dataset.targets(label, i) = 1.0;
    }
  }
  return dataset;
}

}  // namespace

Eigen::VectorXd linear_regression_truth(Eigen::Index features, std::uint64_t seed) {
  return Random(seed, {kLinear, kTruth}).normal_matrix(features + 1, 1);
}

Dataset make_linear_regression(Eigen::Index examples,
                               Eigen::Index features,
                               double noise,
                               std::uint64_t seed) {
  require_at_least("linear_regression", "the number of examples", examples, 1);
  require_at_least("linear_regression", "the number of features", features, 1);
  require_scale("linear_regression", "the noise", noise);
  Dataset dataset = empty_regression("linear_regression", features, examples);
  const Eigen::VectorXd truth = linear_regression_truth(features, seed);  // (features + 1)
  for (Eigen::Index i = 0; i < examples; ++i) {
    Random random = example_random(seed, kLinear, i);
    dataset.inputs.col(i) = random.normal_matrix(features, 1);
    dataset.targets(0, i) =
        truth.head(features).dot(dataset.inputs.col(i)) + truth(features) + noise * random.normal();
  }
  dataset.provenance = generated(
      fmt::format("make_linear_regression({}, {}, {}, {})", examples, features, noise, seed));
  return dataset;
}

Dataset make_friedman(Eigen::Index examples,
                      Eigen::Index features,
                      double noise,
                      std::uint64_t seed) {
  require_at_least("friedman", "the number of examples", examples, 1);
  require_at_least("friedman", "the number of features", features, 5);
  require_scale("friedman", "the noise", noise);
  Dataset dataset = empty_regression("friedman", features, examples);
  for (Eigen::Index i = 0; i < examples; ++i) {
    Random random = example_random(seed, kFriedman, i);
    for (Eigen::Index j = 0; j < features; ++j) dataset.inputs(j, i) = random.uniform();
    const Eigen::VectorXd x = dataset.inputs.col(i);  // (features)
    dataset.targets(0, i) = 10.0 * std::sin(pi * x(0) * x(1)) + 20.0 * (x(2) - 0.5) * (x(2) - 0.5) +
                            10.0 * x(3) + 5.0 * x(4) + noise * random.normal();
  }
  dataset.provenance =
      generated(fmt::format("make_friedman({}, {}, {}, {})", examples, features, noise, seed));
  return dataset;
}

Dataset make_blobs(Eigen::Index examples,
                   Eigen::Index features,
                   Eigen::Index classes,
                   double separation,
                   std::uint64_t seed) {
  require_at_least("blobs", "the number of features", features, 1);
  require_at_least("blobs", "the number of classes", classes, 2);
  require_at_least("blobs", "the number of examples", examples, classes);
  require_scale("blobs", "the separation", separation);
  Dataset dataset = empty_classification("blobs", features, examples, classes);
  const Eigen::MatrixXd means =  // (features x classes)
      Random(seed, {kBlobs, kTruth}).normal_matrix(features, classes);
  for (Eigen::Index i = 0; i < examples; ++i) {
    Random random = example_random(seed, kBlobs, i);
    dataset.inputs.col(i) = separation * means.col(i % classes) + random.normal_matrix(features, 1);
  }
  dataset.provenance = generated(
      fmt::format("make_blobs({}, {}, {}, {}, {})", examples, features, classes, separation, seed));
  return dataset;
}

Dataset make_two_moons(Eigen::Index examples, double noise, std::uint64_t seed) {
  require_at_least("two_moons", "the number of examples", examples, 2);
  require_scale("two_moons", "the noise", noise);
  Dataset dataset = empty_classification("two_moons", 2, examples, 2);
  for (Eigen::Index i = 0; i < examples; ++i) {
    Random random = example_random(seed, kMoons, i);
    const double t = pi * random.uniform();
    Eigen::VectorXd moon(2);
    if (i % 2 == 0) {
      moon << std::cos(t), std::sin(t);
    } else {
      moon << 1.0 - std::cos(t), 0.5 - std::sin(t);
    }
    dataset.inputs.col(i) = moon + noise * random.normal_matrix(2, 1);
  }
  dataset.provenance = generated(fmt::format("make_two_moons({}, {}, {})", examples, noise, seed));
  return dataset;
}

Dataset make_spirals(
    Eigen::Index examples, Eigen::Index classes, double turns, double noise, std::uint64_t seed) {
  require_at_least("spirals", "the number of classes", classes, 2);
  require_at_least("spirals", "the number of examples", examples, classes);
  require_scale("spirals", "the number of turns", turns);
  require_scale("spirals", "the noise", noise);
  Dataset dataset = empty_classification("spirals", 2, examples, classes);
  for (Eigen::Index i = 0; i < examples; ++i) {
    Random random = example_random(seed, kSpirals, i);
    const double radius = random.uniform();
    const double arm = static_cast<double>(i % classes) / static_cast<double>(classes);
    const double angle = 2.0 * pi * (turns * radius + arm);
    Eigen::VectorXd spiral(2);
    spiral << radius * std::cos(angle), radius * std::sin(angle);
    dataset.inputs.col(i) = spiral + noise * random.normal_matrix(2, 1);
  }
  dataset.provenance = generated(
      fmt::format("make_spirals({}, {}, {}, {}, {})", examples, classes, turns, noise, seed));
  return dataset;
}

}  // namespace leaveout
