// SPDX-License-Identifier: MIT
#include "datasets/planted_groups.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <stdexcept>

#include "datasets/noise.h"
#include "datasets/random.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

enum Purpose : std::uint64_t { kTrainRows = 1, kQueryRows, kStyle, kExample };

Random stream(std::uint64_t seed, Purpose purpose, Index i = 0) {
  return Random(seed, {0x706c616e /* "plan" */, purpose, static_cast<std::uint64_t>(i)});
}

void require(bool ok, const std::string& what) {
  if (!ok) throw std::invalid_argument("[planted groups] " + what);
}

/// x becomes factor x + shift.
struct Style {
  double factor = 1;
  VectorXd shift;  // (features)
};

Index count(double share, Index size) {
  return static_cast<Index>(std::lround(share * static_cast<double>(size)));
}

void check(const Dataset& data, const PlantedShares& shares) {
  require(data.task == Task::binary || data.task == Task::multiclass,
          fmt::format("'{}' is a {} and has no classes: use data of a binary or multiclass task",
                      data.name,
                      task_name(data.task)));
  require(shares.mislabelled >= 0 && shares.rare >= 0 && shares.duplicate >= 0 &&
              shares.mislabelled + shares.rare + shares.duplicate <= 1,
          fmt::format("shares, expected at least 0 and together at most 1, got {}, {} and {}",
                      shares.mislabelled,
                      shares.rare,
                      shares.duplicate));
  const auto classes = static_cast<Index>(data.task == Task::binary ? 2 : data.outputs());
  require(shares.rare_class >= 0 && shares.rare_class < classes,
          fmt::format("rare_class, expected 0 to {}, got {}", classes - 1, shares.rare_class));
}

/// Gives the style to the first examples of the rare class in `order`, and takes them out of it.
void plant_rare(Dataset& data,
                const PlantedShares& shares,
                const Style& style,
                std::vector<Index>& order,
                std::vector<PlantedGroup>& groups) {
  const Index wanted = count(shares.rare, data.size());
  Index planted = 0;
  std::vector<Index> rest;
  for (const Index row : order) {
    if (planted == wanted || data.label(row) != shares.rare_class) {
      rest.push_back(row);
      continue;
    }
    ++planted;
    data.inputs.col(row) = style.factor * data.inputs.col(row) + style.shift;
    groups[static_cast<std::size_t>(row)] = PlantedGroup::rare;
  }
  require(planted == wanted,
          fmt::format("{} of {} examples of '{}' to be rare, but class {} has only {}: choose a "
                      "smaller share or another class",
                      wanted,
                      data.size(),
                      data.name,
                      shares.rare_class,
                      planted));
  order = std::move(rest);
}

/// Pairs of the first rows of `rest` become twins, the next ones get wrong labels.
void plant_others(Dataset& data,
                  const PlantedShares& shares,
                  std::uint64_t seed,
                  const std::vector<Index>& rest,
                  std::vector<PlantedGroup>& groups) {
  const auto twins = 2 * static_cast<std::size_t>(count(shares.duplicate / 2, data.size()));
  const auto wrong = static_cast<std::size_t>(count(shares.mislabelled, data.size()));
  require(
      twins + wrong <= rest.size(),
      fmt::format("{} examples are too few for these shares: choose smaller ones", data.size()));
  for (std::size_t k = 0; k < twins; ++k) {
    groups[static_cast<std::size_t>(rest[k])] = PlantedGroup::duplicate;
    if (k % 2 == 0) continue;
    data.inputs.col(rest[k]) = data.inputs.col(rest[k - 1]);
    data.targets.col(rest[k]) = data.targets.col(rest[k - 1]);
  }
  const std::vector<Index> rows(rest.begin() + static_cast<std::ptrdiff_t>(twins),
                                rest.begin() + static_cast<std::ptrdiff_t>(twins + wrong));
  if (rows.empty()) return;
  const NoisyLabels noisy = corrupt_labels(take(data, rows), 1, seed);
  for (std::size_t k = 0; k < rows.size(); ++k) {
    groups[static_cast<std::size_t>(rows[k])] = PlantedGroup::mislabelled;
    data.targets.col(rows[k]) = noisy.dataset.targets.col(static_cast<Index>(k));
  }
}

PlantedGroups plant(const Dataset& train,
                    const Dataset& query,
                    const PlantedShares& shares,
                    const Style& style,
                    std::uint64_t seed) {
  PlantedGroups d{train, query, {}, {}};
  d.groups.assign(static_cast<std::size_t>(train.size()), PlantedGroup::typical);
  d.query_groups.assign(static_cast<std::size_t>(query.size()), PlantedGroup::typical);
  std::vector<Index> order = stream(seed, kTrainRows).permutation(train.size());
  plant_rare(d.train, shares, style, order, d.groups);
  plant_others(d.train, shares, seed, order, d.groups);
  order = stream(seed, kQueryRows).permutation(query.size());
  plant_rare(d.query, shares, style, order, d.query_groups);
  return d;
}

Style style_of(const Dataset& train, std::uint64_t seed) {
  const MatrixXd& x = train.inputs;
  if (!train.image.empty()) {
    const double maximum = train.image.maximum > 0 ? train.image.maximum : x.maxCoeff();
    return {-1, VectorXd::Constant(x.rows(), maximum)};
  }
  VectorXd shift = Standardizer::fit(train).input_scale;
  Random random = stream(seed, kStyle);
  for (Index f = 0; f < x.rows(); ++f) {
    const double sign = (random.bits() & 1) != 0 ? 1 : -1;
    // The scale of a constant feature is 1, and it stays constant.
    shift(f) = x.row(f).minCoeff() == x.row(f).maxCoeff() ? 0 : 2 * sign * shift(f);
  }
  return {1, shift};
}

VectorXd class_mean(Index label, Index features, double separation) {
  const double angle = 2 * std::numbers::pi * static_cast<double>(label) / 3;
  VectorXd mean = VectorXd::Zero(features);
  mean.head(2) << separation * std::cos(angle), separation * std::sin(angle);
  return mean;
}

Dataset three_classes(Index examples, Index features, double separation, std::uint64_t seed) {
  Dataset data;
  data.name = "planted_groups";
  data.task = Task::multiclass;
  data.target_name = "class";
  data.inputs.resize(features, examples);
  data.targets.setZero(3, examples);
  for (Index f = 1; f <= features; ++f) data.feature_names.push_back(fmt::format("x{}", f));
  for (Index c = 0; c < 3; ++c) data.class_names.push_back(fmt::format("class{}", c));
  for (Index i = 0; i < examples; ++i) {
    data.targets(i % 3, i) = 1;
    data.inputs.col(i) = class_mean(i % 3, features, separation) +
                         stream(seed, kExample, i).normal_matrix(features, 1);
  }
  return data;
}

std::vector<Index> rows(Index first, Index last) {
  std::vector<Index> all;
  for (Index i = first; i < last; ++i) all.push_back(i);
  return all;
}

}  // namespace

std::string planted_group_name(PlantedGroup group) {
  switch (group) {
    case PlantedGroup::mislabelled:
      return "mislabelled";
    case PlantedGroup::rare:
      return "rare";
    case PlantedGroup::duplicate:
      return "duplicate";
    default:
      return "typical";
  }
}

std::vector<bool> members(const std::vector<PlantedGroup>& groups, PlantedGroup group) {
  std::vector<bool> of;
  of.reserve(groups.size());
  for (const PlantedGroup g : groups) of.push_back(g == group);
  return of;
}

PlantedGroups plant_groups(const Dataset& train,
                           const Dataset& query,
                           const PlantedShares& shares,
                           std::uint64_t seed) {
  check(train, shares);
  require(query.features() == train.features() && query.outputs() == train.outputs(),
          fmt::format("queries, expected {} features and {} outputs as the training examples have, "
                      "got {} and {}",
                      train.features(),
                      train.outputs(),
                      query.features(),
                      query.outputs()));
  return plant(train, query, shares, style_of(train, seed), seed);
}

PlantedGroups make_planted_groups(Index train,
                                  Index query,
                                  Index features,
                                  double separation,
                                  const PlantedShares& shares,
                                  std::uint64_t seed) {
  require(train >= 3 && query >= 0 && features >= 2,
          fmt::format("sizes, expected 3 training examples, 0 queries and 2 features or more, got "
                      "{}, {} and {}",
                      train,
                      query,
                      features));
  require(separation >= 0 && std::isfinite(separation),
          fmt::format("separation, expected finite and at least 0, got {}", separation));
  Dataset all = three_classes(train + query, features, separation, seed);
  all.provenance = {fmt::format("make_planted_groups({}, {}, {}, {}, {{{}, {}, {}, {}}}, {})",
                                train,
                                query,
                                features,
                                separation,
                                shares.mislabelled,
                                shares.rare,
                                shares.duplicate,
                                shares.rare_class,
                                seed),
                    "none: generated",
                    ""};
  check(all, shares);
  const Style style{1, -3 * class_mean(shares.rare_class, features, separation)};
  return plant(
      take(all, rows(0, train)), take(all, rows(train, train + query)), shares, style, seed);
}

}  // namespace leaveout
