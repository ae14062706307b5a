// SPDX-License-Identifier: MIT
#include "experiments/memorization/memorize_or_generalize_task.h"

#include <algorithm>
#include <cassert>

#include "experiments/harmonic/subset_task.h"
#include "experiments/memorization/grouped_scores.h"
#include "influence/few_parameters/head_leave_one_out.h"
#include "influence/few_parameters/relative_influence.h"
#include "influence/few_parameters/restricted_influence.h"
#include "influence/memorization/counterfactual.h"
#include "influence/memorization/representer_points.h"
#include "influence/memorization/training_set_sums.h"
#include "influence/metrics/ranking.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

void set(ExampleScores& s, const char* name, const VectorXd& values) {
  s.scores.col(score_column(name)) = values;
}

void full_scores(const GroupedTask& task, const VectorXd& theta, double damping, ExampleScores& s) {
  const LeaveOneOut loo(
      *task.model, *task.train, task.settings.weight_decay, damping, theta, theta);
  const InfluenceFunction estimate(loo, {});
  const TrainingSetSums sums = training_set_sums(loo, estimate);
  std::vector<Index> all(static_cast<std::size_t>(task.examples()));
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<Index>(i);
  const Scores scores = estimate.scores(*task.validation, all);
  const VectorXd on_others = mean_influence(scores.values);
  s.signs = held_out_signs(scores.values, sums.self, {.bootstrap = {.seed = s.seed}});
  s.gap = sums.gap;
  s.gradient_norm = sums.gradient_norm;
  s.solved = sums.converged && scores.converged;
  set(s, "self_influence", sums.self);
  set(s, "harm", -on_others);
  set(s, "low_benefit", -benefit_ratios(on_others, sums.self));
  set(s, "opposed", -sums.others);
}

void head_scores(const GroupedTask& task, const VectorXd& theta, double damping, ExampleScores& s) {
  const double weight_decay = task.settings.weight_decay;
  const HeadLeaveOneOut loo(*task.model, *task.train, theta, weight_decay, damping);
  const HeadSelfEffects self = loo.self_effects();
  const MatrixXd a = head_curvature(loo.head(), weight_decay, damping);
  const Solution steps = restricted_steps(a, head_gradients(loo.examples()), task.examples());
  const HeadExamples validation = head_examples(*task.model, *task.validation, theta);
  const MatrixXd scores = head_gradients(validation).transpose() * steps.x;
  s.head_signs = held_out_signs(scores, self.self_influence, {.bootstrap = {.seed = s.seed}});
  s.solved = s.solved && steps.converged;
  set(s, "head_self_influence", self.self_influence);
  set(s, "head_harm", -mean_influence(scores));
  set(s, "head_leave_one_out", self.self_influence_without);
  set(s, "loss", self.loss);
  const RepresenterPoints points =
      representer_points(*task.model, *task.train, theta, {.targets = RepresenterTargets::labels});
  s.solved = s.solved && points.head.converged;
  set(s, "representer", points.importance);
}

/// Those that take trainings of their own.
void trained_scores(const GroupedTask& task,
                    const Settings& settings,
                    const TaskOptions& options,
                    ExampleScores& s) {
  const SubsetTrainings subsets =
      train_random_subsets(task.problem,
                           settings.whole("subsets"),
                           subset_pool(options, task.settings.name + " subsets"));
  s.unconverged = subsets.unconverged;
  const auto memory = [&](const MatrixXd& outputs, QueryOutput kind) {
    return subset_memorization(subsets.masks, outputs, kind);
  };
  const Memorization right = memory(subsets.train_correct, QueryOutput::correct);
  set(s, "memorized", right.values);
  set(s, "memorized_loss", memory(subsets.train_loss, QueryOutput::loss).values);
  set(s, "inconsistency", VectorXd::Ones(right.out.size()) - right.out);

  const EarlyScores early = early_scores_of(task, settings, options);
  set(s, "el2n", early.el2n.mean);
  set(s, "grand", early.grand.mean);
  set(s, "forgetting", forgetting_events_of(task, settings, options));
}

}  // namespace

Index score_column(const std::string& name) {
  const auto at = std::find(kScores.begin(), kScores.end(), name);
  assert(at != kScores.end());
  return at - kScores.begin();
}

std::vector<bool> ExampleScores::memorized() const {
  std::vector<bool> is(groups.size());
  const Index column = score_column("memorized");
  for (std::size_t i = 0; i < is.size(); ++i)
    is[i] = scores(static_cast<Index>(i), column) > kMemorized;
  return is;
}

ExampleScores score_examples(const Job& job, const TaskOptions& options, Index seed) {
  const GroupedTask task = load_grouped_task(job, options, seed);
  const Run base = base_run(task.problem);
  ExampleScores s;
  s.seed = task.settings.seed;
  s.groups = task.groups;
  s.scores.resize(task.examples(), static_cast<Index>(kScores.size()));
  s.stationary = base.converged;
  s.model = describe(task.model->spec());
  s.parameters = task.model->parameter_count();
  s.test_accuracy = test(task, base.theta).accuracy;
  const double damping = job.settings.number("damping");
  full_scores(task, base.theta, damping, s);
  head_scores(task, base.theta, damping, s);
  trained_scores(task, job.settings, options, s);
  return s;
}

std::optional<double> auc(const VectorXd& scores,
                          const std::vector<PlantedGroup>& groups,
                          PlantedGroup group,
                          Against against) {
  std::vector<double> kept;
  std::vector<bool> wanted;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const bool in = groups[i] == group;
    if (!in && against == Against::typical && groups[i] != PlantedGroup::typical) continue;
    kept.push_back(scores(static_cast<Index>(i)));
    wanted.push_back(in);
  }
  if (kept.empty()) return std::nullopt;
  const VectorXd values = Eigen::Map<const VectorXd>(kept.data(), static_cast<Index>(kept.size()));
  return Ranking(merge_ties(values), wanted).auc();
}

std::optional<double> flagged_share(const VectorXd& scores,
                                    const std::vector<PlantedGroup>& groups,
                                    Index count,
                                    PlantedGroup group) {
  if (count == 0) return std::nullopt;
  const double inspected = static_cast<double>(count) / static_cast<double>(scores.size());
  return Ranking(merge_ties(scores), members(groups, group)).recall(inspected);
}

std::optional<double> call_share(const std::vector<SignCall>& calls,
                                 const std::vector<PlantedGroup>& groups,
                                 PlantedGroup group,
                                 SignCall call) {
  Index members = 0, called = 0;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (groups[i] != group) continue;
    ++members;
    if (calls[i] == call) ++called;
  }
  if (members == 0) return std::nullopt;
  return static_cast<double>(called) / static_cast<double>(members);
}

}  // namespace leaveout
