// SPDX-License-Identifier: MIT
#pragma once

// Examples of which it is known why a network would have to memorize them, put in on purpose.
//
//   mislabelled   another class than its own (noise.h)
//   rare          of a style that few examples of one class have, and rightly labelled
//   duplicate     one of two equal rows
//   typical       all others
//
// A rare example is right and of use, to queries of its style: the query set has as large a share
// of them, so that forgetting the style costs something. Styles are maps of the inputs:
//
//   images   their negative, maximum - x
//   tables   every feature 2 deviations up or down, with signs drawn once per seed
//   make_planted_groups: a cluster as far from the other classes as these are from each other
//
//   PlantedGroups d = make_planted_groups(600, 300, 2, 3.0, {.mislabelled = 0.1}, seed);
//   PlantedGroups e = plant_groups(parts.train, parts.query, {}, seed);    // before standardising
//   Ranking(scores, members(e.groups, PlantedGroup::mislabelled)).auc();
//
// Law. Rows of a smaller mislabelled share are among those of a larger one with the same seed and
// the same other shares, and get the same wrong class.

#include <cstdint>
#include <string>
#include <vector>

#include "datasets/dataset.h"

namespace leaveout {

enum class PlantedGroup { typical, mislabelled, rare, duplicate };
std::string planted_group_name(PlantedGroup group);

/// Shares of the training examples, each at least 0, together at most 1.
struct PlantedShares {
  double mislabelled = 0.1;
  double rare = 0.02;  // of the queries too
  double duplicate = 0.1;
  Eigen::Index rare_class = 0;  // the class that has the rare style
};

struct PlantedGroups {
  Dataset train, query;
  std::vector<PlantedGroup> groups;        // of the training examples
  std::vector<PlantedGroup> query_groups;  // typical or rare
};

/// Which of the examples are of `group`.
std::vector<bool> members(const std::vector<PlantedGroup>& groups, PlantedGroup group);

/// Changes round(share * size) rows for each group (of duplicates an even number: both twins are
/// in the group), all drawn without replacement; no row is of two groups and no row moves. Throws
/// std::invalid_argument ("[planted groups] ...", one line) for data without classes, shares that
/// do not fit, and a class that has fewer examples than are to be rare.
PlantedGroups plant_groups(const Dataset& train,
                           const Dataset& query,
                           const PlantedShares& shares,
                           std::uint64_t seed);

/// Three classes with the groups planted. Class c = i mod 3 is normal with deviation 1 in every
/// feature around m_c = separation (cos a, sin a, 0, ..., 0), a = 2 pi c / 3; the rare style of
/// class c is the same around -2 m_c, beyond the other two. Needs two features or more.
PlantedGroups make_planted_groups(Eigen::Index train,
                                  Eigen::Index query,
                                  Eigen::Index features,
                                  double separation,
                                  const PlantedShares& shares,
                                  std::uint64_t seed);

}  // namespace leaveout
