// SPDX-License-Identifier: MIT
#include "experiments/memorization/grouped_scores.h"

#include <doctest/doctest.h>

#include <cmath>

#include "influence/memorization/forgetting.h"
#include "tests/support/table_runs.h"

namespace leaveout {

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

Job job_with(const std::string& more) {
  return job_of(plain_grouped_task_settings(),
                {"data=planted", "max_train=40", "max_query=40", "model=mlp:3", "epochs=6", more});
}

/// The settings of an experiment that averages trainings.
Settings runs_of(Index runs, Index early_epochs) {
  Settings s(
      {{"runs", SettingType::whole, "1", ""}, {"early_epochs", SettingType::whole, "0", ""}});
  s.set("runs=" + std::to_string(runs));
  s.set("early_epochs=" + std::to_string(early_epochs));
  return s;
}

}  // namespace

TEST_CASE("early scores and forgetting events are of so many runs, at so early an epoch") {
  const GroupedTask task = load_grouped_task(job_with("mislabelled=0.2"), {});
  SubsetProblem three = task.problem;
  three.seeds = 3;
  const MatrixXd thetas = early_thetas(three, 2, {});
  VectorXd mean = VectorXd::Zero(40), lengths = mean;
  for (Index s = 0; s < 3; ++s) {
    mean += el2n(*task.model, *task.train, thetas.col(s)) / 3;
    lengths += grand(*task.model, *task.train, thetas.col(s)) / 3;
  }
  const EarlyScores early = early_scores_of(task, runs_of(3, 2), {});
  CHECK((early.el2n.mean - mean).norm() < 1e-13);
  CHECK((early.grand.mean - lengths).norm() < 1e-13);
  CHECK(forgetting_events_of(task, runs_of(3, 2), {}) == forgetting_scores(three, {}).events);
}

TEST_CASE("random orders have a stream each, and wrong labels go before them all") {
  const GroupedTask task = load_grouped_task(job_with("mislabelled=0.2"), {});
  const VectorXd one = random_order(task, 1), other = random_order(task, 2);
  CHECK(one == random_order(task, 1));
  CHECK((one - other).norm() > 1);
  CHECK(one.minCoeff() >= 0);
  CHECK(one.maxCoeff() < 1);
  const VectorXd first = wrong_first(task, one);
  Index wrong = 0;
  for (Index i = 0; i < 40; ++i) {
    const bool is = task.groups[static_cast<std::size_t>(i)] == PlantedGroup::mislabelled;
    wrong += is ? 1 : 0;
    CHECK(first(i) == one(i) + (is ? 1 : 0));
  }
  CHECK(wrong == 8);
}

TEST_CASE("accuracy and loss are of the test part, convex models at their minimum") {
  const GroupedTask task = load_grouped_task(job_with("model=softmax"), {});
  const Run base = base_run(task.problem);
  CHECK(base.converged);
  const MatrixXd logits = outputs(*task.model, task.test->inputs, base.theta);
  double right = 0, loss = 0;
  for (Index t = 0; t < task.test->size(); ++t) {
    Index said = 0;
    logits.col(t).maxCoeff(&said);
    right += said == task.test->label(t) ? 1 : 0;
    loss += std::log(logits.col(t).array().exp().sum()) - logits(task.test->label(t), t);
  }
  const auto n = static_cast<double>(task.test->size());
  CHECK(test(task, base.theta).accuracy == right / n);
  CHECK(test(task, base.theta).loss == doctest::Approx(loss / n).epsilon(1e-12));
}

}  // namespace leaveout
