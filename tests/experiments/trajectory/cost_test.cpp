// SPDX-License-Identifier: MIT
// Costs where they are known, and the experiment from the command line.
#include "experiments/trajectory/cost.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <sstream>

#include "datasets/files.h"
#include "datasets/random.h"
#include "experiments/cli.h"
#include "experiments/trajectory/cost_report.h"
#include "influence/metrics/closeness.h"
#include "influence/trajectory/unrolled.h"
#include "tests/support/temporary_folder.h"

namespace leaveout {

namespace {

using Eigen::VectorXd;

Job planted_job(const std::vector<std::string>& more) {
  Job job;
  job.settings = Settings(cost_settings());
  for (const char* set :
       {"data=planted", "max_train=20", "max_query=20", "batch_size=5", "epochs=3"})
    job.settings.set(set);
  for (const std::string& set : more) job.settings.set(set);
  job.task = read_task_settings(job.settings, {});
  return job;
}

CostSeed measured(const std::vector<std::string>& more, Index checkpoints = 5) {
  TrajectoryOptions how;
  how.sampled.count = checkpoints;
  how.diff_in.sum_over_steps = true;
  how.damping = 0.001;
  return measure_cost(RecordedTask(planted_job(more), {}), {}, how);
}

/// Three seeds with these passes and errors after the best scalar.
CostResult made(double tracin, double diff_in, double tracin_error, double diff_in_error) {
  CostResult r{TaskSettings{}, "softmax", 5, {}};
  for (std::uint64_t s = 0; s < 3; ++s) {
    CostSeed seed{s, 20, 9, 12, 1.0, 10.0};
    const auto add = [&](const char* name, double passes, double error) {
      CostRow row{name};
      row.passes = passes;
      row.error = error + 0.001 * static_cast<double>(s);
      seed.rows.push_back(row);
    };
    add("unrolled", 20, 0);
    add("tracin_checkpoints", tracin, tracin_error);
    add("diff_in", 2 * diff_in, diff_in_error);
    add("diff_in_differences", diff_in, diff_in_error);
    add("moso", 1, 0);  // of another question: no rival
    r.seeds.push_back(std::move(seed));
  }
  return r;
}

std::string verdict_on(const CostResult& r, const std::string& claim) {
  for (const Verdict& v : judge({r}))
    if (v.claim.find(claim) != std::string::npos) return v.verdict;
  return "missing";
}

struct Ran {
  int status;
  std::string err;
};

Ran run(const TemporaryFolder& folder, const std::string& out, std::vector<std::string> more) {
  Random random(5);
  std::string text = "a,b,y\n";
  for (int i = 0; i < 30; ++i) {
    const double a = random.normal(), b = random.normal();
    text += fmt::format("{},{},{}\n", a, b, a - 0.5 * b + 0.3 * random.normal());
  }
  write_file(folder / "t.csv", text);
  std::vector<std::string> args = {
      "run", "cost", "--preset", "quick", "--quiet", "--data", folder / "t.csv"};
  args.insert(args.end(), {"--target", "y", "--out", folder / out});
  args.insert(args.end(), more.begin(), more.end());
  std::ostringstream o, e;
  const int status = run_cli(args, o, e);
  return {status, e.str()};
}

}  // namespace

TEST_CASE("every estimator has a row: counted, timed, and compared with retraining") {
  const CostSeed seed = measured({"model=softmax", "learning_rate=0.05"});
  CHECK(seed.rows.size() == trajectory_estimators().size() + 1);
  CHECK(seed.training_passes == 3);
  const CostRow* exact = find_row(seed, "unrolled");
  REQUIRE(exact);
  CHECK(exact->passes == doctest::Approx(6).epsilon(1e-14));
  CHECK(exact->products == 60);
  CHECK(exact->seconds > 0);
  CHECK(*exact->derivative_error == 0);
  CHECK(*exact->derivative_spearman == doctest::Approx(1));
  CHECK(*exact->error > 0);
  CHECK(*exact->error < 0.1);
  CHECK(*exact->scale == doctest::Approx(1).epsilon(0.1));
  CHECK(cost_seed_from_text(to_text(seed)).curvature_time == seed.curvature_time);
  CHECK(to_text(cost_seed_from_text(to_text(seed))) == to_text(seed));
  const CostRow* truth = find_row(seed, kRetraining);
  REQUIRE(truth);
  CHECK(truth->passes == 60);
  CHECK(*truth->derivative_error < 0.1);
  CHECK_FALSE(truth->error.has_value());
  const CostRow* without_query = find_row(seed, "moso");
  REQUIRE(without_query);
  CHECK(*without_query->spearman > 0.9);  // with what the others lose, its own question
  CHECK_FALSE(without_query->derivative_spearman.has_value());
  CHECK(without_query->passes == doctest::Approx(5 * 3).epsilon(1e-14));
  // 3 classes, 20 examples, batches of 5: (1 + 1) 5 gradients, 5/3 and 1 passes each.
  CHECK(find_row(seed, "diff_in_differences")->passes ==
        doctest::Approx(5 * (10.0 / 20 + 2)).epsilon(1e-14));
  CHECK(find_row(seed, "tracin_checkpoints")->passes == doctest::Approx(5).epsilon(1e-14));
}

TEST_CASE("what removal does to the others leaves the removed example's own loss out") {
  const RecordedTask task(planted_job({"model=softmax", "learning_rate=0.05"}), {});
  const RemovalTruth truth = removal_truth(task, {});
  const VectorXd before = losses(task.model(), *task.data.train, task.log.end.theta);
  VectorXd weights = task.objective.weights;
  weights(4) = 0;
  const VectorXd after = losses(task.model(), *task.data.train, task.train_with(weights).theta);
  const double others = (after.sum() - after(4) - before.sum() + before(4)) / 20;
  CHECK(truth.others(4) == doctest::Approx(others).epsilon(1e-9));
}

TEST_CASE("an estimator that refuses the training has its reason and no numbers") {
  const CostSeed seed = measured({"model=softmax", "optimiser=adam", "learning_rate=0.01"});
  CHECK(find_row(seed, "diff_in") == nullptr);
  CHECK(find_row(seed, "source_hessian") == nullptr);
  CHECK(find_row(seed, "unrolled") != nullptr);
  for (const CostRow& row : seed.rows)
    if (row.estimator == "diff_in") CHECK(row.refused.find("plain sgd") != std::string::npos);
  CHECK_THROWS_AS(measured({"model=softmax"}, 13), std::invalid_argument);  // of 12 steps
}

TEST_CASE("verdicts: ratios of counts, targets, and errors of what costs no more") {
  const CostResult costly = made(5, 15, 0.1, 0.4);
  CHECK(verdict_on(costly, "(bound ours)") == "disagrees");
  CHECK(verdict_on(costly, "the training in both") == "disagrees");  // 25 / 15
  CHECK(verdict_on(costly, "lower error") == "disagrees");
  CHECK(verdict_on(costly, "takes at most 3.5 trainings") == "agrees");  // 20 / 10
  CHECK(verdict_on(costly, "at most 10 gradient passes") == "disagrees");
  const CostResult cheap = made(5, 7, 0.4, 0.1);
  CHECK(verdict_on(cheap, "(bound ours)") == "agrees");
  CHECK(verdict_on(cheap, "lower error") == "agrees");
  CHECK(verdict_on(cheap, "at most 10 gradient passes") == "agrees");
  CHECK(verdict_on(made(8, 7, 0.1, 0.4), "lower error") == "not testable: none costs as little");
  CostResult other = cheap;
  other.checkpoints = 6;
  CHECK(verdict_on(other, "at most 10 gradient passes") == "missing");
  const Estimate cut = within({1.0, -0.5, 1.5}, 0);
  CHECK(cut.low == 0);
  CHECK(cut.high == 1);
}

TEST_CASE("cost: the same bytes for one and two threads, and no seconds in them") {
  const TemporaryFolder folder;
  const auto with = [&](const char* threads) -> std::vector<std::string> {
    return {"--threads", threads, "--set", "model=mlp:3", "epochs=4", "seeds=2", "batch_size=8"};
  };
  const Ran one = run(folder, "one", with("1")), two = run(folder, "two", with("2"));
  INFO(one.err);
  REQUIRE(one.status == kSuccess);
  REQUIRE(two.status == kSuccess);
  for (const char* name : {"runs.csv", "summary.csv", "verdicts.csv", "cost.svg"}) {
    const std::string file = fmt::format("cost/quick/{}", name);
    CHECK_MESSAGE(read_file(folder / ("one/" + file)) == read_file(folder / ("two/" + file)), name);
  }
  CHECK(read_file(folder / "one/cost/quick/runs.csv").find("seconds") == std::string::npos);
  CHECK(read_file(folder / "one/cost/quick/seconds.csv").find("diff_in_consistent") !=
        std::string::npos);
}

TEST_CASE("cost: what was timed before a run was killed is read back and said to be") {
  const TemporaryFolder folder;
  const std::vector<std::string> set = {
      "--set", "model=linear", "epochs=5", "batch_size=8", "seeds=2"};
  REQUIRE(run(folder, "out", set).status == kSuccess);
  const std::string seconds = read_file(folder / "out/cost/quick/seconds.csv");
  CHECK(read_file(folder / "out/cost/quick/run.json").find("earlier_run\": 0") !=
        std::string::npos);
  std::vector<std::string> more = set;
  more.back() = "seeds=3";
  REQUIRE(run(folder, "out", more).status == kSuccess);
  CHECK(read_file(folder / "out/cost/quick/seconds.csv").find(seconds) == 0);
  CHECK(read_file(folder / "out/cost/quick/run.json").find("earlier_run\": 2") !=
        std::string::npos);
  CostResult r = made(5, 7, 0.4, 0.1);
  CHECK(cost_table(r).find("resumed") == std::string::npos);
  r.timed_before = 2;
  CHECK(cost_table(r).find("resumed: the times of 2 of 3 seeds") != std::string::npos);
}

TEST_CASE("cost: more checkpoints than steps are refused in one line") {
  const TemporaryFolder folder;
  const Ran ran = run(folder, "out", {"--set", "epochs=1", "batch_size=100", "model=linear"});
  CHECK(ran.status == kUserError);
  CHECK(
      ran.err ==
      "leaveout: [cost] task t: checkpoints, expected at most the training's 1 steps, got 5: --set "
      "checkpoints=1, or more epochs\n");
  CHECK(run(folder, "out", {"--set", "optimiser=adam", "momentum=0.9"}).err ==
        "leaveout: [cost] task t: momentum, expected 0 with optimiser=adam, which has its own "
        "running means, got 0.9: --set momentum=0\n");
}

}  // namespace leaveout
