// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "datasets/dataset.h"

namespace leaveout {

namespace {

struct Moments {
  double mean;
  double scale;
};

/// Mean and population deviation of one column; scale 1 if all values are equal.
Moments moments(const Eigen::VectorXd& values, const std::string& name) {  // (examples)
  const double first = values(0);
  // Compared by value, not by a deviation of exactly zero: the mean of equal numbers may be
  // rounded.
  if ((values.array() == first).all()) return {first, 1.0};
  const auto size = static_cast<double>(values.size());
  const double mean = values.sum() / size;
  const Eigen::ArrayXd centred = values.array() - mean;  // (examples)
  // Squares are taken relative to the largest, which keeps columns of 1e-200 or 1e200 in range.
  const double largest = centred.abs().maxCoeff();
  const double scale = largest * std::sqrt((centred / largest).square().sum() / size);
  if (!std::isfinite(mean) || !std::isfinite(scale) || scale == 0.0) {
    throw std::invalid_argument(fmt::format(
        "[standardise] column '{}' has no finite mean and deviation: remove values that are "
        "too large or not numbers",
        name));
  }
  return {mean, scale};
}

void require(bool equal, const char* what, Eigen::Index got, Eigen::Index expected) {
  if (equal) return;
  throw std::invalid_argument(
      fmt::format("[standardise] got {} {} where the training data have {}: use the same columns",
                  got,
                  what,
                  expected));
}

std::string name_of(const std::vector<std::string>& names, Eigen::Index i) {
  const auto index = static_cast<std::size_t>(i);
  return index < names.size() ? names[index] : fmt::format("{}", i);
}

}  // namespace

Standardizer Standardizer::fit(const Dataset& train) {
  if (train.size() == 0) {
    throw std::invalid_argument(
        fmt::format("[standardise] '{}' has no examples: fit on one or more", train.name));
  }
  Standardizer result;
  result.input_mean = Eigen::VectorXd::Zero(train.features());
  result.input_scale = Eigen::VectorXd::Ones(train.features());
  result.target_mean = Eigen::VectorXd::Zero(train.outputs());
  result.target_scale = Eigen::VectorXd::Ones(train.outputs());
  if (train.task == Task::reconstruction) return result;
  for (Eigen::Index i = 0; i < train.features(); ++i) {
    const Moments m = moments(train.inputs.row(i), name_of(train.feature_names, i));
    result.input_mean(i) = m.mean;
    result.input_scale(i) = m.scale;
  }
  if (train.task == Task::regression) {
    for (Eigen::Index i = 0; i < train.outputs(); ++i) {
      const Moments m = moments(train.targets.row(i), train.target_name);
      result.target_mean(i) = m.mean;
      result.target_scale(i) = m.scale;
    }
  }
  return result;
}

Dataset Standardizer::apply(const Dataset& dataset) const {
  require(
      dataset.features() == input_mean.size(), "features", dataset.features(), input_mean.size());
  require(
      dataset.outputs() == target_mean.size(), "outputs", dataset.outputs(), target_mean.size());
  Dataset result = dataset;
  result.inputs.colwise() -= input_mean;
  result.inputs.array().colwise() /= input_scale.array();
  result.targets.colwise() -= target_mean;
  result.targets.array().colwise() /= target_scale.array();
  return result;
}

Dataset Standardizer::invert(const Dataset& dataset) const {
  require(
      dataset.features() == input_mean.size(), "features", dataset.features(), input_mean.size());
  Dataset result = dataset;
  result.inputs.array().colwise() *= input_scale.array();
  result.inputs.colwise() += input_mean;
  result.targets = invert_targets(dataset.targets);
  return result;
}

Eigen::MatrixXd Standardizer::invert_targets(const Eigen::MatrixXd& targets) const {
  require(targets.rows() == target_mean.size(), "outputs", targets.rows(), target_mean.size());
  Eigen::MatrixXd result = targets;  // (outputs x columns)
  result.array().colwise() *= target_scale.array();
  result.colwise() += target_mean;
  return result;
}

}  // namespace leaveout
