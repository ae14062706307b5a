// SPDX-License-Identifier: MIT
// What is refused before a training is recorded, its length in units of curvature, and its queries.
#include "experiments/trajectory/recorded_task.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <cmath>
#include <numeric>

#include "datasets/files.h"
#include "datasets/random.h"
#include "experiments/cli.h"
#include "experiments/trajectory/checkpoints_task.h"
#include "experiments/trajectory/scored_retraining.h"
#include "experiments/trajectory/trajectory_accuracy_task.h"
#include "tests/support/table_runs.h"

namespace leaveout {

namespace {

Job job_of(const std::vector<std::string>& set, const Invocation& user = {}) {
  Job job;
  job.settings = Settings(recorded_task_settings());
  if (user.data.empty()) job.settings.set("data=planted");
  for (const std::string& s : set) job.settings.set(s);
  job.task = read_task_settings(job.settings, user);
  return job;
}

std::string complaint(const std::string& set) {
  const Job job = job_of({"model=softmax", "max_train=20", "max_query=20", set});
  try {
    check_recorded_task(job, load_grouped_task(job, {}), "cost");
  } catch (const std::invalid_argument& refusal) {
    return refusal.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("a training that cannot be recorded is refused with task, setting and cure") {
  CHECK(complaint("learning_rate=0") ==
        "[cost] task planted: learning_rate, expected above 0, got 0: --set learning_rate=0.03");
  CHECK(complaint("learning_rate=-1").find("above 0, got -1") != std::string::npos);
  CHECK(complaint("momentum=1").find("[cost] task planted: momentum, expected at least 0 and") ==
        0);
  CHECK(complaint("log_memory=0.001").find("[cost] task planted: log_memory, expected at least") ==
        0);
  CHECK(complaint("seeds=1") == "none");
  for (const char* set : {"epochs=0", "log_memory=0", "epochs=1e10"})
    CHECK_THROWS_AS(complaint(set), std::invalid_argument);
  // The least memory that is asked for is enough.
  const std::string asked = complaint("log_memory=0.001");
  const std::string number = asked.substr(asked.find("least ") + 6);
  const Job enough = job_of({"model=softmax",
                             "max_train=20",
                             "max_query=20",
                             "log_memory=" + number.substr(0, number.find(' '))});
  CHECK(RecordedTask(enough, {}).log.steps() == 400);
}

TEST_CASE("bounds are where sums of squares are numbers still") {
  Eigen::MatrixXd values = Eigen::MatrixXd::Constant(2, 2, -1e99);
  CHECK(within_bounds(values));
  values(1, 0) = -1e101;
  CHECK_FALSE(within_bounds(values));
  values(1, 0) = std::nan("");
  CHECK_FALSE(within_bounds(values));
}

TEST_CASE("one estimate beyond all bounds leaves the run, and has its reason in run.json") {
  const TemporaryFolder folder;
  Random random(6);
  std::string text = "a,b,y\n";  // some are on the wrong side whatever is learned
  for (int i = 0; i < 60; ++i) {
    const double a = random.normal(), b = random.normal();
    text += fmt::format("{},{},{}\n", a, b, a + random.normal() > 0 ? "yes" : "no");
  }
  write_file(folder / "classes.csv", text);
  const auto refused = [&](const std::string& experiment, const std::string& share) {
    const std::pair<int, std::string> outcome = run_on_table(experiment,
                                                             folder,
                                                             "classes.csv",
                                                             "out",
                                                             {"model=logistic",
                                                              "learning_rate=1e60",
                                                              "weight_decay=0",
                                                              "damping=1e-200",
                                                              "epochs=20",
                                                              "seeds=2",
                                                              share});
    CHECK_MESSAGE(outcome.first == kSuccess, outcome.second);
    return read_file(folder / ("out/" + experiment + "/quick/run.json"))
               .find("values beyond all bounds") != std::string::npos;
  };
  CHECK(refused("cost", "checkpoints=5"));
  CHECK(refused("data-deletion", "shares=0.3"));
}

TEST_CASE("a training that diverges is named, with its seed and rate") {
  const TemporaryFolder folder;
  write_tables(folder, 60);
  for (const char* experiment : {"cost", "trajectory-accuracy", "data-deletion", "coreset"}) {
    const std::pair<int, std::string> outcome = run_on_table(
        experiment,
        folder,
        "classes.csv",
        "out",
        {"model=mlp:3", "activation=relu", "learning_rate=1e9", "seed=7", "epochs=40"});
    CHECK(outcome.first == kUserError);
    CHECK_MESSAGE(
        outcome.second.find("[train] task classes, seed 7: a training with learning_rate=1e+09 "
                            "and epochs=40 diverged (") != std::string::npos,
        outcome.second);
  }
}

TEST_CASE("x is the sum of rate times the largest eigenvalue, under any schedule") {
  const TemporaryFolder folder;
  write_tables(folder, 60);
  Invocation user;
  user.data = folder / "numbers.csv";
  user.target = "y";
  const Job job = job_of({"model=linear", "epochs=5", "batch_size=8", "schedule=cosine"}, user);
  const RecordedTask task(job, {});
  // A quadratic: the Hessian is the same everywhere.
  const Eigen::MatrixXd h = Evaluator(task.objective).curvature(task.start, Curvature::full);
  const double largest = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(h).eigenvalues().maxCoeff();
  const double rates = std::accumulate(task.log.rates.begin(), task.log.rates.end(), 0.0);
  const TrainingLength length = training_length(task);
  CHECK(length.x == doctest::Approx(rates * largest).epsilon(1e-10));
  CHECK(length.largest_curvature == doctest::Approx(largest).epsilon(1e-10));
}

TEST_CASE("x means the same in every experiment, and has no largest network") {
  const Job job = job_of({"model=mlp:3",
                          "max_train=20",
                          "max_query=20",
                          "batch_size=5",
                          "epochs=4",
                          "learning_rate=0.5",
                          "schedule=cosine"});
  const RecordedTask task(job, {});
  const double x = training_length(task).x;
  CHECK(measure_checkpoints(task, {}, {.counts = {2}, .judged = 2, .draws = 1}).curvature_time ==
        x);
  const AccuracyPoint p = measure_accuracy(task, {.removed = 4, .top = 2, .single_queries = 1});
  CHECK(p.value(kTraining, "", "", "", "x") == x);
  const RecordedTask wide(job_of({"model=mlp:400", "max_train=20", "max_query=20", "epochs=1"}),
                          {});
  REQUIRE(wide.path().parameters() > 2000);
  CHECK(training_length(wide).x > 0);
}

TEST_CASE("all rows of a query file are tested on where no score sees any") {
  const TemporaryFolder folder;
  write_tables(folder, 60);
  const std::string text = read_file(folder / "classes.csv");
  std::size_t end = 0;
  for (int line = 0; line < 4; ++line) end = text.find('\n', end) + 1;
  write_file(folder / "query.csv", text.substr(0, end));
  Invocation user;
  user.data = folder / "classes.csv";
  user.target = "y";
  user.query = folder / "query.csv";
  CHECK(load_grouped_task(job_of({"model=logistic"}, user), {}).test->size() == 3);
  const Settings plain(recorded_task_settings()), scored(scored_task_settings());
  CHECK_FALSE(plain.declares("validation"));
  CHECK(scored.declares("validation"));
}

}  // namespace leaveout
