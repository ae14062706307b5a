// SPDX-License-Identifier: MIT
// Rankings against retraining, both ways to remove against trainings by hand, what the report makes
// of it, and the experiment from the command line.
#include "experiments/memorization/selective_removal.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "datasets/files.h"
#include "experiments/memorization/selective_removal_report.h"
#include "influence/memorization/seeded_training.h"
#include "models/trust_region.h"
#include "tests/support/grouped_removals.h"
#include "tests/support/table_runs.h"

namespace leaveout {

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

Job tiny_job(const std::vector<std::string>& more) {
  std::vector<std::string> set = {"data=planted",
                                  "model=mlp:4",
                                  "max_train=50",
                                  "max_query=60",
                                  "mislabelled=0.2",
                                  "rare=0.1",
                                  "epochs=8",
                                  "batch_size=16",
                                  "period=2",
                                  "warm_up=4",
                                  "fractions=0.1,0.3",
                                  "runs=1",
                                  "early_epochs=2",
                                  "seeds=1"};
  set.insert(set.end(), more.begin(), more.end());
  return job_of(selective_removal_settings(), set);
}

VectorXd ranking(const MatrixXd& scores, const std::string& name) {
  const auto at = std::find(kRemovalRankings.begin(), kRemovalRankings.end(), name);
  REQUIRE(at != kRemovalRankings.end());
  return scores.col(at - kRemovalRankings.begin());
}

/// A seed with these accuracies at 10 %, and nothing else of note.
RemovalSeed scripted(double none, double online, double rival, double rare_lost = 0) {
  RemovalSeed s;
  s.same_bits = true;
  const auto add = [&](const std::string& method, std::optional<double> fraction, double accuracy) {
    RemovalArm arm{.method = method, .fraction = fraction, .accuracy = accuracy, .removed = 0.1};
    arm.of_group[static_cast<std::size_t>(PlantedGroup::rare)] = rare_lost;
    s.arms.push_back(arm);
  };
  add(kNothing, 0, none);
  add(kWithValidation, 0, none);
  add(kOnline, 0.1, online);
  add(kOwnThreshold, std::nullopt, online);
  for (const char* method : kRemovalRankings) add(method, 0.1, rival);
  return s;
}

RemovalResult result(const std::vector<RemovalSeed>& seeds) {
  RemovalResult r;
  r.settings.name = "scripted";
  r.fractions = {0.1};
  r.judged = 0.1;
  r.seeds = seeds;
  return r;
}

std::string verdict_of(const RemovalResult& r, const std::string& words) {
  for (const Verdict& v : judge({r}))
    if (v.claim.find(words) != std::string::npos) return v.verdict;
  return "no such claim";
}

std::vector<std::string> tiny(const std::vector<std::string>& more = {}) {
  std::vector<std::string> set = {"seeds=2", "epochs=8", "warm_up=5"};
  set.insert(set.end(), more.begin(), more.end());
  return set;
}

}  // namespace

TEST_CASE("removal rankings are high for what retraining finds harmful or memorized") {
  const Job job = tiny_job({"model=softmax", "weight_decay=0.3", "damping=0"});
  const GroupedTask task = load_grouped_task(job, {});
  const Objective q = training_objective(*task.model, *task.train, 0.3);
  const VectorXd with = minimise(q, VectorXd::Zero(q.parameter_count())).theta;
  const MatrixXd scores = removal_rankings(task, with, job.settings, {});
  const RetrainedWithout truth = retrain_without_each(task, with);
  CHECK((ranking(scores, "full_influence") - truth.harm).norm() < 0.1 * truth.harm.norm());
  CHECK((ranking(scores, "self_influence") - truth.own).norm() < 0.1 * truth.own.norm());
  // A softmax model is its own last layer.
  const VectorXd head = ranking(scores, "head_influence");
  CHECK((head - ranking(scores, "full_influence")).norm() < 1e-10 * head.norm());
  CHECK((ranking(scores, "loss") - losses(*task.model, *task.train, with)).norm() < 1e-12);
  // The damping is added to the weight decay.
  Job damped = tiny_job({"model=softmax", "weight_decay=0.2", "damping=0.1"});
  const GroupedTask same = load_grouped_task(damped, {});
  const MatrixXd again = removal_rankings(same, with, damped.settings, {});
  for (const char* name : {"full_influence", "self_influence", "head_influence"})
    CHECK((ranking(again, name) - ranking(scores, name)).norm() <
          1e-10 * ranking(scores, name).norm());
}

TEST_CASE("the oracle has wrong labels before all others, which are in the order of random") {
  const Job job = tiny_job({});
  const GroupedTask task = load_grouped_task(job, {}), other = load_grouped_task(job, {}, 1);
  const VectorXd theta = VectorXd::Zero(task.model->parameter_count());
  const MatrixXd scores = removal_rankings(task, theta, job.settings, {});
  const VectorXd oracle = ranking(scores, "oracle"), random = ranking(scores, "random");
  for (Index i = 0; i < 50; ++i) {
    const bool wrong = task.groups[static_cast<std::size_t>(i)] == PlantedGroup::mislabelled;
    CHECK(oracle(i) == random(i) + (wrong ? 1 : 0));
    CHECK(random(i) < 1);
  }
  const VectorXd elsewhere = ranking(removal_rankings(other, theta, job.settings, {}), "random");
  CHECK((random - elsewhere).norm() > 1);
}

TEST_CASE("both ways to remove are the trainings that they say, and remove equally many") {
  const Job job = tiny_job({"harmful=0.001", "max_dropped=0.16"});
  const GroupedTask task = load_grouped_task(job, {});
  const RemovalSeed s = remove_and_train(job, {})[0];
  const auto test_loss = [&](const VectorXd& theta) {
    return losses(*task.model, *task.test, theta).mean();
  };
  const VectorXd full = full_weights(task.problem);
  const VectorXd base = train_seeded(task.problem, full, 0).theta;
  CHECK(find_arm(s, kNothing, 0.3)->loss == test_loss(base));
  CHECK(s.same_bits);
  const MatrixXd scores = removal_rankings(task, base, job.settings, {});
  for (const char* method : kRemovalRankings)
    for (const double fraction : {0.1, 0.3}) {
      CAPTURE(method);
      // By hand: the highest scores, equal ones from the first on.
      VectorXd weights = full, left = merge_ties(ranking(scores, method));
      for (int k = 0; k < std::lround(50 * fraction); ++k) {
        Index worst = 0;
        left.maxCoeff(&worst);
        weights(worst) = 0;
        left(worst) = -HUGE_VAL;
      }
      const RemovalArm* arm = find_arm(s, method, fraction);
      REQUIRE(arm);
      CHECK(arm->loss == test_loss(train_seeded(task.problem, weights, 0).theta));
      CHECK(arm->removed == doctest::Approx(fraction));
    }
  CHECK(*find_arm(s, "oracle", 0.1)->of_group[1] == 0.5);  // 5 of the 10 with a wrong label
  CHECK(*find_arm(s, "oracle", 0.3)->of_group[1] == 1);
  CHECK(*find_arm(s, "oracle", 0.1)->of_group[0] == 0);
  for (const Index dropped : {5, 15}) {
    SelectiveRemoval hook(*task.model,
                          *task.train,
                          *task.validation,
                          task.problem.weight_decay,
                          online_options(job.settings, dropped, 50));
    const VectorXd theta = train_seeded(task.problem, full, 0, &hook).theta;
    const RemovalArm* arm = find_arm(s, kOnline, dropped == 5 ? 0.1 : 0.3);
    CHECK(arm->loss == test_loss(theta));
    CHECK(arm->removed == static_cast<double>(dropped) / 50);
    // Nobody who is out at the end has a higher average than one who is in.
    double out = -HUGE_VAL, in = HUGE_VAL;
    for (Index i = 0; i < 50; ++i) {
      const double average = hook.rule().average()(i);
      if (hook.rule().dropped()[static_cast<std::size_t>(i)])
        out = std::max(out, average);
      else
        in = std::min(in, average);
    }
    CHECK(out <= in);
    CHECK(arm->factorisations == 4);
    CHECK(arm->epochs == doctest::Approx(4 + 4 * (1 - static_cast<double>(dropped) / 50)));
  }
  CHECK(find_arm(s, kOwnThreshold, std::nullopt)->removed <= 0.16);
  CHECK(find_arm(s, "random", 0.3)->epochs == doctest::Approx(0.7 * 8));
  CHECK(find_arm(s, "loss", 0.3)->epochs == doctest::Approx(8 + 0.7 * 8));
  CHECK(find_arm(s, "el2n", 0.3)->epochs == doctest::Approx(2 + 0.7 * 8));
  CHECK(find_arm(s, kWithValidation, 0)->epochs == doctest::Approx(8 * 80.0 / 50));
  CHECK(s.checks.trainings == 4);
  CHECK(s.checks.factorisations == 16);
  CHECK(s.checks.periods == 16);
  CHECK(s.checks.wrong_weights + s.checks.over_cap + s.checks.missed_cap == 0);
  CHECK(find_arm(s, "no such", 0.1) == nullptr);
}

TEST_CASE("a watched removal counts weights that the rule did not give") {
  const Job job = tiny_job({});
  const GroupedTask task = load_grouped_task(job, {});
  WatchedRemoval hook(task, online_options(job.settings, 5, 50));
  VectorXd weights = full_weights(task.problem);
  const VectorXd theta = VectorXd::Constant(task.model->parameter_count(), 0.1);
  hook.after_epoch(1, theta, weights);
  CHECK(hook.checks().missed_cap == 1);  // nothing is dropped yet
  weights(7) *= 2;
  weights(8) = 0;
  hook.after_epoch(3, theta, weights);
  CHECK(hook.checks().wrong_weights == 2);
  CHECK(hook.checks().periods == 0);
  CHECK(hook.epochs() == 2);
  weights = full_weights(task.problem);
  WatchedRemoval other(task, online_options(job.settings, 5, 50));
  other.after_epoch(4, theta, weights);
  CHECK((weights.array() == 0).count() == 5);
  CHECK(other.checks().wrong_weights == 0);
  CHECK(other.checks().periods == 1);
  CHECK(other.checks().missed_cap == 0);
}

TEST_CASE("differences are within a seed, and without an interval for one seed") {
  const RemovalResult r = result({scripted(0.5, 0.7, 0.6), scripted(0.7, 0.9, 0.9)});
  const Estimate none = difference(r, kOnline, kNothing, 0.1, accuracy_of);
  CHECK(*none.value == doctest::Approx(0.2));
  CHECK(none.high - none.low < 1e-12);  // the seeds themselves differ by 0.2
  const Estimate loss = difference(r, kOnline, "loss", 0.1, accuracy_of);
  CHECK(*loss.value == doctest::Approx(0.05));
  CHECK(loss.high == doctest::Approx(0.05 + 12.7062047 * 0.05));  // t(0.975, 1) s / sqrt(2)
  CHECK(*mean_of(r, "loss", 0.1, accuracy_of).value == doctest::Approx(0.75));
  CHECK_FALSE(mean_of(r, "loss", 0.2, accuracy_of).value);
  CHECK(
      difference(result({scripted(0.5, 0.7, 0.6)}), kOnline, "loss", 0.1, accuracy_of).resamples ==
      0);
}

TEST_CASE("removal verdicts follow the paired intervals") {
  const RemovalSeed good = scripted(0.7, 0.8, 0.7), bad = scripted(0.7, 0.6, 0.7);
  const RemovalSeed equal = scripted(0.7, 0.7, 0.7), close = scripted(0.7, 0.695, 0.7);
  for (const char* claim : {"as many at random", "without removal)", "own threshold", "steer"}) {
    CAPTURE(claim);
    CHECK(verdict_of(result({good, good}), claim) == "agrees");
    CHECK(verdict_of(result({bad, bad}), claim) == "disagrees");
    CHECK(verdict_of(result({equal, equal}), claim) == "disagrees");  // not more accurate
    CHECK(verdict_of(result({good, bad}), claim).find("open") == 0);
    CHECK(verdict_of(result({good}), claim).find("not testable") == 0);
  }
  for (const char* rival :
       {"head influence", "full", "self-", "loss", "forgetting", "EL2N", "Gra"}) {
    const std::string claim = std::string("removal by ") + rival;
    CHECK(verdict_of(result({close, close}), claim) == "agrees");
    CHECK(verdict_of(result({bad, bad}), claim) == "disagrees");
  }
  CHECK(verdict_of(result({good, good}), "rare") == "agrees");
  const RemovalSeed costly = scripted(0.7, 0.8, 0.7, 0.2);
  CHECK(verdict_of(result({costly, costly}), "rare") == "disagrees");
  RemovalSeed broken = good;
  CHECK(verdict_of(result({good, broken}), "changes no bit") == "agrees");
  broken.same_bits = false;
  CHECK(verdict_of(result({good, broken}), "changes no bit") == "disagrees");
  for (const auto& [count, claim] : std::vector<std::pair<Index OnlineChecks::*, const char*>>{
           {&OnlineChecks::factorisations, "one Cholesky"},
           {&OnlineChecks::wrong_weights, "weight 0"},
           {&OnlineChecks::over_cap, "cap is never"},
           {&OnlineChecks::missed_cap, "cap is never"}}) {
    broken = good;
    CHECK(verdict_of(result({good, broken}), claim) == "agrees");
    broken.checks.*count = 1;
    CHECK(verdict_of(result({good, broken}), claim) == "disagrees");
  }
}

TEST_CASE("a user's classes are removed and trained upon, with one bit pattern on two threads") {
  const TemporaryFolder folder;
  write_tables(folder, 100);
  CHECK(changed_by_threads("selective-removal",
                           folder,
                           "classes.csv",
                           tiny(),
                           {"runs.csv", "summary.csv", "verdicts.csv", "selective-removal.csv"}) ==
        std::vector<std::string>{});
  const std::string labels =
      read_file(folder / "1/selective-removal/quick/selective-removal_labels.gp");
  CHECK(labels.find(kWhoseDefinitionsNote) != std::string::npos);
}

TEST_CASE("what cannot be removed is refused in one line") {
  const TemporaryFolder folder;
  write_tables(folder, 100);
  const auto refused = [&](const char* table, const char* set, const char* word) {
    const auto outcome = run_on_table("selective-removal", folder, table, "none", tiny({set}));
    CHECK_MESSAGE(is_refused(outcome, word), outcome.second);
  };
  refused("numbers.csv", "mislabelled=0", "classes");
  refused("classes.csv", "early_epochs=9", "early_epochs");
  refused("classes.csv", "judged=0.15", "judged");
  refused("classes.csv", "warm_up=6", "warm_up");
  refused("classes.csv", "memory=1", "memory");
  CHECK(read_fractions(tiny_job({}).settings) == std::vector<double>{0.1, 0.3});
  for (const char* set : {"fractions=", "fractions=0.2,0.1", "fractions=0.2,1", "fractions=0.2,x"})
    CHECK_THROWS_AS(read_fractions(tiny_job({set}).settings), std::invalid_argument);
}

}  // namespace leaveout
