// SPDX-License-Identifier: MIT
#pragma once
// Who is named: what the examples have in common that a score calls most helpful, or most harmful.
//
//   const Neighbourhood near = neighbourhood(task, theta, self);
//   Names names = name(scores.influence, "helpful", 5);           // five a query
//   NameMeasures m = measure(names, near);
//   m[name_metric("outliers")];            // share of all that are named, 0.1 by chance
//
// Distances are Euclidean, of inputs as the model sees them and of the last layer's features, and
// relative to the median over the training examples of the query's class.

#include <array>
#include <optional>

#include "experiments/memorization/grouped_task.h"

namespace leaveout {

/// Shares of the named examples, except for the last four.
inline constexpr std::array<const char*, 12> kNameMetrics = {
    "mislabelled",
    "rare",
    "duplicate",
    "typical",
    "outliers",          // among the tenth of largest self-influence
    "isolated",          // among the tenth farthest from their fifth neighbour of the same label
    "same_class",        // their label is the query's
    "misfit",            // the network gets them wrong
    "rare_of_rare",      // rare among those named for rare queries
    "input_distance",    // relative, 1: as far as the class's median
    "feature_distance",  // likewise
    "distinct"};         // different names, of as many as there could be
Index name_metric(const std::string& name);

using NameMeasures = std::array<std::optional<double>, kNameMetrics.size()>;

/// For each query the named examples, from the first on.
using Names = std::vector<std::vector<Index>>;

/// The `count` most helpful or (helpful = false) most harmful examples by `scores` (Q x N).
Names name_examples(const Eigen::MatrixXd& scores, bool helpful, Index count);

/// All N for each of the queries: what a score is compared with.
Names name_all(Index queries, Index examples);

/// What is known of examples and queries whatever the score.
struct Neighbourhood {
  std::vector<PlantedGroup> groups, query_groups;    // (N), (Q)
  std::vector<Index> labels, query_labels;           // (N), (Q)
  std::vector<bool> outlier, isolated, misfit;       // (N)
  Eigen::MatrixXd input_distance, feature_distance;  // (Q x N), relative; NaN without a median
};

/// `self` (N): self-influences.
Neighbourhood neighbourhood(const GroupedTask& task,
                            const Eigen::VectorXd& theta,
                            const Eigen::VectorXd& self);

/// Undefined where no query is rare, and where no named example has a distance.
NameMeasures measure(const Names& names, const Neighbourhood& near);

/// Euclidean distances of columns, (a's x b's).
Eigen::MatrixXd distances(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b);

/// Row t over its median over the examples whose label is that of query t; NaN where there is none,
/// or where it is 0.
Eigen::MatrixXd relative_to_class(const Eigen::MatrixXd& distances,
                                  const std::vector<Index>& query_labels,
                                  const std::vector<Index>& labels);

/// Distance to the fifth nearest other example of the same label, or to the last where there are
/// fewer; infinite for an example alone with its label. `inputs` (features x N).
Eigen::VectorXd isolation(const Eigen::MatrixXd& inputs, const std::vector<Index>& labels);

/// The tenth of the examples, rounded up, with the largest values.
std::vector<bool> largest_tenth(const Eigen::VectorXd& values);

}  // namespace leaveout
