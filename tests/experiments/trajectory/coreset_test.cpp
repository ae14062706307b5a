// SPDX-License-Identifier: MIT
// Herding and k-center by hand, what is kept against trainings by hand, verdicts, and the
// experiment end to end.
#include "experiments/trajectory/coreset.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "datasets/files.h"
#include "datasets/random.h"
#include "experiments/cli.h"
#include "experiments/trajectory/coreset_report.h"
#include "influence/memorization/seeded_training.h"
#include "influence/trajectory/diff_in.h"
#include "influence/trajectory/moso.h"
#include "tests/support/table_runs.h"
#include "tests/support/temporary_folder.h"

namespace leaveout {

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

Job tiny_job(const std::vector<std::string>& more) {
  Job job;
  job.settings = Settings(coreset_settings());
  for (const char* s : {"data=planted",
                        "model=mlp:3",
                        "max_train=40",
                        "max_query=60",
                        "epochs=6",
                        "batch_size=10",
                        "kept=0.25,0.75",
                        "runs=1",
                        "early_epochs=2",
                        "seeds=1"})
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
  return run_on_table("coreset", folder, table, out, set, threads);
}

/// Two seeds in which influence on V has one accuracy, and all others another.
CoresetResult scripted(double ours, double theirs) {
  CoresetResult r;
  r.settings.name = "scripted";
  r.kept = {0.1, 0.3};
  for (const std::uint64_t seed : {1, 2})
    for (const char* quota : kQuotas)
      for (const double kept : r.kept)
        for (const std::string method : kSelections) {
          const bool mine = method == "validation_diff_in" || method == "validation_unrolled";
          const double level = 0.1 * static_cast<double>(seed) + kept;
          r.table.add({seed, quota, kept, method, "accuracy", level + (mine ? ours : theirs)});
        }
  return r;
}

}  // namespace

TEST_CASE("herding keeps to the mean, and k-center goes where nobody is near") {
  MatrixXd line(1, 5);
  line << 0, 1, 2, 3, 9;  // mean 3
  // Owed are 3, then 6 - 3, 9 - 5, 12 - 6 and the rest: the nearest to it is chosen.
  CHECK(herding_order(line) == std::vector<Index>{3, 2, 1, 4, 0});
  CHECK(k_center_order(line) == std::vector<Index>{3, 4, 0, 1, 2});
  const MatrixXd equal = MatrixXd::Ones(2, 4);
  for (std::vector<Index> order : {herding_order(equal), k_center_order(equal)}) {
    std::sort(order.begin(), order.end());
    CHECK(order == std::vector<Index>{0, 1, 2, 3});
  }
  // Any first part of a herding order is nearer to the mean than chance is.
  const MatrixXd cloud = Random(3).normal_matrix(4, 60);
  const std::vector<Index> order = herding_order(cloud);
  VectorXd sum = VectorXd::Zero(4);
  for (std::size_t k = 0; k < 12; ++k) sum += cloud.col(order[k]);
  CHECK((sum / 12 - cloud.rowwise().mean()).norm() < 0.2);  // by chance 2 / sqrt(12) = 0.58
}

TEST_CASE("the highest scores are kept, of all or of each class, and trained on") {
  const Job job = tiny_job({});
  const CoresetResult r = select_and_train(job, {});
  const RecordedTask recorded(job, {});
  const GroupedTask& task = recorded.data;
  const CheckpointChoice five{Sampling::random, 5, task.settings.seed};
  DiffInOptions o;
  o.checkpoints = five;
  const QueryLosses v(*task.model, *task.validation, QueryLosses::As::mean);
  const VectorXd diff_in = diff_in_scores(recorded.path(), v, o).values.row(0).transpose();
  const VectorXd moso =
      moso_scores(recorded.path(), choose_checkpoints(24, five)).values.row(0).transpose();
  const auto loss_of = [&](const std::vector<Index>& kept, Index epochs) {
    const Dataset some = take(*task.train, kept);
    SubsetProblem problem = task.problem;
    problem.train = &some;
    problem.protocol.epochs = epochs;
    return test(task, train_seeded(problem, full_weights(problem), 0).theta).loss;
  };
  const auto measured = [&](const char* quota, double kept, const char* method) {
    return *r.table.mean({quota, kept, method, "loss"}).value;
  };
  // 24 steps on 40 examples; on 30 three a pass, on 10 one.
  CHECK(measured("free", 0.75, "validation_diff_in") == loss_of(highest(diff_in, 30), 8));
  CHECK(measured("free", 0.25, "moso") == loss_of(highest(moso, 10), 24));
  const std::vector<Index> classes = classes_of(*task.train);
  CHECK(measured("per_class", 0.25, "moso") ==
        loss_of(highest_of_each_class(moso, classes, 10), 24));
  CHECK(measured("free", 0.25, kAll) == test(task, recorded.log.end.theta).loss);
  CHECK(measured("per_class", 0.75, kAll) == measured("free", 0.25, kAll));
}

TEST_CASE("coreset verdicts follow the paired intervals") {
  for (const Verdict& v : judge(scripted(0.2, 0.1))) CHECK(v.verdict == "agrees");
  for (const Verdict& v : judge(scripted(0.1, 0.2))) CHECK(v.verdict == "disagrees");
  CHECK(judge(scripted(0.2, 0.1))[0].measured.find("0.100") == 0);
}

TEST_CASE("a user's table is selected from, with one bit pattern on two threads") {
  const TemporaryFolder folder;
  write_tables(folder, 80);
  const auto outcome = run(folder, "classes.csv", "one", {});
  CAPTURE(outcome.second);
  REQUIRE(outcome.first == kSuccess);
  REQUIRE(run(folder, "classes.csv", "two", {}, "2").first == kSuccess);
  for (const char* file : {"runs.csv", "summary.csv", "verdicts.csv", "coreset.csv"}) {
    const auto text = [&](const char* out) {
      return read_file(folder / (std::string(out) + "/coreset/quick/" + file));
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
  refused("classes.csv", "kept=0.5,1", "kept");
  refused("classes.csv", "early_epochs=9", "early_epochs");
}

}  // namespace leaveout
