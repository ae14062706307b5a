// SPDX-License-Identifier: MIT
// What the experiment makes of scores, calls and groups, and the experiment from the command line.
#include "experiments/memorization/memorize_or_generalize.h"

#include <doctest/doctest.h>

#include "datasets/files.h"
#include "experiments/memorization/memorize_or_generalize_report.h"
#include "influence/memorization/counterfactual.h"
#include "models/trust_region.h"
#include "tests/support/grouped_removals.h"
#include "tests/support/table_runs.h"

namespace leaveout {

namespace {

using Eigen::VectorXd;

constexpr PlantedGroup kWrong = PlantedGroup::mislabelled, kRare = PlantedGroup::rare,
                       kTwin = PlantedGroup::duplicate, kTypical = PlantedGroup::typical;

/// Six examples with the harm `harm`, all other scores 0, that no seed tells apart otherwise.
ExampleScores six(const std::vector<double>& harm) {
  ExampleScores s;
  s.groups = {kWrong, kRare, kTwin, kTwin, kTypical, kTypical};
  s.scores = Eigen::MatrixXd::Zero(6, static_cast<Index>(kScores.size()));
  for (Index i = 0; i < 6; ++i)
    s.scores(i, score_column("harm")) = harm[static_cast<std::size_t>(i)];
  s.signs.calls = {SignCall::memorize,
                   SignCall::neutral,
                   SignCall::generalize,
                   SignCall::memorize,
                   SignCall::generalize,
                   SignCall::generalize};
  s.signs.expected_by_chance = 1;
  s.stationary = true;
  return s;
}

MemorizeResult result(const std::vector<ExampleScores>& seeds) {
  MemorizeResult r;
  r.settings.name = "six";
  r.seeds = seeds;
  return r;
}

std::string verdict_of(const MemorizeResult& r, const std::string& words) {
  for (const Verdict& v : judge({r}))
    if (v.claim.find(words) != std::string::npos) return v.verdict;
  return "no such claim";
}

Job planted_job(const std::vector<std::string>& more) {
  std::vector<std::string> set = {"data=planted", "max_train=60", "max_query=40"};
  set.insert(set.end(), more.begin(), more.end());
  return job_of(memorize_or_generalize_settings(), set);
}

Eigen::MatrixXd means(const Eigen::MatrixXd& logits) {
  Eigen::MatrixXd p = logits.array().exp().matrix();
  for (Index i = 0; i < p.cols(); ++i) p.col(i) /= p.col(i).sum();
  return p;
}

std::vector<std::string> tiny(const std::vector<std::string>& more = {}) {
  std::vector<std::string> set = {"seeds=2", "epochs=6", "early_epochs=2", "runs=1", "subsets=50"};
  set.insert(set.end(), more.begin(), more.end());
  return set;
}

}  // namespace

TEST_CASE("a group is told from typical examples alone, or from all others; ties count by half") {
  const ExampleScores s = six({0, 0, 0, 0, 0, 0});
  VectorXd scores(6);
  scores << 4, 5, 3, 1, 3, 2;
  CHECK(*auc(scores, s.groups, kWrong, Against::all_others) == doctest::Approx(4.0 / 5));
  CHECK(*auc(scores, s.groups, kWrong, Against::typical) == 1);
  CHECK(*auc(scores, s.groups, kTwin, Against::typical) == doctest::Approx(1.5 / 4));
  scores(2) += 1e-15;  // rounding breaks no tie
  CHECK(*auc(scores, s.groups, kTwin, Against::typical) == doctest::Approx(1.5 / 4));
  CHECK_FALSE(auc(scores, std::vector<PlantedGroup>(6, kTypical), kRare, Against::typical));
  CHECK_FALSE(auc(scores, std::vector<PlantedGroup>(6, kWrong), kRare, Against::typical));
}

TEST_CASE("the top of a score is shared out by group; of equal scores any are as likely in it") {
  const ExampleScores s = six({0, 0, 0, 0, 0, 0});
  VectorXd scores(6);
  scores << 9, 8, 7, 7 + 1e-15, 7, 1;  // rounding breaks no tie
  const auto top = [&](Index count, PlantedGroup group) {
    return *flagged_share(scores, s.groups, count, group);
  };
  CHECK(top(1, kWrong) == 1);
  CHECK(top(1, kRare) == 0);
  CHECK(top(3, kRare) == 1);
  CHECK(top(3, kTwin) == doctest::Approx(1.0 / 3));  // one of three places, for two of them
  CHECK(top(3, kTypical) == doctest::Approx(1.0 / 6));
  CHECK(top(6, kTypical) == 1);
  CHECK_FALSE(flagged_share(scores, s.groups, 0, kWrong));
  CHECK_FALSE(flagged_share(scores, std::vector<PlantedGroup>(6, kTypical), 1, kWrong));
}

TEST_CASE("flagged are as many as are planted of a kind, and every score has its confusion") {
  // The two highest hold the wrong label and a twin; the one highest alone is a twin.
  ExampleScores s = six({2, 0, 3, 0, 0, 1});
  s.groups = {kWrong, kRare, kTwin, kTwin, kTypical, kWrong};
  const Index harm = score_column("harm");
  CHECK(*flagged_share(s, harm, kTopMislabelled, kWrong) == 0.5);
  CHECK(*flagged_share(s, harm, kTopMislabelled, kTwin) == 0.5);
  CHECK(*flagged_share(s, harm, kTopMislabelled, kRare) == 0);
  CHECK(*flagged_share(s, harm, kTopRare, kWrong) == 0);
  CHECK(*flagged_share(s, harm, kTopRare, kTwin) == 0.5);
  ExampleScores other = s;
  other.scores(0, harm) = 0;
  const Estimate mean = flagged_over_seeds(result({s, other}), harm, kTopMislabelled, kWrong);
  CHECK(*mean.value == doctest::Approx(0.5));  // the second seed flags the other of the two
  const std::string table = flagged_table(result({s, other}));
  CHECK(table.find("by chance") != std::string::npos);
  CHECK(table.find("0.33") != std::string::npos);  // 2 of 6
  CHECK(table.find("0.17") != std::string::npos);  // 1 of 6
}

TEST_CASE("calls are shares of their group") {
  const ExampleScores s = six({0, 0, 0, 0, 0, 0});
  const auto share = [&](PlantedGroup group, SignCall call) {
    return *call_share(s.signs.calls, s.groups, group, call);
  };
  CHECK(share(kWrong, SignCall::memorize) == 1);
  CHECK(share(kTwin, SignCall::memorize) == 0.5);
  CHECK(share(kTypical, SignCall::generalize) == 1);
  CHECK(share(kRare, SignCall::generalize) == 0);
  CHECK_FALSE(
      call_share(s.signs.calls, std::vector<PlantedGroup>(6, kRare), kTwin, SignCall::neutral));
}

TEST_CASE("verdicts follow the intervals over seeds") {
  const ExampleScores good = six({9, 1, 1, 1, 1, 1}), bad = six({0, 1, 1, 1, 1, 1});
  CHECK(verdict_of(result({good, good}), "paper") == "agrees");
  CHECK(verdict_of(result({bad, bad}), "paper") == "disagrees");
  CHECK(verdict_of(result({good, bad}), "paper").find("open") == 0);
  CHECK(verdict_of(result({good}), "paper").find("not testable") == 0);
  // Of five calls one is by chance; rare examples and typical ones are never called memorize.
  CHECK(verdict_of(result({good, good}), "by chance") == "agrees");
  CHECK(verdict_of(result({good, good}), "rare") == "agrees");
  const ExampleScores long_tail = six({1, 9, 1, 1, 1, 1});  // the rare one is taken for wrong
  CHECK(verdict_of(result({good, good}), "no larger share") == "agrees");
  CHECK(verdict_of(result({long_tail, long_tail}), "no larger share") == "disagrees");
  CHECK(verdict_of(result({good, long_tail}), "no larger share").find("open") == 0);
  ExampleScores changed = good;
  changed.signs.calls[1] = SignCall::memorize;
  CHECK(verdict_of(result({changed, changed}), "rare") == "disagrees");
  changed.signs.expected_by_chance = 4;
  CHECK(verdict_of(result({changed, changed}), "by chance") == "disagrees");
  // Duplicates with more self-influence, a gap, and no optimum.
  changed.scores.col(score_column("self_influence")) << 0, 0, 1, 1, 0, 0;
  CHECK(verdict_of(result({changed, changed}), "duplicates") == "disagrees");
  CHECK(verdict_of(result({good, good}), "theory") == "agrees");
  changed.gap = 1e-3;
  CHECK(verdict_of(result({good, changed}), "theory") == "disagrees");
  changed.stationary = false;
  CHECK(verdict_of(result({good, changed}), "theory").find("not testable") == 0);
}

TEST_CASE("of a convex model scores are what retraining without the example does") {
  const Job job = planted_job(
      {"model=softmax", "weight_decay=0.1", "damping=0", "subsets=50", "runs=1", "epochs=5"});
  const ExampleScores s = score_examples(job, {}, 0);
  CHECK(s.stationary);
  CHECK(s.gap < 1e-8);
  const auto score = [&](const char* name) -> VectorXd { return s.scores.col(score_column(name)); };
  // A softmax model is its own last layer.
  CHECK((score("self_influence") - score("head_self_influence")).norm() < 1e-10);
  CHECK((score("harm") - score("head_harm")).norm() < 1e-10);
  CHECK(s.signs.calls == s.head_signs.calls);
  const VectorXd product = score("low_benefit").cwiseProduct(score("self_influence"));
  CHECK((product - score("harm")).norm() < 1e-10);

  const GroupedTask task = load_grouped_task(job, {});
  const Objective q = training_objective(*task.model, *task.train, task.settings.weight_decay);
  const VectorXd with = minimise(q, VectorXd::Zero(q.parameter_count())).theta;
  const RetrainedWithout without = retrain_without_each(task, with);
  CHECK((score("self_influence") - without.own).norm() < 0.1 * without.own.norm());
  CHECK((score("harm") - without.harm).norm() < 0.1 * without.harm.norm());
  // What all others add to each example, by the weight decay and its self-influence.
  const Eigen::MatrixXd c = Evaluator(q).curvature(with, Curvature::gauss_newton);
  const Eigen::MatrixXd g = loss_gradients(*task.model, *task.train, with);
  const VectorXd shrunk = c.llt().solve(with);
  const VectorXd opposed = 0.1 * (g.transpose() * shrunk) + score("self_influence");
  CHECK((score("opposed") - opposed).norm() < 1e-8 * opposed.norm());
  // Leverage makes what is lost without an example more than the first order says.
  CHECK((score("head_leave_one_out") - score("head_self_influence")).minCoeff() > 0);
  CHECK((score("loss") - losses(*task.model, *task.train, with)).norm() < 1e-8);
  // Representer points: the head retrained with lambda |W|^2; the head is all there is.
  const VectorXd head =
      minimise(training_objective(*task.model, *task.train, 2 * 0.003), with).theta;
  const Eigen::MatrixXd residuals =
      means(outputs(*task.model, task.train->inputs, head)) - task.train->targets;
  for (Index i = 0; i < 60; ++i)
    CHECK(score("representer")(i) ==
          doctest::Approx(std::abs(residuals(task.train->label(i), i)) / (2 * 0.003 * 60)));
}

TEST_CASE(
    "memorization is what trainings with an example get right more often than those without") {
  const Job job =
      planted_job({"subsets=50", "runs=1", "epochs=3", "early_epochs=1", "model=softmax"});
  const ExampleScores s = score_examples(job, {}, 0);
  const GroupedTask task = load_grouped_task(job, {});
  const SubsetTrainings all = train_random_subsets(task.problem, 50, {});
  for (Index i = 0; i < 60; ++i) {
    double in = 0, right_in = 0, right_out = 0;
    for (Index m = 0; m < 50; ++m) {
      in += all.masks(i, m);
      (all.masks(i, m) > 0 ? right_in : right_out) += all.train_correct(m, i);
    }
    const double out = right_out / (50 - in);
    CHECK(s.scores(i, score_column("memorized")) == doctest::Approx(right_in / in - out));
    CHECK(s.scores(i, score_column("inconsistency")) == doctest::Approx(1 - out));
  }
}

TEST_CASE("a user's classes go through the whole experiment, with one bit pattern on two threads") {
  const TemporaryFolder folder;
  write_tables(folder, 100);
  const char* const name = "memorize-or-generalize";
  CHECK(changed_by_threads(
            name,
            folder,
            "classes.csv",
            tiny(),
            {"runs.csv", "summary.csv", "verdicts.csv", "memorize-or-generalize.csv"}) ==
        std::vector<std::string>{});
  const std::string summary = read_file(folder / "1/memorize-or-generalize/quick/summary.csv");
  for (const TopOfScore& top : {kTopMislabelled, kTopRare}) {
    std::size_t rows = 0;
    for (auto at = summary.find(top.metric); at != std::string::npos;
         at = summary.find(top.metric, at + 1))
      ++rows;
    CHECK(rows == kScores.size() * kGroupsInOrder.size());
  }
  const std::string labels =
      read_file(folder / "1/memorize-or-generalize/quick/memorize-or-generalize_labels.gp");
  CHECK(labels.find(kWhoseDefinitionsNote) != std::string::npos);
}

TEST_CASE("what cannot be scored is refused in one line") {
  const TemporaryFolder folder;
  write_tables(folder, 100);
  const auto refused = [&](const char* table, const char* set, const char* word) {
    const auto outcome = run_on_table("memorize-or-generalize", folder, table, "none", tiny({set}));
    CHECK_MESSAGE(is_refused(outcome, word), outcome.second);
  };
  refused("numbers.csv", "rare=0.02", "classes");
  refused("numbers.csv", "mislabelled=0", "classes");
  refused("classes.csv", "early_epochs=7", "early_epochs");
  refused("classes.csv", "subsets=5", "subsets");
  refused("classes.csv", "mislabelled=2", "planted groups");
}

}  // namespace leaveout
