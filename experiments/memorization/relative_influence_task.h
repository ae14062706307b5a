// SPDX-License-Identifier: MIT
#pragma once
// One trained network: whom each score names, and what the benefit ratio tells.
//
//   RelativeSeed s = measure_relative(task, theta, {.damping = 0.001});
//   s.names_of("loss_relatif", "helpful", 5)[name_metric("outliers")];
//   s.tells[0].score, s.tells[0].auc;

#include "experiments/memorization/relative_influence_names.h"
#include "experiments/memorization/relative_influence_scores.h"

namespace leaveout {

/// Scores that order the examples each in its own way (shares order as influence does, cosine as
/// loss_relatif does), and how tables call them.
struct RankingName {
  const char *name, *title;
};
inline constexpr std::array<RankingName, 5> kNamingRankings = {
    {{"influence", "influence, shares"},
     {"theta_relatif", "theta-RelatIF"},
     {"loss_relatif", "l-RelatIF, cosine"},
     {"ratio", "ratio to one example"},
     {"per_self", "per self-influence"}}};
inline constexpr const char* kAllExamples = "all";  // in the place of a score: everyone is named
inline constexpr std::array<const char*, 2> kSides = {"helpful", "harmful"};
inline constexpr std::array<Index, 3> kListLengths = {1, 5, 10};

const Eigen::MatrixXd& scores_of(const RelativeScores& scores, const std::string& ranking);

/// Two groups that a score tells apart, if it does; all scores high where an example is expected
/// to be mislabelled: benefit and on_valid with their signs turned.
struct RelativeTelling {
  std::string score;  // low_benefit, harm, self_influence
  PlantedGroup group, from;
  std::optional<double> auc = {};  // P(member of group above one of from)
};

/// Whom one score names on one side.
struct NamedRow {
  std::string score, side;
  Index length = 0;  // of each query's list
  NameMeasures measures = {};
};

/// A test query to be shown, with the examples named for it.
struct ShownQuery {
  Index query = 0;
  std::string kind;  // typical, rare, misread
  Index read_as = 0;
  std::vector<std::array<Index, 3>> names = {};  // of kShown: two most helpful, most harmful
};
/// The scores that are shown side by side.
inline constexpr std::array<RankingName, 3> kShown = {
    {{"influence", "influence"}, {"loss_relatif", "ℓ-RelatIF"}, {"theta_relatif", "θ-RelatIF"}}};

struct RelativeSeed {
  std::uint64_t seed = 0;
  std::vector<NamedRow> rows = {};  // kNamingRankings x kSides x kListLengths, then kAllExamples
  std::vector<RelativeTelling> tells = {};
  std::vector<ShownQuery> shown = {};
  RelativeChecks checks = {};
  double reference_helps = 0, gradient_norm = 0, train_accuracy = 0, test_accuracy = 0;
  bool solved = false;
  std::string model = {};
  Index parameters = 0, examples = 0, queries = 0;

  /// Of a row that exists.
  const NameMeasures& names_of(const std::string& score,
                               const std::string& side,
                               Index length) const;
};

RelativeSeed measure_relative(const GroupedTask& task,
                              const Eigen::VectorXd& theta,
                              const RelativeOptions& how);

/// P(a member of `group` scores above one of `from`), ties by half; undefined where one is empty.
std::optional<double> auc_between(const Eigen::VectorXd& scores,
                                  const std::vector<PlantedGroup>& groups,
                                  PlantedGroup group,
                                  PlantedGroup from);

}  // namespace leaveout
