// SPDX-License-Identifier: MIT
// Scores against retraining, quotas and paired differences by hand, and cleaning end to end.
#include "experiments/trajectory/data_cleaning.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "datasets/files.h"
#include "experiments/cli.h"
#include "experiments/trajectory/data_cleaning_report.h"
#include "influence/memorization/seeded_training.h"
#include "influence/trajectory/counterfactual_runs.h"
#include "influence/trajectory/diff_in.h"
#include "influence/trajectory/tracin.h"
#include "tests/support/table_runs.h"
#include "tests/support/temporary_folder.h"

namespace leaveout {

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

Job tiny_job(const std::vector<std::string>& more) {
  Job job;
  job.settings = Settings(data_cleaning_settings());
  for (const char* s : {"data=planted",
                        "model=mlp:3",
                        "max_train=40",
                        "max_query=60",
                        "mislabelled=0.2",
                        "epochs=6",
                        "batch_size=10",
                        "noise=0.1,0.25",
                        "runs=1",
                        "early_epochs=2",
                        "seeds=2"})
    job.settings.set(s);
  for (const std::string& s : more) job.settings.set(s);
  job.task = read_task_settings(job.settings, {});
  return job;
}

std::pair<int, std::string> run(const TemporaryFolder& folder,
                                const std::string& table,
                                const std::string& out,
                                const std::vector<std::string>& more,
                                const std::string& threads = "1") {
  std::vector<std::string> set = {"seeds=2", "epochs=6"};
  set.insert(set.end(), more.begin(), more.end());
  return run_on_table("data-cleaning", folder, table, out, set, threads);
}

/// Two seeds in which Diff-In has this AUC and accuracy, and all others that.
CleaningResult scripted(double ours, double theirs) {
  CleaningResult r;
  r.settings.name = "scripted";
  r.noise = {0.1, 0.3};
  for (const std::uint64_t seed : {1, 2})
    for (const double noise : r.noise)
      for (const char* method : kSuspicions) {
        const double value =
            std::string(method).find("diff_in") == std::string::npos ? theirs : ours;
        const double shift = 0.1 * static_cast<double>(seed) + noise;
        for (const char* metric : {"auc", "accuracy"})
          r.table.add({seed, "", noise, method, metric, value + shift});
      }
  return r;
}

}  // namespace

TEST_CASE("means over seeds and shares, and differences paired within a seed") {
  SeedTable table;
  for (const std::uint64_t seed : {1, 2}) {
    const double level = static_cast<double>(seed);  // seeds differ, differences do not
    table.add({seed, "", 0.1, "a", "accuracy", level + 0.5});
    table.add({seed, "", 0.3, "a", "accuracy", level + 0.7});
    table.add({seed, "", 0.1, "b", "accuracy", level});
    table.add({seed, "", 0.3, "b", "accuracy", level});
    table.add({seed, "x", 0.1, "b", "accuracy", -9});
    table.add({seed, "", 0.1, "b", "loss", 9});
  }
  CHECK(*table.mean({"", 0.1, "a", "accuracy"}).value == doctest::Approx(2));
  CHECK(*table.mean({"", std::nullopt, "a", "accuracy"}).value == doctest::Approx(2.1));
  const Estimate gain = table.difference({"", std::nullopt, "a", "accuracy"}, "b");
  CHECK(*gain.value == doctest::Approx(0.6));
  CHECK(gain.high - gain.low < 1e-12);
  CHECK(is_higher(gain) == "agrees");
  CHECK(is_higher(table.difference({"", 0.1, "b", "accuracy"}, "a")) == "disagrees");
  CHECK(is_higher(table.difference({"", 0.1, "a", "accuracy"}, "a")) == "disagrees");
  CHECK_FALSE(table.mean({"", 0.2, "a", "accuracy"}).value);
  CHECK(seed_verdict("t", "p", "c", table.mean({"", 0.2, "a", "x"}), "agrees")
            .verdict.find("not testable") == 0);
  Estimate none;  // as where no input tells rows apart: every difference is exactly zero
  none.value = 0;
  none.low = none.high = 0;
  none.resamples = none.n = 3;
  CHECK(seed_verdict("t", "p", "c", none, is_higher(none)).verdict ==
        "not testable: no difference in any seed");
  const auto shares = [](const std::string& set) {
    return read_shares(tiny_job({set}).settings, "noise", "x");
  };
  CHECK(shares("noise=0.1,0.5") == std::vector<double>{0.1, 0.5});
  for (const char* set : {"noise=", "noise=0.2,0.1", "noise=1", "noise=0", "noise=x"})
    CHECK_THROWS_AS(shares(set), std::invalid_argument);
}

TEST_CASE("the highest go by score, then by row, and quotas follow the classes' shares") {
  VectorXd scores(8);
  scores << 3, 1, 3, 2, 9, 8, 7, 6;
  CHECK(highest(scores, 3) == std::vector<Index>{4, 5, 6});
  CHECK(highest(scores, 5) == std::vector<Index>{0, 4, 5, 6, 7});  // of the equal ones the first
  CHECK(highest(scores, 0).empty());
  CHECK(all_but(4, {1, 2}) == std::vector<Index>{0, 3});
  // Five of class 0, three of class 1; of four, 2.5 and 1.5: the tie goes to the first class.
  const std::vector<Index> classes = {0, 0, 0, 0, 1, 1, 1, 0};
  CHECK(highest_of_each_class(scores, classes, 4) == std::vector<Index>{0, 2, 4, 7});
  CHECK(highest_of_each_class(scores, classes, 8).size() == 8);
}

TEST_CASE("scores of a task are those of its recorded training, with harm on top") {
  const Job job = tiny_job({});
  TaskOptions two_threads;
  two_threads.threads = 2;
  const std::vector<ScoredTask> tasks =
      score_examples({job}, {kSuspicions.begin(), kSuspicions.end()}, two_threads);
  REQUIRE(tasks.size() == 2);
  const RecordedTask recorded(job, {}, 1);
  const ScoredTask& s = tasks[1];
  CHECK(s.theta == recorded.log.end.theta);
  const CheckpointChoice five{Sampling::random, 5, recorded.data.settings.seed};
  DiffInOptions o;
  o.checkpoints = five;
  CHECK(s.of("self_diff_in") == diff_in_self_influence(recorded.path(), o));
  CHECK(s.of("self_tracin") ==
        tracin_self_influence(recorded.path(), choose_checkpoints(recorded.log.steps(), five)));
  CHECK(s.of("loss") == losses(recorded.model(), *recorded.data.train, s.theta));
  // Self-influence by hand.
  MatrixXd h = Evaluator(recorded.objective).curvature(s.theta, Curvature::gauss_newton);
  h.diagonal().array() += 0.001;
  const MatrixXd g = loss_gradients(recorded.model(), *recorded.data.train, s.theta);
  const MatrixXd solved = h.ldlt().solve(g);
  const VectorXd own = g.cwiseProduct(solved).colwise().sum().transpose() / 40;
  CHECK((s.of("self_influence") - own).norm() < 1e-8 * own.norm());
  // Whose removal lowers the validation part's loss most, by retraining, is the most suspicious.
  std::vector<Group> each;
  for (Index i = 0; i < 40; ++i) each.push_back({i});
  const QueryLosses v(recorded.model(), *recorded.data.validation, QueryLosses::As::mean);
  const CounterfactualRuns runs = counterfactual_runs(recorded.path(), each);
  const VectorXd truth = counterfactual_scores(recorded.path(), runs, v).values.row(0).transpose();
  CHECK(*spearman(suspicion(s, "validation_unrolled"), -truth) > 0.95);
  CHECK(*spearman(suspicion(s, "validation_tracin"), -truth) > 0.5);
  CHECK(suspicion(s, "loss") == VectorXd(s.of("loss")));
}

TEST_CASE("cleaning trains on those that are left, as long as on all") {
  const Job job = tiny_job({"seeds=1", "noise=0.25"});
  const CleaningResult r = clean(job, {});
  Job noisy = job;
  noisy.settings.set("mislabelled=0.25");
  const GroupedTask task = load_grouped_task(noisy, {});
  const std::vector<bool> wrong = task.members(PlantedGroup::mislabelled);
  std::vector<Index> kept;
  for (Index i = 0; i < 40; ++i)
    if (!wrong[static_cast<std::size_t>(i)]) kept.push_back(i);
  REQUIRE(kept.size() == 30);
  const Dataset rest = take(*task.train, kept);
  SubsetProblem problem = task.problem;
  problem.train = &rest;
  problem.protocol.epochs = 8;  // 3 steps each where all had 6 epochs of 4
  const VectorXd theta = train_seeded(problem, full_weights(problem), 0).theta;
  CHECK(*r.table.mean({"", 0.25, "oracle", "loss"}).value == test(task, theta).loss);
  CHECK(*r.table.mean({"", 0.25, "oracle", "auc"}).value == 1);
  CHECK(*r.table.mean({"", 0.25, "oracle", "recall"}).value == 1);
  CHECK(*r.table.mean({"", 0.25, "oracle", "precision_at_half"}).value == 1);
  const VectorXd all = train_seeded(task.problem, full_weights(task.problem), 0).theta;
  CHECK(*r.table.mean({"", 0.25, kUncleaned, "loss"}).value == test(task, all).loss);
}

TEST_CASE("without wrong labels there is nothing to find") {
  const CleaningResult none = clean(tiny_job({"noise=0.001"}), {});
  CHECK(none.without == std::set<double>{0.001});
  for (const Verdict& v : judge(none)) CHECK(v.verdict == "not testable: no label is wrong");
  CHECK(none.table.mean({"", 0.001, kUncleaned, "accuracy"}).value.has_value());
  CHECK_FALSE(none.table.mean({"", 0.001, "oracle", "accuracy"}).value.has_value());
  CHECK(cleaning_table(none).find("no label is wrong at a share of 0.001") != std::string::npos);
  const CleaningResult both = clean(tiny_job({"noise=0.001,0.25", "seeds=1"}), {});
  CHECK(*both.table.mean({"", 0.25, "oracle", "auc"}).value == 1);
  CHECK(judge(both)[0].verdict == "not testable: one seed has no interval");
}

TEST_CASE("a score beyond all bounds cleans nothing, and the others do") {
  const TemporaryFolder folder;
  write_tables(folder, 80);
  const std::vector<std::string> set = {
      "model=logistic", "learning_rate=1e60", "weight_decay=0", "damping=1e-200", "noise=0.2"};
  const auto outcome = run(folder, "classes.csv", "out", set);
  CAPTURE(outcome.second);
  REQUIRE(outcome.first == kSuccess);
  const std::string out = folder / "out/data-cleaning/quick/";
  CHECK(read_file(out + "run.json").find("self_influence: values beyond all bounds") !=
        std::string::npos);
  const std::string rows = read_file(out + "runs.csv");
  CHECK(rows.find(",self_influence,") == std::string::npos);
  CHECK(rows.find(",self_tracin,accuracy") != std::string::npos);
}

TEST_CASE("cleaning verdicts follow the paired intervals") {
  const auto of = [](double ours, double theirs) {
    std::vector<std::string> says;
    for (const Verdict& v : judge(scripted(ours, theirs))) says.push_back(v.verdict);
    return says;
  };
  for (const std::string& v : of(0.2, 0.1)) CHECK(v == "agrees");
  for (const std::string& v : of(0.1, 0.2)) CHECK(v == "disagrees");
  CHECK(judge(scripted(0.2, 0.1))[0].measured.find("0.100") == 0);
}

TEST_CASE("a user's table is cleaned, with one bit pattern on two threads") {
  const TemporaryFolder folder;
  write_tables(folder, 80);
  const auto outcome = run(folder, "classes.csv", "one", {});
  CAPTURE(outcome.second);
  REQUIRE(outcome.first == kSuccess);
  REQUIRE(run(folder, "classes.csv", "two", {}, "2").first == kSuccess);
  for (const char* file : {"runs.csv", "summary.csv", "verdicts.csv", "data-cleaning.csv"}) {
    const auto text = [&](const char* out) {
      return read_file(folder / (std::string(out) + "/data-cleaning/quick/" + file));
    };
    CHECK_MESSAGE(text("one") == text("two"), file);
    CHECK(text("one").size() > 100);
  }
  const auto refused = [&](const char* table, const char* set, const char* word) {
    const auto failed = run(folder, table, "none", {set});
    CHECK(failed.first == kUserError);
    CHECK_MESSAGE(failed.second.find(word) != std::string::npos, failed.second);
    CHECK(std::count(failed.second.begin(), failed.second.end(), '\n') == 1);
  };
  refused("numbers.csv", "noise=0.1", "classes");
  refused("classes.csv", "early_epochs=9", "early_epochs");
  refused("classes.csv", "checkpoints=10000", "checkpoints");
  refused("classes.csv", "noise=0.2,0.1", "noise");
  refused("classes.csv",
          "momentum=0.9",
          "[data-cleaning] task classes: optimiser, expected sgd without momentum");
}

}  // namespace leaveout
