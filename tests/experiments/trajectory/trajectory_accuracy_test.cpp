// SPDX-License-Identifier: MIT
// The accuracy of trajectory estimators where it is known, and the experiment from the command
// line.
#include "experiments/trajectory/trajectory_accuracy.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <sstream>

#include "datasets/files.h"
#include "datasets/random.h"
#include "experiments/cli.h"
#include "experiments/trajectory/trajectory_accuracy_estimates.h"
#include "experiments/trajectory/trajectory_accuracy_report.h"
#include "influence/trajectory/counterfactual_runs.h"
#include "influence/trajectory/unrolled.h"
#include "tests/support/temporary_folder.h"

namespace leaveout {

namespace {

using doctest::Approx;
using Eigen::VectorXd;

Invocation table_of(const TemporaryFolder& folder, bool regression) {
  Random random(5);
  std::string text = "a,b,y\n";
  for (int i = 0; i < 40; ++i) {
    const double a = random.normal(), b = random.normal();
    const double y = a - 0.5 * b + 0.3 * random.normal();
    text += regression ? fmt::format("{},{},{}\n", a, b, y)
                       : fmt::format("{},{},{}\n", a, b, y > 0 ? "yes" : "no");
  }
  write_file(folder / "t.csv", text);
  Invocation user;
  user.data = folder / "t.csv";
  user.target = "y";
  return user;
}

Job job_of(const std::vector<std::string>& set, const Invocation& user) {
  Job job;
  job.settings = Settings(trajectory_accuracy_settings());
  for (const std::string& s : set) job.settings.set(s);
  job.task = read_task_settings(job.settings, user);
  return job;
}

VectorXd column(const AccuracyPoint& p, const std::string& name) {
  for (const ScoreColumn& c : p.scores)
    if (c.name == name)
      return Eigen::Map<const VectorXd>(c.values.data(), static_cast<Index>(c.values.size()));
  FAIL("no column " << name);
  return {};
}

/// A task of three seeds along rates with x = `rates`, and lengths; every estimator's error is
/// 0.5, and `subject`'s `errors` (by x).
AccuracyResult made(const std::string& subject, const std::vector<double>& errors) {
  AccuracyResult r;
  r.settings.name = "made";
  r.settings.base.learning_rate = 1;
  r.settings.base.epochs = 1;
  for (std::size_t k = 0; k < errors.size(); ++k)
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      AccuracyPoint p;
      p.rate = 1;
      p.epochs = static_cast<Index>(k) + 1;
      p.seed = seed;
      const double x = std::pow(2.0, static_cast<double>(k)), jitter = 1 + 0.01 * double(seed);
      p.rows = {{kTraining, "", "", "", "x", x},
                {kTraining, "", "", "", "steps", x},
                {kTraining, "", "", "", "removal_norm", 2 * x},
                {kAccuracy, subject, kRemoval, kMean, "relative_error", errors[k] * jitter}};
      for (const char* rival : {"tracin_checkpoints", "influence_function", "source_gauss_newton"})
        p.rows.push_back({kAccuracy, rival, kRemoval, kMean, "relative_error", 0.5});
      r.points.push_back(p);
    }
  return r;
}

Verdict verdict_on(const AccuracyResult& r, const std::string& claim, const std::string& part) {
  for (const Verdict& v : judge_accuracy({r}, false))
    if (v.claim.find(claim) != std::string::npos && v.protocol == part) return v;
  return {"", "", "", "", "missing"};
}

struct Ran {
  int status;
  std::string err;
};

Ran run(const TemporaryFolder& folder, const std::string& out, std::vector<std::string> more) {
  const Invocation user = table_of(folder, false);
  std::vector<std::string> args = {"run",
                                   "trajectory-accuracy",
                                   "--preset",
                                   "quick",
                                   "--quiet",
                                   "--data",
                                   user.data,
                                   "--target",
                                   "y",
                                   "--out",
                                   folder / out};
  args.insert(args.end(), more.begin(), more.end());
  std::ostringstream o, e;
  const int status = run_cli(args, o, e);
  return {status, e.str()};
}

}  // namespace

TEST_CASE("twice the truth: error 1, best scalar 1/2, nothing left after it, ranks exact") {
  VectorXd t(5);
  t << 3, -1, 0.5, 2, -4;
  for (const auto& m : closeness_metrics(2 * t, t, 2)) {
    const double expected = m.first == "best_scale" ? 0.5 : m.first == "scaled_error" ? 0 : 1;
    CHECK_MESSAGE(std::abs(*m.second - expected) < 1e-7, m.first);
  }
  for (const auto& [metric, value] : closeness_metrics(-t, t, 2)) {
    if (metric == "relative_error") CHECK(*value == Approx(2).epsilon(1e-14));
    if (metric == "best_scale" || metric == "spearman") CHECK(*value == Approx(-1).epsilon(1e-14));
    if (metric == "sign_agreement") CHECK(*value == 0);
    if (metric == "top_overlap") CHECK(*value == 1);
  }
}

TEST_CASE("a power law leaves nothing of a power, an exponential law nothing of an exponential") {
  VectorXd grid(5);
  grid << 1, 2, 5, 12, 40;
  CHECK(*power_misfit(grid, 3 * grid.array().pow(2.5)) < 1e-12);
  const std::optional<double> other = power_misfit(grid, (0.3 * grid.array()).exp());
  CHECK((!other || *other > 1e6));
  VectorXd logs(3);
  logs << 1, std::exp(1), std::exp(2);  // geometric mean e
  CHECK(*geometric_interval(logs).value == Approx(std::exp(1)).epsilon(1e-14));
  logs(0) = 0;  // left out
  CHECK(*geometric_interval(logs).value == Approx(std::exp(1.5)).epsilon(1e-14));
  CHECK(geometric_interval(logs).n == 2);
}

TEST_CASE("a point is what its parts say: truths, formula, and text without loss") {
  const TemporaryFolder folder;
  const Job job = job_of({"model=mlp:3",
                          "epochs=4",
                          "batch_size=8",
                          "learning_rate=0.1",
                          "weight_decay=0.01",
                          "removals=10",
                          "top=3",
                          "queries=2"},
                         table_of(folder, false));
  const RecordedTask task(job, {});
  AccuracyOptions how{.removed = 10, .top = 3, .single_queries = 2};
  const AccuracyPoint p = measure_accuracy(task, how);
  const QueryLosses mean(task.model(), *task.data.test, QueryLosses::As::mean);
  const VectorXd removal = column(p, kRemoval), derivative = column(p, kDerivative);
  const VectorXd further = column(p, kWarmStart);
  const Scores unrolled = unrolled_scores(task.path(), mean);
  for (const Index k : {Index{0}, Index{7}}) {
    const Index i = p.removed[static_cast<std::size_t>(k)];
    VectorXd weights = task.objective.weights;
    weights(i) = 0;
    const double without = mean.values(task.train_with(weights).theta)(0);
    const double with = mean.values(task.path().theta_end())(0);
    CHECK(removal(k) == Approx(without - with).epsilon(1e-9));
    CHECK(derivative(k) == Approx(unrolled.values(0, i)).epsilon(1e-9));
    const CounterfactualRuns warm =
        warm_runs(task.path(), one_by_one({i}), Response::warm_start, 0, ProtocolKind::paper);
    const double longer = mean.values(warm.theta.col(0))(0) - mean.values(warm.base)(0);
    CHECK(std::abs(further(k) - longer) < 1e-9 * std::abs(longer));
  }
  const double steps = static_cast<double>(task.path().steps());
  CHECK((column(p, kPaperSum) - steps * column(p, kPaper)).norm() <
        1e-12 * column(p, kPaperSum).norm());
  const double total = (column(p, kPaper) - removal).norm() / removal.norm();
  CHECK(*p.value(kAccuracy, kPaper, kRemoval, kMean, "relative_error") ==
        Approx(total).epsilon(1e-13));
  const double apart = (column(p, "influence_function") - further).norm() / further.norm();
  CHECK(*p.value(kAccuracy, "influence_function", kWarmStart, kMean, "relative_error") ==
        Approx(apart).epsilon(1e-13));
  const double part = (column(p, kPaper) - derivative).norm() / removal.norm();
  CHECK(*p.value(kAccuracy, kPaper, kRemoval, kMean, "estimator_error") ==
        Approx(part).epsilon(1e-13));
  CHECK(*p.value(kIdentity, kUnrolled, kDerivative, "", "forward_backward") < 1e-12);
  CHECK(*p.value(kParameters, kConsistent, kDerivative, "", "cosine") > 0.99);
  CHECK(to_text(from_text(to_text(p))) == to_text(p));
  CHECK(from_text(to_text(p)).value(kTraining, "", "", "", "x") ==
        p.value(kTraining, "", "", "", "x"));
}

TEST_CASE("numbers below the smallest normal one are read back from a shard") {
  AccuracyPoint p;
  p.rate = 1e-310;
  p.rows = {{kAccuracy, "unrolled", kRemoval, kMean, "relative_error", 4.9e-324}};
  p.removed = {0, 1};
  p.scores = {{kRemoval, {-3e-320, 0.5}}};
  const AccuracyPoint read = from_text(to_text(p));
  CHECK(read.rate == 1e-310);
  CHECK(*read.rows[0].value == 4.9e-324);
  CHECK(read.scores[0].values == std::vector<double>{-3e-320, 0.5});
}

TEST_CASE("an estimate beyond all bounds is refused, and the others have their numbers") {
  const TemporaryFolder folder;
  const Job job = job_of(
      {"model=logistic", "epochs=150", "batch_size=4", "learning_rate=200", "weight_decay=0"},
      table_of(folder, false));
  const AccuracyPoint p =
      measure_accuracy(RecordedTask(job, {}), {.removed = 6, .top = 3, .single_queries = 1});
  CHECK(std::count(p.refused.begin(),
                   p.refused.end(),
                   "data_value_embedding: values beyond all bounds") == 1);
  CHECK_FALSE(p.value(kAccuracy, "data_value_embedding", kRemoval, kMean, "relative_error"));
  CHECK(p.value(kAccuracy, "grad_dot", kRemoval, kMean, "relative_error"));
  for (const AccuracyRow& row : p.rows)
    if (row.value) CHECK(std::isfinite(*row.value));
}

TEST_CASE("where no removal changes anything, numbers are undefined, not infinite") {
  const TemporaryFolder folder;
  write_file(folder / "t.csv", "a,b,y\n1,1,yes\n1,1,no\n1,1,yes\n1,1,no\n1,1,yes\n1,1,no\n");
  Invocation user;
  user.data = folder / "t.csv";
  user.target = "y";
  user.query = folder / "t.csv";
  const Job job = job_of({"model=logistic", "bias=false", "epochs=2"}, user);
  AccuracyResult r{job.task, {}};
  r.points.push_back(
      measure_accuracy(RecordedTask(job, {}), {.removed = 6, .top = 3, .single_queries = 1}));
  const AccuracyPoint& p = r.points[0];
  CHECK(p.refused.empty());
  CHECK_FALSE(p.value(kAccuracy, "unrolled", kRemoval, kMean, "relative_error"));
  CHECK_FALSE(p.value(kIdentity, kUnrolled, kDerivative, "", "forward_backward"));
  CHECK_FALSE(p.value(kParameters, kUnrolled, kRemoval, "", "cosine"));
  CHECK_FALSE(p.value(kBudget, "order 0", kDerivative, kMean, "relative_error"));
  CHECK(verdict_on(r, "forward = backward", "all").verdict == "not testable: undefined");
}

TEST_CASE("three tasks are drawn, one of them with ReLU") {
  std::vector<AccuracyResult> done(5);
  const char* models[] = {"softmax", "mlp:8", "lenet:2,4", "mlp:8", "linear"};
  for (std::size_t k = 0; k < 5; ++k) done[k].settings.model = models[k];
  CHECK(drawn_tasks(done) == std::vector<std::size_t>{0, 1, 2});
  done[3].settings.activation = Activation::relu;
  CHECK(drawn_tasks(done) == std::vector<std::size_t>{0, 3, 2});
  done[3].settings.model = "mlp:9";
  CHECK(drawn_tasks(done) == std::vector<std::size_t>{0, 1, 3});
  done.resize(2);
  CHECK(drawn_tasks(done).size() == 2);
}

TEST_CASE("linear regression: the accumulated influence moves the parameters as removal does") {
  const TemporaryFolder folder;
  const Job job = job_of({"model=linear", "epochs=5", "batch_size=8", "learning_rate=0.1"},
                         table_of(folder, true));
  const AccuracyPoint p =
      measure_accuracy(RecordedTask(job, {}), {.removed = 8, .top = 3, .single_queries = 1});
  CHECK(*p.value(kIdentity, "accumulated_sgd_influence", kRemoval, "", "accumulated_linear") <
        1e-11);
  CHECK(*p.value(kParameters, kUnrolled, kRemoval, "", "relative_error") > 1e-3);
  CHECK(p.refused.empty());
}

TEST_CASE("verdicts follow the intervals, per regime") {
  const std::string paper = "as published";
  const AccuracyResult r = made(kPaper, {0.9, 0.9, 0.9, 0.9, 0.1});  // x = 1, 2, 4, 8, 16
  CHECK(verdict_on(r, paper, "x below 1").verdict == "not testable: no such regime");
  CHECK(verdict_on(r, paper, "x from 1 to 10").verdict ==
        "disagrees: TracIn-CP, IF, SOURCE nearer");
  CHECK(verdict_on(r, paper, "x above 10").verdict == "agrees");
  CHECK(verdict_on(made(kPaper, {0.1, 0.2}), paper, "x from 1 to 10").verdict == "agrees");
  const AccuracyResult power = made(kConsistent, {0.01, 0.04, 0.16, 0.64});
  const Verdict grows = verdict_on(power, "polynomially in the steps (consistent", "along lengths");
  CHECK(grows.verdict == "agrees");
  CHECK(grows.measured.substr(0, 10) == "power 3.00");
  AccuracyResult exponential = power;
  for (AccuracyPoint& p : exponential.points)
    *p.rows[3].value =
        std::exp(0.5 * *p.rows[1].value) / *p.rows[1].value * (1 + 0.001 * *p.rows[1].value);
  CHECK(verdict_on(exponential, "polynomially in the steps (consistent", "along lengths").verdict ==
        "disagrees");
  AccuracyResult broken = power;
  broken.points[2].rows.push_back(
      {kIdentity, kUnrolled, kDerivative, "", "forward_backward", 1e-6});
  CHECK(verdict_on(broken, "forward = backward", "all").verdict == "disagrees");
}

TEST_CASE("the same bytes for one and two threads, of a user's table") {
  const TemporaryFolder folder;
  const auto with = [](const std::string& threads) {
    return std::vector<std::string>{"--threads",
                                    threads,
                                    "--set",
                                    "model=mlp:3",
                                    "epochs=3",
                                    "seeds=2",
                                    "rates=0.01",
                                    "lengths=1",
                                    "removals=6"};
  };
  const Ran one = run(folder, "one", with("1")), two = run(folder, "two", with("2"));
  INFO(one.err);
  REQUIRE(one.status == kSuccess);
  REQUIRE(two.status == kSuccess);
  for (const char* name : {"runs.csv",
                           "scores.csv",
                           "growth.csv",
                           "verdicts.csv",
                           "trajectory-accuracy.csv",
                           "budget.csv"}) {
    const std::string file = fmt::format("trajectory-accuracy/quick/{}", name);
    CHECK_MESSAGE(read_file(folder / ("one/" + file)) == read_file(folder / ("two/" + file)), name);
  }
}

TEST_CASE("what the user got wrong is said in one line, before anything is trained") {
  const TemporaryFolder folder;
  const auto complaint = [&](const std::string& set) {
    const Ran ran = run(folder, "out", {"--set", set});
    CHECK(ran.status == kUserError);
    return ran.err;
  };
  CHECK(complaint("rates=0.1,x") ==
        "leaveout: [trajectory-accuracy] rates, expected numbers above 0, got 'x'\n");
  CHECK(complaint("lengths=1.5") ==
        "leaveout: [trajectory-accuracy] lengths, expected whole numbers of epochs from 1 to "
        "1000000, got '1.5'\n");
  CHECK(complaint("lengths=1e30").find("from 1 to 1000000, got '1e30'") != std::string::npos);
  CHECK(complaint("momentum=0.9")
            .find("task t: optimiser, expected sgd without momentum, which Diff-In is derived "
                  "for, got sgd with momentum 0.9") != std::string::npos);
}

}  // namespace leaveout
