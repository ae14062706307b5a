// SPDX-License-Identifier: MIT
// Estimates of deletion against each other and by hand, their measures, and the experiment end to
// end.
#include "experiments/trajectory/data_deletion.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "datasets/files.h"
#include "experiments/cli.h"
#include "experiments/trajectory/data_deletion_report.h"
#include "experiments/trajectory/scored_retraining.h"
#include "influence/memorization/seeded_training.h"
#include "influence/trajectory/checkpoints.h"
#include "tests/support/table_runs.h"
#include "tests/support/temporary_folder.h"

namespace leaveout {

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

Job tiny_job(const std::vector<std::string>& more) {
  Job job;
  job.settings = Settings(data_deletion_settings());
  for (const char* s : {"data=planted",
                        "model=mlp:3",
                        "max_train=40",
                        "max_query=60",
                        "epochs=6",
                        "batch_size=10",
                        "learning_rate=0.05",
                        "shares=0.025,0.1",
                        "fine_tune_epochs=2",
                        "seeds=2"})
    job.settings.set(s);
  for (const std::string& s : more) job.settings.set(s);
  job.task = read_task_settings(job.settings, {});
  return job;
}

std::size_t at(const std::string& method) {
  const auto found = std::find(kDeletions.begin(), kDeletions.end(), method);
  REQUIRE(found != kDeletions.end());
  return static_cast<std::size_t>(found - kDeletions.begin());
}

std::pair<int, std::string> run(const TemporaryFolder& folder,
                                const std::string& table,
                                const std::string& out,
                                const std::vector<std::string>& more,
                                const std::string& threads = "1") {
  std::vector<std::string> set = {"seeds=2", "epochs=5"};
  set.insert(set.end(), more.begin(), more.end());
  return run_on_table("data-deletion", folder, table, out, set, threads);
}

/// Two seeds with one error for each method; errors of exact sums grow by `growth` a share.
DeletionResult scripted(double ours, double theirs, double growth) {
  DeletionResult r;
  r.settings.name = "scripted";
  r.shares = {0.1, 0.2};
  for (const std::uint64_t seed : {1, 2})
    for (const char* who : kWhoIsDeleted)
      for (const double share : r.shares)
        for (const char* method : kDeletions)
          for (const char* metric : {"distance", "deleted_loss_gap", "accuracy_gap", "cosine"}) {
            const double sign = std::string(metric) == "cosine" ? -1 : 1;
            const double error =
                sign * (std::string(method).starts_with("diff_in") ? ours : theirs);
            r.table.add({seed,
                         who,
                         share,
                         method,
                         metric,
                         error + static_cast<double>(seed) + growth * share});
          }
  return r;
}

}  // namespace

TEST_CASE("groups to delete are nested, and those of one class are of the largest") {
  const GroupedTask task = load_grouped_task(tiny_job({}), {});
  const std::vector<Group> groups = deleted_groups(task, {0.025, 0.1, 0.25});
  REQUIRE(groups.size() == 6);
  const std::vector<Index> classes = classes_of(*task.train);
  for (std::size_t g = 0; g < 6; ++g) {
    CHECK(groups[g].size() == std::vector<std::size_t>{1, 4, 10}[g % 3]);
    if (g % 3 > 0)
      CHECK(std::includes(
          groups[g].begin(), groups[g].end(), groups[g - 1].begin(), groups[g - 1].end()));
    // Of 40 planted examples 14, 13 and 13 are of classes 0, 1 and 2.
    if (g >= 3)
      for (const Index i : groups[g]) CHECK(classes[static_cast<std::size_t>(i)] == 0);
  }
  CHECK(deleted_groups(load_grouped_task(tiny_job({}), {}, 1), {0.1})[0] != groups[1]);
  CHECK_THROWS_AS(deleted_groups(task, {0.5}), std::invalid_argument);
}

TEST_CASE("shares of equally many rows are deleted once, and one number of rows shows no growth") {
  const Settings settings = tiny_job({"shares=0.01,0.03,0.05,0.2"}).settings;
  const DeletedShares few = deleted_shares(settings, 24);  // 1, 1, 1 and 5 rows
  CHECK(few.kept == std::vector<double>{0.01, 0.2});
  CHECK(few.merged == std::vector<double>{0.03, 0.05});
  CHECK(deleted_shares(settings, 1000).merged.empty());
  DeletionResult r = delete_and_estimate(tiny_job({"shares=0.01,0.03"}), {});
  CHECK(r.shares == std::vector<double>{0.01});
  CHECK(judge(r).back().verdict == "not testable: one number of deleted rows");
  CHECK(deletion_tables(r).find("as many rows as the share before: 0.03") != std::string::npos);
}

TEST_CASE("where deletion changes nothing, distances are undefined") {
  const TemporaryFolder folder;
  std::string text = "a,b,y\n";
  for (int i = 0; i < 40; ++i) text += i % 2 ? "1,1,yes\n" : "1,1,no\n";
  write_file(folder / "same.csv", text);
  const auto outcome = run(folder, "same.csv", "out", {"bias=false", "model=logistic"});
  CAPTURE(outcome.second);
  CHECK(outcome.first == kSuccess);
  const std::string rows = read_file(folder / "out/data-deletion/quick/runs.csv");
  CHECK(rows.find("distance") == std::string::npos);
  CHECK(rows.find("accuracy") != std::string::npos);
}

TEST_CASE("estimates of deletion are what they say") {
  const Job job = tiny_job({"damping=0.1"});
  const RecordedTask task(job, {});
  const VectorXd& end = task.log.end.theta;
  const std::vector<Group> groups = deleted_groups(task.data, {0.025, 0.1});
  const std::vector<MatrixXd> all = deletion_estimates(task, groups, job.settings);
  const auto change = [&](const std::string& method, Index g) {
    return VectorXd(all[at(method)].col(g) - end);
  };
  std::vector<VectorXd> truth;
  for (const Group& g : groups) {
    VectorXd weights = full_weights(task.data.problem);
    for (const Index i : g) weights(i) = 0;
    truth.push_back(task.train_with(weights).theta - end);
  }
  for (Index g = 0; g < 4; ++g) {
    CAPTURE(g);
    const VectorXd& moved = truth[static_cast<std::size_t>(g)];
    const bool single = groups[static_cast<std::size_t>(g)].size() == 1;
    CHECK(change("nothing", g).norm() == 0);
    // The derivative is close, one example's own retraining exact, and their sums no longer.
    CHECK((change("unrolled", g) - moved).norm() < (single ? 0.1 : 0.3) * moved.norm());
    const double sum = (change("single_retrainings", g) - moved).norm() / moved.norm();
    CHECK(sum < (single ? 1e-12 : 0.3));
    if (!single) CHECK(sum > 1e-4);
    CHECK(change("tracin", g).dot(moved) > 0);
    CHECK((change("diff_in_sum", g) - 24 * change("diff_in", g)).norm() <
          1e-12 * change("diff_in_sum", g).norm());
  }
  // TracIn's sum over the steps, with their batches of 10.
  VectorXd walked = VectorXd::Zero(end.size());
  Checkpoints all_steps;
  for (Index t = 0; t < 24; ++t) all_steps.steps.push_back(t);
  visit_checkpoints(task.path(), all_steps, [&](const Checkpoint& c) {
    const MatrixXd of_batch = batch_loss_gradients(task.path(), c.theta, c.batch);
    for (Index k = 0; k < of_batch.cols(); ++k)
      if (std::ranges::count(groups[1], c.batch[static_cast<std::size_t>(k)]))
        walked += c.rate / 10 * of_batch.col(k);
  });
  CHECK((change("tracin", 1) - walked).norm() < 1e-12 * walked.norm());
  // One Newton step, and more training on the rest, by hand.
  MatrixXd h = Evaluator(task.objective).curvature(end, Curvature::gauss_newton);
  h.diagonal().array() += 0.1;
  const MatrixXd g = loss_gradients(task.model(), *task.data.train, end);
  VectorXd sum = VectorXd::Zero(end.size());
  Objective rest = task.objective;
  for (const Index i : groups[1]) {
    sum += g.col(i) / 40;
    rest.weights(i) = 0;
  }
  const VectorXd newton = h.ldlt().solve(sum);
  CHECK((change("newton", 1) - newton).norm() < 1e-8 * newton.norm());
  Protocol more = seeded_start(task.data.problem, 0).protocol;
  more.first_epoch = 6;
  more.epochs = 2;
  const VectorXd tuned = train(rest, end, more).theta - end;
  CHECK((change("fine_tuning", 1) - tuned).norm() < 1e-12 * tuned.norm());
  const VectorXd drift = train(task.objective, end, more).theta - end;
  CHECK((change("fine_tuning_shift", 1) - (tuned - drift)).norm() < 1e-12 * tuned.norm());
}

TEST_CASE("measures of deletion are relative to what retraining does") {
  const Job job = tiny_job({"seeds=1"});
  const DeletionResult r = delete_and_estimate(job, {});
  const RecordedTask task(job, {});
  const std::vector<Group> groups = deleted_groups(task.data, r.shares);
  VectorXd weights = full_weights(task.data.problem);
  for (const Index i : groups[3]) weights(i) = 0;
  const VectorXd end = task.log.end.theta, truth = task.train_with(weights).theta;
  const MatrixXd estimate = deletion_estimates(task, groups, job.settings)[at("tracin")];
  const Dataset deleted = take(*task.data.train, groups[3]);
  const auto mean = [&](const char* method, const char* metric) {
    return *r.table.mean({"one_class", 0.1, method, metric}).value;
  };
  CHECK(mean("nothing", "distance") == doctest::Approx(1));
  CHECK(mean("tracin", "distance") ==
        doctest::Approx((estimate.col(3) - truth).norm() / (truth - end).norm()));
  const VectorXd u = estimate.col(3) - end, v = truth - end;
  const double scale = u.dot(v) / u.squaredNorm();
  CHECK(mean("tracin", "distance_best_scale") ==
        doctest::Approx((scale * u - v).norm() / v.norm()));
  CHECK(mean("tracin", "cosine") == doctest::Approx(u.dot(v) / u.norm() / v.norm()));
  const double loss = losses(task.model(), deleted, truth).mean();
  CHECK(mean(kRetrained, "deleted_loss") == doctest::Approx(loss));
  CHECK(mean("nothing", "deleted_loss_gap") ==
        doctest::Approx(std::abs(losses(task.model(), deleted, end).mean() - loss)));
  CHECK(mean(kRetrained, "accuracy") == test(task.data, truth).accuracy);
  CHECK(mean("nothing", "accuracy_gap") ==
        std::abs(test(task.data, truth).accuracy - test(task.data, end).accuracy));
}

TEST_CASE("deletion verdicts follow the paired intervals") {
  const auto verdicts = [](double ours, double theirs, double growth) {
    std::vector<std::string> says;
    for (const Verdict& v : judge(scripted(ours, theirs, growth))) says.push_back(v.verdict);
    return says;
  };
  for (const std::string& v : verdicts(0.1, 0.4, 1)) CHECK(v == "agrees");
  for (const std::string& v : verdicts(0.4, 0.1, -1)) CHECK(v == "disagrees");
}

TEST_CASE("rows of a user's table are deleted, with one bit pattern on two threads") {
  const TemporaryFolder folder;
  write_tables(folder, 80);
  const auto outcome = run(folder, "classes.csv", "one", {});
  CAPTURE(outcome.second);
  REQUIRE(outcome.first == kSuccess);
  REQUIRE(run(folder, "classes.csv", "two", {}, "2").first == kSuccess);
  for (const char* file : {"runs.csv", "summary.csv", "verdicts.csv", "data-deletion.csv"}) {
    const auto text = [&](const char* out) {
      return read_file(folder / (std::string(out) + "/data-deletion/quick/" + file));
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
  refused("numbers.csv", "seeds=1", "classes");
  refused("classes.csv", "shares=0.1,0.8", "largest class");
  refused("classes.csv", "checkpoints=10000", "checkpoints");
  refused("classes.csv", "momentum=0.9", "momentum");
}

}  // namespace leaveout
