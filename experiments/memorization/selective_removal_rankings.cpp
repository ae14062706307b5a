// SPDX-License-Identifier: MIT
// Who goes first, by each ranking.
#include <algorithm>
#include <cassert>

#include "experiments/memorization/grouped_scores.h"
#include "experiments/memorization/selective_removal_task.h"
#include "influence/few_parameters/restricted_influence.h"
#include "influence/memorization/seeded_training.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr std::uint64_t kRandomOrder = 0x52454d4f56;  // its stream of random numbers

Index ranking_column(const std::string& name) {
  const auto at = std::find(kRemovalRankings.begin(), kRemovalRankings.end(), name);
  assert(at != kRemovalRankings.end());
  return at - kRemovalRankings.begin();
}

/// By all parameters: one matrix, one decomposition, for the harm to V and for self-influence.
void full_rankings(
    const GroupedTask& task, const VectorXd& theta, double damping, int threads, MatrixXd& scores) {
  const Objective q = training_objective(*task.model, *task.train, task.problem.weight_decay);
  MatrixXd c = Evaluator(q).curvature(theta, Curvature::gauss_newton, threads);
  c.diagonal().array() += damping;
  const MatrixXd g = loss_gradients(*task.model, *task.train, theta);
  const VectorXd v = loss_gradients(*task.model, *task.validation, theta).rowwise().mean();
  const MatrixXd steps = restricted_steps(c, g, task.examples()).x;
  scores.col(ranking_column("full_influence")) = -(steps.transpose() * v);
  scores.col(ranking_column("self_influence")) = g.cwiseProduct(steps).colwise().sum().transpose();
}

}  // namespace

MatrixXd removal_rankings(const GroupedTask& task,
                          const VectorXd& theta,
                          const Settings& settings,
                          const TaskOptions& options) {
  MatrixXd scores(task.examples(), static_cast<Index>(kRemovalRankings.size()));
  const auto set = [&](const char* name, const VectorXd& values) {
    scores.col(ranking_column(name)) = values;
  };
  const double damping = settings.number("damping");
  HeadScorer head(*task.model, *task.train, *task.validation, task.problem.weight_decay, damping);
  set("head_influence", -head.at(theta, full_weights(task.problem), options.threads).scores);
  full_rankings(task, theta, damping, options.threads, scores);
  set("loss", losses(*task.model, *task.train, theta));

  set("forgetting", forgetting_events_of(task, settings, options));
  const EarlyScores early = early_scores_of(task, settings, options);
  set("el2n", early.el2n.mean);
  set("grand", early.grand.mean);

  const VectorXd order = random_order(task, kRandomOrder);
  set("random", order);
  set("oracle", wrong_first(task, order));
  return scores;
}

}  // namespace leaveout
