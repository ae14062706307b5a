// SPDX-License-Identifier: MIT
#include "datasets/planted_groups.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "datasets/registry.h"
#include "datasets/synthetic.h"

namespace leaveout {

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

std::vector<Index> rows_of(const std::vector<PlantedGroup>& groups, PlantedGroup group) {
  std::vector<Index> rows;
  for (std::size_t i = 0; i < groups.size(); ++i)
    if (groups[i] == group) rows.push_back(static_cast<Index>(i));
  return rows;
}

bool has_twin(const Dataset& data, Index i, const std::vector<Index>& among) {
  return std::any_of(among.begin(), among.end(), [&](Index j) {
    return j != i && data.inputs.col(i) == data.inputs.col(j) &&
           data.targets.col(i) == data.targets.col(j);
  });
}

constexpr PlantedShares kClean{.mislabelled = 0, .rare = 0, .duplicate = 0};

}  // namespace

TEST_CASE("planted groups are of the sizes asked for, and each is what its name says") {
  const PlantedShares shares{.mislabelled = 0.15, .rare = 0.05, .duplicate = 0.1, .rare_class = 1};
  const double s = 4;
  const PlantedGroups d = make_planted_groups(600, 200, 3, s, shares, 5);
  const PlantedGroups clean = make_planted_groups(600, 200, 3, s, kClean, 5);
  const auto in = [&](PlantedGroup g) { return rows_of(d.groups, g); };
  CHECK(in(PlantedGroup::mislabelled).size() == 90);
  CHECK(in(PlantedGroup::rare).size() == 30);
  CHECK(in(PlantedGroup::duplicate).size() == 60);
  CHECK(in(PlantedGroup::typical).size() == 420);
  CHECK(rows_of(clean.groups, PlantedGroup::typical).size() == 600);
  for (const Index i : in(PlantedGroup::typical)) {
    CHECK(d.train.inputs.col(i) == clean.train.inputs.col(i));
    CHECK(d.train.targets.col(i) == clean.train.targets.col(i));
    CHECK(d.train.label(i) == i % 3);
  }
  for (const Index i : in(PlantedGroup::mislabelled)) {
    CHECK(d.train.inputs.col(i) == clean.train.inputs.col(i));
    CHECK(d.train.label(i) != i % 3);
    CHECK(d.train.targets.col(i).sum() == 1);
  }
  const std::vector<Index> twins = in(PlantedGroup::duplicate);
  for (const Index i : twins) CHECK(has_twin(d.train, i, twins));
  for (const Index i : in(PlantedGroup::rare)) {
    CHECK(i % 3 == 1);
    CHECK(d.train.label(i) == 1);
  }
  const std::vector<bool> rare = members(d.groups, PlantedGroup::rare);
  CHECK(std::count(rare.begin(), rare.end(), true) == 30);
  CHECK(planted_group_name(PlantedGroup::rare) == "rare");
}

TEST_CASE("the rare style lies as far from the other classes as these from each other") {
  const PlantedGroups d = make_planted_groups(
      3000, 3000, 2, 5, {.mislabelled = 0, .rare = 0.1, .duplicate = 0, .rare_class = 2}, 1);
  const auto centre = [](const Dataset& data, const std::vector<Index>& rows) {
    return VectorXd(take(data, rows).inputs.rowwise().mean());
  };
  std::vector<std::vector<Index>> classes(3);
  for (const Index i : rows_of(d.groups, PlantedGroup::typical))
    classes[static_cast<std::size_t>(i % 3)].push_back(i);
  const VectorXd c0 = centre(d.train, classes[0]), c1 = centre(d.train, classes[1]);
  const VectorXd c2 = centre(d.train, classes[2]);
  const double error = std::sqrt(2 / 300.0), side = 5 * std::sqrt(3.0);
  CHECK(std::abs((c0 - c1).norm() - side) < 4 * error);
  for (const auto* part : {&d.train, &d.query}) {
    const auto& groups = part == &d.train ? d.groups : d.query_groups;
    const std::vector<Index> rows = rows_of(groups, PlantedGroup::rare);
    REQUIRE(rows.size() == 300);
    const VectorXd rare = centre(*part, rows);
    CHECK(std::abs((rare - c0).norm() - side) < 4 * error);
    CHECK(std::abs((rare - c1).norm() - side) < 4 * error);
    CHECK(std::abs((rare - c2).norm() - 15) < 4 * error);
    for (const Index i : rows) CHECK(part->label(i) == 2);
  }
}

TEST_CASE("the same seed plants the same, and more wrong labels hold the fewer ones") {
  const auto with = [](double mislabelled, std::uint64_t seed) {
    return make_planted_groups(200, 50, 2, 3, {.mislabelled = mislabelled}, seed);
  };
  const PlantedGroups few = with(0.1, 3), many = with(0.3, 3), again = with(0.1, 3);
  CHECK(few.train.inputs == again.train.inputs);
  CHECK(few.train.targets == again.train.targets);
  CHECK(few.groups == again.groups);
  CHECK(few.query.inputs == again.query.inputs);
  for (const Index i : rows_of(few.groups, PlantedGroup::mislabelled)) {
    CHECK(many.groups[static_cast<std::size_t>(i)] == PlantedGroup::mislabelled);
    CHECK(few.train.targets.col(i) == many.train.targets.col(i));
  }
  CHECK(few.groups != with(0.1, 4).groups);
}

TEST_CASE("in images the rare style is the negative, with every label right") {
  const Split parts = split(load_dataset("digits"), 0.5, 1);
  const PlantedShares shares{.rare_class = 7};
  const PlantedGroups d = plant_groups(parts.train, parts.query, shares, 2);
  const std::vector<Index> rare = rows_of(d.groups, PlantedGroup::rare);
  CHECK(rare.size() == 18);  // 2 % of 898 or 899
  for (const Index i : rare) {
    CHECK(d.train.inputs.col(i) + parts.train.inputs.col(i) == VectorXd::Constant(64, 16));
    CHECK(d.train.label(i) == 7);
    CHECK(parts.train.label(i) == 7);
  }
  CHECK(d.query.targets == parts.query.targets);
  const std::vector<Index> asked = rows_of(d.query_groups, PlantedGroup::rare);
  CHECK(asked.size() == 18);
  for (Index i = 0; i < d.query.size(); ++i) {
    const bool same = d.query.inputs.col(i) == parts.query.inputs.col(i);
    CHECK(same == (std::find(asked.begin(), asked.end(), i) == asked.end()));
  }
}

TEST_CASE("in tables the rare style is a move by two deviations, the same for all") {
  Dataset data = make_blobs(240, 4, 2, 1, 6);  // binary
  data.inputs.row(3).setConstant(7);
  const Split parts = split(data, 0.75, 1);
  const PlantedGroups d = plant_groups(parts.train, parts.query, {.rare_class = 1}, 2);
  const VectorXd scale = Standardizer::fit(parts.train).input_scale;
  const auto moved = [](const Dataset& after, const Dataset& before, Index i) {
    return VectorXd(after.inputs.col(i) - before.inputs.col(i));
  };
  const std::vector<Index> rare = rows_of(d.groups, PlantedGroup::rare);
  REQUIRE(rare.size() == 4);
  const VectorXd first = moved(d.train, parts.train, rare[0]);
  for (Index f = 0; f < 3; ++f) CHECK(std::abs(first(f)) == doctest::Approx(2 * scale(f)));
  CHECK(first(3) == 0);
  for (const Index i : rare) CHECK((moved(d.train, parts.train, i) - first).norm() < 1e-12);
  const std::vector<Index> asked = rows_of(d.query_groups, PlantedGroup::rare);
  REQUIRE(asked.size() == 1);
  CHECK((moved(d.query, parts.query, asked[0]) - first).norm() < 1e-12);
  for (const Index i : rows_of(d.groups, PlantedGroup::mislabelled))
    CHECK(d.train.label(i) == 1 - parts.train.label(i));
}

TEST_CASE("what cannot be planted is refused in one line") {
  const Dataset line = make_linear_regression(20, 2, 0.1, 1);
  CHECK_THROWS_WITH_AS(plant_groups(line, line, {}, 1),
                       "[planted groups] 'linear_regression' is a regression and has no classes: "
                       "use data of a binary or multiclass task",
                       std::invalid_argument);
  const auto make = [](const PlantedShares& shares) {
    return make_planted_groups(60, 30, 2, 3, shares, 1);
  };
  CHECK_THROWS_WITH_AS(make({.rare = 0.5}),
                       "[planted groups] 30 of 60 examples of 'planted_groups' to be rare, but "
                       "class 0 has only 20: choose a smaller share or another class",
                       std::invalid_argument);
  CHECK_THROWS_AS(make({.mislabelled = -0.1}), std::invalid_argument);
  CHECK_THROWS_AS(make({.mislabelled = 0.9, .duplicate = 0.2}), std::invalid_argument);
  CHECK_THROWS_AS(make({.rare_class = 3}), std::invalid_argument);
  CHECK_THROWS_AS(make_planted_groups(60, 30, 1, 3, {}, 1), std::invalid_argument);
  CHECK_THROWS_AS(make_planted_groups(60, 30, 2, -1, {}, 1), std::invalid_argument);
  const Dataset blobs = make_blobs(30, 2, 3, 1, 1);
  CHECK_THROWS_AS(plant_groups(blobs, make_blobs(30, 3, 3, 1, 1), {}, 1), std::invalid_argument);
}

}  // namespace leaveout
