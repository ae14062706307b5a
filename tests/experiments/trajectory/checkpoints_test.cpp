// SPDX-License-Identifier: MIT
// Few checkpoints where the answer is known, and the experiment from the command line.
#include "experiments/trajectory/checkpoints.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <sstream>

#include "datasets/files.h"
#include "datasets/random.h"
#include "experiments/cli.h"
#include "experiments/trajectory/checkpoints_report.h"
#include "influence/metrics/closeness.h"
#include "tests/support/temporary_folder.h"

namespace leaveout {

namespace {

using Eigen::VectorXd;

Job job_of(const std::vector<std::string>& set) {
  Job job;
  job.settings = Settings(checkpoints_settings());
  for (const std::string& s : set) job.settings.set(s);
  job.task = read_task_settings(job.settings, {});
  return job;
}

Job small_job() {
  return job_of({"data=planted",
                 "model=softmax",
                 "max_train=20",
                 "max_query=20",
                 "batch_size=5",
                 "epochs=3",
                 "learning_rate=0.1"});
}

const DrawnMetric& metric_of(const CheckpointsSeed& seed,
                             const CheckpointsCase& what,
                             const std::string& truth,
                             const std::string& metric) {
  for (const CheckpointsCell& cell : seed.cells)
    if (cell.what == what)
      for (const DrawnMetric& m : cell.metrics)
        if (m.truth == truth && m.metric == metric) return m;
  FAIL("no such metric");
  return seed.cells.front().metrics.front();
}

/// Three seeds whose Spearman at five random, even, ..., and at all checkpoints are these.
CheckpointsResult made(double random, double even, double early, double late, double all) {
  CheckpointsResult r{TaskSettings{}, "softmax", {}, {}};
  r.how.judged = 5;
  r.how.epsilons = {1e-3};
  for (std::uint64_t s = 0; s < 3; ++s) {
    CheckpointsSeed seed{s, 20, 9, 30, 1.0};
    const double own = 0.1 * static_cast<double>(s);  // seeds differ by more than samplings do
    const auto add = [&](const CheckpointsCase& c, const char* truth, const char* m, double v) {
      seed.cells.push_back({c, {{truth, m, v, {}}}});
    };
    add({"checkpoints", kDiffIn, "random", 5}, "removal", "spearman", random + own);
    seed.cells.back().metrics[0].deviation = 0.25;
    seed.cells.back().metrics.push_back({"removal", "scaled_error", 0.5, {}});
    add({"checkpoints", kTracIn, "random", 5}, "removal", "scaled_error", 0.3);
    add({"checkpoints", kDiffIn, "even", 5}, "removal", "spearman", even + own);
    add({"checkpoints", kDiffIn, "early", 5}, "removal", "spearman", early + own);
    add({"checkpoints", kDiffIn, "late", 5}, "removal", "spearman", late + own);
    add({"checkpoints", kDiffIn, "all", 30}, "removal", "spearman", all + own);
    add({"epsilon", kDiffIn, "even", 5, "own", 1e-3}, "exact_products", "spearman", 0.9999);
    r.seeds.push_back(std::move(seed));
  }
  return r;
}

std::string verdict_on(const CheckpointsResult& r, const std::string& claim) {
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
  for (int i = 0; i < 40; ++i) {
    const double a = random.normal(), b = random.normal();
    text += fmt::format("{},{},{}\n", a, b, a - 0.5 * b + 0.3 * random.normal() > 0 ? "yes" : "no");
  }
  write_file(folder / "t.csv", text);
  std::vector<std::string> args = {
      "run", "checkpoints", "--preset", "quick", "--quiet", "--data", folder / "t.csv"};
  args.insert(args.end(), {"--target", "y", "--out", folder / out});
  args.insert(args.end(), more.begin(), more.end());
  std::ostringstream o, e;
  const int status = run_cli(args, o, e);
  return {status, e.str()};
}

}  // namespace

TEST_CASE("cases: numbers below the steps and batches below the data, and all of both once") {
  const CheckpointsOptions how{
      .counts = {1, 5, 40}, .judged = 5, .draws = 2, .proxies = {8, 64}, .epsilons = {0.1}};
  const std::vector<CheckpointsCase> cases = checkpoint_cases(how, 30, 50);
  CHECK(cases.size() == 2 * (4 * 2 + 1) + 3 + 1);
  CHECK(cases[0] == CheckpointsCase{"checkpoints", kDiffIn, "random", 1});
  CHECK(cases[8] == CheckpointsCase{"checkpoints", kDiffIn, "all", 30});
  CHECK(cases[18] == CheckpointsCase{"proxy", kDiffIn, "even", 5, "8"});
  CHECK(cases[19].proxy == "all");
  CHECK(cases[21].epsilon == 0.1);
}

TEST_CASE("removal and derivative are retraining's and its first order's, and x is positive") {
  const RecordedTask task(small_job(), {});
  const RemovalTruth truth = removal_truth(task, {});
  VectorXd weights = task.objective.weights;
  weights(3) = 0;
  const VectorXd without = task.train_with(weights).theta;
  const double change = losses(task.model(), *task.data.test, without).mean() -
                        losses(task.model(), *task.data.test, task.log.end.theta).mean();
  CHECK(truth.removal(3) == doctest::Approx(change).epsilon(1e-9));
  CHECK(*scaled_error(truth.derivative, truth.removal) < 0.2);
  CHECK(*best_scale(truth.derivative, truth.removal) == doctest::Approx(1).epsilon(0.2));
  CHECK(truth.curvature_time > 0);
}

TEST_CASE("with all checkpoints an estimator is its own limit; draws have mean and deviation") {
  const RecordedTask task(small_job(), {});
  CheckpointsOptions how{
      .counts = {2}, .judged = 2, .draws = 3, .proxies = {4}, .epsilons = {0.1, 1e-3}, .top = 5};
  const CheckpointsSeed seed = measure_checkpoints(task, {}, how);
  REQUIRE(seed.steps == 12);
  for (const char* estimator : {kDiffIn, kTracIn}) {
    const CheckpointsCase all{"checkpoints", estimator, "all", 12};
    CHECK(*metric_of(seed, all, "all_steps", "spearman").mean == doctest::Approx(1));
    CHECK(*metric_of(seed, all, "all_steps", "scaled_error").mean < 1e-12);
    CHECK(*metric_of(seed, all, "all_steps", "best_scale").mean == doctest::Approx(1));
    CHECK(*metric_of(seed, all, "all_steps", "top_overlap").mean == 1);
    CHECK_FALSE(metric_of(seed, all, "removal", "spearman").deviation.has_value());
    const CheckpointsCase drawn{"checkpoints", estimator, "random", 2};
    CHECK(*metric_of(seed, drawn, "all_steps", "scaled_error").deviation > 0);
  }
  // The mean and deviation over draws, by hand.
  const QueryLosses query(task.model(), *task.data.test, QueryLosses::As::mean);
  const VectorXd truth = removal_truth(task, {}).removal;
  VectorXd errors(3);
  for (Index d = 0; d < 3; ++d) {
    DiffInOptions options;
    options.checkpoints = {Sampling::random, 2, static_cast<std::uint64_t>(d)};
    const VectorXd x = diff_in_scores(task.path(), query, options).values.row(0).transpose();
    errors(d) = *scaled_error(x, truth);
  }
  const DrawnMetric& m =
      metric_of(seed, {"checkpoints", kDiffIn, "random", 2}, "removal", "scaled_error");
  CHECK(*m.mean == doctest::Approx(errors.mean()).epsilon(1e-12));
  const double deviation = std::sqrt((errors.array() - errors.mean()).square().sum() / 2);
  CHECK(*m.deviation == doctest::Approx(deviation).epsilon(1e-12));
  // Forward differences err in proportion to epsilon.
  const auto error = [&](double e) {
    return *metric_of(
                seed, {"epsilon", kDiffIn, "even", 2, "own", e}, "exact_products", "relative_error")
                .mean;
  };
  CHECK(error(0.1) / error(1e-3) == doctest::Approx(100).epsilon(0.1));
  const CheckpointsCase own{"proxy", kDiffIn, "even", 2}, other{"proxy", kDiffIn, "even", 2, "4"};
  CHECK_FALSE(metric_of(seed, own, "removal", "spearman").deviation.has_value());
  CHECK(metric_of(seed, other, "removal", "scaled_error").deviation.has_value());
}

TEST_CASE("an estimate beyond all bounds is left out of its cell, with the reason") {
  const RecordedTask task(small_job(), {});
  const CheckpointsOptions how{.counts = {2}, .judged = 2, .draws = 1, .epsilons = {1e-310}};
  const CheckpointsSeed seed = measure_checkpoints(task, {}, how);
  CHECK(seed.refused == std::set<std::string>{"diff_in, 2 even checkpoints, epsilon 1e-310: values "
                                              "beyond all bounds"});
  const CheckpointsCase tiny{"epsilon", kDiffIn, "even", 2, "own", 1e-310};
  for (const char* metric : {"spearman", "scaled_error", "best_scale"})
    CHECK_FALSE(metric_of(seed, tiny, "removal", metric).mean.has_value());
  CHECK_FALSE(metric_of(seed, tiny, "exact_products", "relative_error").mean.has_value());
  CHECK(metric_of(seed, {"proxy", kDiffIn, "even", 2}, "removal", "spearman").mean.has_value());
}

TEST_CASE("a training shorter than what is judged says how many checkpoints there were") {
  CheckpointsResult r = made(0.5, 0.6, 0.3, 0.55, 0.52);
  CHECK(judged_count(r) == 5);
  for (CheckpointsSeed& seed : r.seeds) seed.steps = 3;
  CHECK(judged_count(r) == 3);
  CHECK(products_table(r).find("at 3 even checkpoints") != std::string::npos);
  CHECK(counts_table(r).find("best scale") != std::string::npos);
  r.seeds.resize(2);  // two seeds that differ by 1: Student's interval is 13 times as wide
  r.seeds[0].cells[0].metrics[0].mean = -0.5;
  const Estimate e = difference(r,
                                {"checkpoints", kDiffIn, "random", 5},
                                {"checkpoints", kDiffIn, "even", 5},
                                "removal",
                                "spearman");
  CHECK(e.low == -2);
  CHECK(e.high == 2);
}

TEST_CASE("verdicts follow paired intervals") {
  const CheckpointsResult r = made(0.5, 0.6, 0.3, 0.55 + 1e-9, 0.52);
  CHECK(difference(r,
                   count_case(r, kDiffIn, "random", 5),
                   count_case(r, kDiffIn, "even", 5),
                   "removal",
                   "spearman")
            .value == doctest::Approx(-0.1));
  CHECK(*over_draws(r, count_case(r, kDiffIn, "random", 5), "removal", "spearman") == 0.25);
  CHECK(count_case(r, kDiffIn, "random", 30).sampling == "all");
  CHECK(verdict_on(r, "suffices") == "agrees");
  CHECK(verdict_on(r, "random minus even") == "disagrees");
  CHECK(verdict_on(r, "random minus early") == "agrees");
  CHECK(verdict_on(r, "paper (abstract)") == "disagrees");
  CHECK(verdict_on(r, "epsilon") == "agrees");
  CHECK(verdict_on(made(0.4, 0.4, 0.4, 0.4, 0.6), "suffices") == "disagrees");
  CheckpointsResult one = r;
  one.seeds.resize(1);
  CHECK(verdict_on(one, "suffices").substr(0, 12) == "not testable");
}

TEST_CASE("checkpoints: the same bytes for one and two threads, of a user's table") {
  const TemporaryFolder folder;
  const auto with = [&](const char* threads) -> std::vector<std::string> {
    return {"--threads",
            threads,
            "--set",
            "model=mlp:3",
            "epochs=4",
            "seeds=2",
            "draws=2",
            "counts=1,2",
            "judged=2",
            "proxies=4",
            "batch_size=8"};
  };
  const Ran one = run(folder, "one", with("1")), two = run(folder, "two", with("2"));
  INFO(one.err);
  REQUIRE(one.status == kSuccess);
  REQUIRE(two.status == kSuccess);
  for (const char* name : {"runs.csv", "summary.csv", "verdicts.csv", "checkpoints.svg"}) {
    const std::string file = fmt::format("checkpoints/quick/{}", name);
    CHECK_MESSAGE(read_file(folder / ("one/" + file)) == read_file(folder / ("two/" + file)), name);
  }
}

TEST_CASE("checkpoints: what the user got wrong is said in one line") {
  const TemporaryFolder folder;
  const auto complaint = [&](const std::string& set) {
    const Ran ran = run(folder, "out", {"--set", set});
    CHECK(ran.status == kUserError);
    return ran.err;
  };
  CHECK(complaint("counts=1,x") ==
        "leaveout: [checkpoints] counts, expected whole numbers from 1, got 'x'\n");
  CHECK(complaint("epsilons=0") ==
        "leaveout: [checkpoints] epsilons, expected numbers above 0, at most 1000, got '0'\n");
  CHECK(complaint("epsilons=1e300").find("at most 1000") != std::string::npos);
  CHECK(complaint("judged=3") ==
        "leaveout: [checkpoints] judged, expected one of counts, got 3: add it to counts\n");
  CHECK(complaint("momentum=0.9") ==
        "leaveout: [checkpoints] task t: optimiser, expected sgd without momentum, which Diff-In "
        "is derived for, got sgd with momentum 0.9: --set optimiser=sgd momentum=0\n");
}

}  // namespace leaveout
