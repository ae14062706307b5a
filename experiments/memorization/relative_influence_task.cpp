// SPDX-License-Identifier: MIT
#include "experiments/memorization/relative_influence_task.h"

#include <algorithm>
#include <cassert>

#include "influence/harmonic/query_output.h"
#include "influence/metrics/correlation.h"
#include "influence/metrics/ranking.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

void add_names(const RelativeScores& scores, const Neighbourhood& near, RelativeSeed& s) {
  for (const RankingName& ranking : kNamingRankings)
    for (const std::string side : kSides) {
      const Names longest =
          name_examples(scores_of(scores, ranking.name), side == "helpful", kListLengths.back());
      for (const Index length : kListLengths) {
        Names names = longest;
        for (std::vector<Index>& list : names)
          list.resize(std::min(list.size(), static_cast<std::size_t>(length)));
        s.rows.push_back({ranking.name, side, length, measure(names, near)});
      }
    }
  const Names all = name_all(s.queries, s.examples);
  s.rows.push_back({kAllExamples, "", s.examples, measure(all, near)});
}

void add_tells(const RelativeScores& scores,
               const std::vector<PlantedGroup>& groups,
               RelativeSeed& s) {
  const std::pair<const char*, VectorXd> by[] = {{"low_benefit", -scores.benefit},
                                                 {"harm", -scores.on_valid},
                                                 {"self_influence", scores.self}};
  const std::pair<PlantedGroup, PlantedGroup> pairs[] = {
      {PlantedGroup::mislabelled, PlantedGroup::typical},
      {PlantedGroup::rare, PlantedGroup::typical},
      {PlantedGroup::mislabelled, PlantedGroup::rare},
      {PlantedGroup::duplicate, PlantedGroup::typical}};
  for (const auto& [name, values] : by)
    for (const auto& [group, from] : pairs)
      s.tells.push_back({name, group, from, auc_between(values, groups, group, from)});
}

/// The first queries of each kind: typical and read rightly, rare, misread.
std::vector<ShownQuery> first_of_each_kind(const GroupedTask& task,
                                           const MatrixXd& logits,
                                           const VectorXd& right) {
  std::vector<ShownQuery> found;
  for (const std::string kind : {"typical", "rare", "misread"})
    for (Index t = 0; t < right.size(); ++t) {
      const bool rare = task.test_groups[static_cast<std::size_t>(t)] == PlantedGroup::rare;
      const bool misread = right(t) < 0.5;
      if (kind == "misread" ? !misread || rare : kind == "rare" ? !rare : rare || misread) continue;
      ShownQuery q{t, kind};
      if (logits.rows() > 1)
        logits.col(t).maxCoeff(&q.read_as);
      else
        q.read_as = logits(0, t) > 0 ? 1 : 0;
      found.push_back(q);
      break;
    }
  return found;
}

void add_shown(const GroupedTask& task,
               const RelativeScores& scores,
               const MatrixXd& logits,
               const VectorXd& right,
               RelativeSeed& s) {
  if (s.examples < 2) return;
  s.shown = first_of_each_kind(task, logits, right);
  for (ShownQuery& q : s.shown)
    for (const RankingName& ranking : kShown) {
      const VectorXd row = scores_of(scores, ranking.name).row(q.query).transpose();
      const std::vector<Index> helpful = largest_of(row, 2), harmful = largest_of(-row, 1);
      q.names.push_back({helpful[0], helpful[1], harmful[0]});
    }
}

VectorXd rightly_read(const MatrixXd& logits, const Dataset& data) {
  return output_values(QueryOutput::correct, logits, data.targets, data.task);
}

}  // namespace

const MatrixXd& scores_of(const RelativeScores& s, const std::string& ranking) {
  if (ranking == "theta_relatif") return s.theta_relatif;
  if (ranking == "loss_relatif") return s.loss_relatif;
  if (ranking == "ratio") return s.ratio;
  if (ranking == "per_self") return s.per_self;
  assert(ranking == "influence");
  return s.influence;
}

const NameMeasures& RelativeSeed::names_of(const std::string& score,
                                           const std::string& side,
                                           Index length) const {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const NamedRow& r) {
    return r.score == score && (score == kAllExamples || (r.side == side && r.length == length));
  });
  assert(found != rows.end());
  return found->measures;
}

RelativeSeed measure_relative(const GroupedTask& task,
                              const VectorXd& theta,
                              const RelativeOptions& how) {
  const RelativeScores scores = relative_scores(task, theta, how);
  const MatrixXd logits = outputs(*task.model, task.test->inputs, theta);
  const VectorXd right = rightly_read(logits, *task.test);
  RelativeSeed s;
  s.seed = task.settings.seed;
  s.checks = scores.checks;
  s.reference_helps = scores.reference_helps;
  s.gradient_norm = scores.gradient_norm;
  s.solved = scores.solved;
  s.train_accuracy =
      rightly_read(outputs(*task.model, task.train->inputs, theta), *task.train).mean();
  s.test_accuracy = right.mean();
  s.model = describe(task.model->spec());
  s.parameters = theta.size();
  s.examples = task.examples();
  s.queries = task.test->size();
  add_names(scores, neighbourhood(task, theta, scores.self), s);
  add_tells(scores, task.groups, s);
  add_shown(task, scores, logits, right, s);
  return s;
}

std::optional<double> auc_between(const VectorXd& scores,
                                  const std::vector<PlantedGroup>& groups,
                                  PlantedGroup group,
                                  PlantedGroup from) {
  std::vector<double> kept;
  std::vector<bool> wanted;
  for (std::size_t i = 0; i < groups.size(); ++i)
    if (groups[i] == group || groups[i] == from) {
      kept.push_back(scores(static_cast<Index>(i)));
      wanted.push_back(groups[i] == group);
    }
  if (kept.empty()) return std::nullopt;
  const VectorXd values = Eigen::Map<const VectorXd>(kept.data(), static_cast<Index>(kept.size()));
  return Ranking(merge_ties(values), wanted).auc();
}

}  // namespace leaveout
