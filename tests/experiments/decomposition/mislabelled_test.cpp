// SPDX-License-Identifier: MIT
// The scores that mislabelled examples are looked for by, and the experiment from the command line.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "datasets/files.h"
#include "datasets/npy.h"
#include "datasets/random.h"
#include "experiments/cli.h"
#include "experiments/decomposition/mislabelled_report.h"

namespace leaveout {

namespace {

namespace fs = std::filesystem;
using Eigen::VectorXd;

TaskSettings digits() {
  TaskSettings s;
  s.name = s.data = "digits";
  s.model = "mlp:2";
  s.label_noise = 0.1;
  s.max_train = 60;
  s.max_query = 20;
  s.weight_decay = 0.01;
  s.base.epochs = 20;
  s.protocols = {ProtocolKind::exact};
  return s;
}

/// A folder with a table of two classes and one with a number as the target.
struct Tables {
  fs::path folder;
  Tables() {
    std::string name = (fs::temp_directory_path() / "leaveout_labels_XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    folder = name;
    Random random(4);
    std::string classes = "a,b,y\n", numbers = classes;
    for (int i = 0; i < 60; ++i) {
      const double a = random.normal(), b = random.normal();
      classes += fmt::format("{},{},{}\n", a, b, a + b > 0 ? "yes" : "no");
      numbers += fmt::format("{},{},{}\n", a, b, a + b);
    }
    write_file((folder / "classes.csv").string(), classes);
    write_file((folder / "numbers.csv").string(), numbers);
  }
  ~Tables() { fs::remove_all(folder); }
  Tables(const Tables&) = delete;
  Tables& operator=(const Tables&) = delete;

  std::pair<int, std::string> run(const std::string& table,
                                  const std::string& out,
                                  const std::vector<std::string>& set,
                                  const std::string& threads = "1") const {
    std::vector<std::string> args = {"run",
                                     "mislabelled",
                                     "--preset",
                                     "quick",
                                     "--quiet",
                                     "--target",
                                     "y",
                                     "--threads",
                                     threads,
                                     "--data",
                                     (folder / table).string(),
                                     "--out",
                                     (folder / out).string(),
                                     "--set"};
    args.insert(args.end(), set.begin(), set.end());
    std::ostringstream output, error;
    const int status = run_cli(args, output, error);
    return {status, error.str()};
  }
  std::string text(const std::string& out, const std::string& file) const {
    return read_file((folder / out / "mislabelled" / "quick" / file).string());
  }
};

const std::vector<std::string> kSmall = {"epochs=100", "seeds=2"};

/// A result whose corrupted examples are the first two of ten, one seed for each list of scores.
MislabelledResult planted(const std::vector<VectorXd>& scores) {
  MislabelledResult r{digits(), {}};
  for (const VectorXd& s : scores) {
    Inspection found;
    found.corrupted.assign(10, false);
    found.corrupted[0] = found.corrupted[1] = true;
    found.scores = s.replicate(1, 5);
    r.seeds.push_back(found);
  }
  return r;
}

}  // namespace

TEST_CASE("label noise makes the share of training labels wrong, and touches nothing else") {
  TaskSettings s = digits();
  const TaskData noisy = load_task_data(s);
  s.label_noise = 0;
  const TaskData clean = load_task_data(s);
  CHECK(clean.corrupted.empty());
  CHECK(noisy.train.inputs == clean.train.inputs);
  CHECK(noisy.query.inputs == clean.query.inputs);
  CHECK(noisy.query.targets == clean.query.targets);
  REQUIRE(noisy.corrupted.size() == 6);
  for (Index i = 0; i < noisy.train.size(); ++i)
    CHECK((noisy.train.label(i) != clean.train.label(i)) ==
          std::binary_search(noisy.corrupted.begin(), noisy.corrupted.end(), i));
  s.label_noise = 0.1;
  s.seed = 2;
  CHECK(load_task_data(s).corrupted != noisy.corrupted);
}

TEST_CASE("under heavy damping both self-influences are |g_k|^2 / (N damping)") {
  TaskSettings s = digits();
  s.damping = 1e4;
  const TrainedTask task = train_task(s, {});
  const Inspection found = inspect(task, {});
  CHECK(found.unconverged == 0);
  CHECK(found.worst_residual < 1e-10);
  const double n = static_cast<double>(task.train->size());
  const VectorXd limit = found.scores.col(3).array().square() / (n * s.damping);
  for (Index k = 0; k < limit.size(); ++k) {
    CHECK(found.scores(k, 1) == doctest::Approx(limit(k)).epsilon(2e-3));
    CHECK(found.scores(k, 0) == doctest::Approx(limit(k)).epsilon(2e-3));
  }
}

TEST_CASE("the influence self-score is the first order of the PBRF's, for a convex model too") {
  TaskSettings s = digits();
  s.data = s.name = "breast_cancer";
  s.model = "logistic";
  s.max_train = 300;
  s.damping = 1;  // one example of 300 is a small step then
  const TrainedTask task = train_task(s, {});
  const Inspection found = inspect(task, {});
  const VectorXd error = found.scores.col(0) - found.scores.col(1);
  CHECK(error.norm() < 0.05 * found.scores.col(1).norm());
  CHECK(found.scores.col(0).minCoeff() >= 0);  // removal never helps the example itself
  CHECK(found.true_accuracy > 0.9);
  CHECK(found.train_accuracy < found.true_accuracy);
}

TEST_CASE("examples that do not fit in one chunk are scored as if they did") {
  TaskSettings s = digits();
  s.data = s.name = "breast_cancer";
  s.model = "logistic";
  s.max_train = 300;  // more than a chunk
  const TrainedTask task = train_task(s, {});
  std::vector<std::pair<Index, Index>> reports;
  TaskOptions options;
  options.progress = [&](const std::string&) {
    return [&](Index done, Index total) { reports.emplace_back(done, total); };
  };
  Index missed = 0;
  const VectorXd self = pbrf_self_influence(task, options, missed);
  CHECK(reports.back() == std::pair<Index, Index>(300, 300));
  CHECK(std::is_sorted(reports.begin(), reports.end()));
  for (const Index k : {0, 255, 256, 299}) {
    const Run run = minimise(task.loo->objective(Response::pbrf, {k}), task.loo->theta_s());
    const double change = losses(*task.model, *task.train, run.theta)(k) -
                          losses(*task.model, *task.train, task.loo->theta_s())(k);
    CHECK(self(k) == doctest::Approx(change).epsilon(1e-8));
  }
}

TEST_CASE("the verdict follows the interval over seeds") {
  const VectorXd good = VectorXd::LinSpaced(10, 10, 1), bad = VectorXd::LinSpaced(10, 1, 10);
  CHECK(judge({planted({good, good, good})})[0].verdict == "agrees");
  CHECK(judge({planted({bad, bad, bad})})[0].verdict == "disagrees");
  CHECK(judge({planted({good, bad, good})})[0].verdict.find("open") == 0);
  CHECK(judge({planted({good})})[0].verdict.find("not testable") == 0);
  MislabelledResult missed = planted({good, good, good});
  missed.seeds[1].unconverged = 2;
  CHECK(judge({missed})[0].verdict == "not testable: 2 responses did not converge");
}

TEST_CASE("a user's classes go through the whole experiment, with one bit pattern on two threads") {
  const Tables tables;
  const std::pair<int, std::string> outcome = tables.run("classes.csv", "one", kSmall);
  CAPTURE(outcome.second);
  REQUIRE(outcome.first == kSuccess);
  REQUIRE(tables.run("classes.csv", "two", kSmall, "2").first == kSuccess);
  for (const char* file : {"runs.csv",
                           "summary.csv",
                           "verdicts.csv",
                           "recall.csv",
                           "arrays/classes/scores_seed1.npy",
                           "arrays/classes/corrupted_seed2.npy"})
    CHECK_MESSAGE(tables.text("one", file) == tables.text("two", file), file);
  const auto run = nlohmann::json::parse(tables.text("one", "run.json"));
  CHECK(run["tasks"]["classes"]["seeds"][1]["corrupted"] == 5);  // of 48 training rows
  CHECK(run["tasks"]["classes"]["seeds"][1]["seed"] == 2);
}

TEST_CASE("a search that has nothing to find is refused in one line") {
  const Tables tables;
  const auto refused =
      [&](const char* table, const std::vector<std::string>& set, const char* word) {
        const std::pair<int, std::string> outcome = tables.run(table, "none", set);
        const std::string& error = outcome.second;
        CHECK(outcome.first == kUserError);
        CHECK_MESSAGE(error.find(word) != std::string::npos, error);
        CHECK(std::count(error.begin(), error.end(), '\n') == 1);
      };
  refused("numbers.csv", kSmall, "classes");
  refused("classes.csv", {"label_noise=0"}, "label_noise");
  refused("classes.csv", {"label_noise=1"}, "label_noise");
  refused("classes.csv", {"label_noise=2"}, "of at least 0 and at most 1");
  refused("classes.csv", {"protocols=paper,exact"}, "protocols");
}

}  // namespace leaveout
