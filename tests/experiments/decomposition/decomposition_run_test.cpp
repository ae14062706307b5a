// SPDX-License-Identifier: MIT
// The experiment from the command line to its files, on a small table of a user's own.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "datasets/csv_table.h"
#include "datasets/files.h"
#include "datasets/npy.h"
#include "datasets/random.h"
#include "experiments/cli.h"

namespace leaveout {

namespace {

namespace fs = std::filesystem;

/// A folder with a table y = 2 a - b + noise of 40 rows, gone at the end of the test.
struct Table {
  fs::path folder;
  Table() {
    std::string name = (fs::temp_directory_path() / "leaveout_run_XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    folder = name;
    Random random(3);
    std::string text = "a,b,y\n";
    for (int i = 0; i < 40; ++i) {
      const double a = random.normal(), b = random.normal();
      text += fmt::format("{},{},{}\n", a, b, 2 * a - b + 0.3 * random.normal());
    }
    write_file((folder / "table.csv").string(), text);
  }
  ~Table() { fs::remove_all(folder); }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  /// Exit status and what was said on the error stream.
  std::pair<int, std::string> run(const std::string& out, std::vector<std::string> more) const {
    std::vector<std::string> args = {"run",
                                     "decomposition",
                                     "--preset",
                                     "quick",
                                     "--data",
                                     (folder / "table.csv").string(),
                                     "--target",
                                     "y",
                                     "--quiet",
                                     "--out",
                                     (folder / out).string()};
    args.insert(args.end(), more.begin(), more.end());
    std::ostringstream output, error;
    const int status = run_cli(args, output, error);
    return {status, error.str()};
  }
  fs::path results(const std::string& out) const {
    return folder / out / "decomposition" / "quick";
  }
  std::string text(const std::string& out, const std::string& file) const {
    return read_file((results(out) / file).string());
  }
};

const std::vector<std::string> kSmall = {"--set", "model=mlp:3", "removed=3", "epochs=40"};

}  // namespace

TEST_CASE("a user's table goes through the whole experiment, and leaves every promised array") {
  const Table table;
  REQUIRE(table.run("one", kSmall).first == kSuccess);
  const fs::path arrays = table.results("one") / "arrays" / "table";
  for (const char* name : {"train_x",
                           "train_y",
                           "query_x",
                           "query_y",
                           "theta_init",
                           "theta_s",
                           "removed",
                           "theta_cold",
                           "theta_warm",
                           "theta_prox",
                           "theta_pbrf",
                           "theta_lin",
                           "theta_influence",
                           "gradients",
                           "hessian",
                           "ggn",
                           "scores"})
    CHECK_MESSAGE(fs::exists(arrays / (std::string(name) + ".npy")), name);
  const Eigen::MatrixXd pbrf = read_npy((arrays / "theta_pbrf.npy").string());
  CHECK(pbrf.rows() == 3);
  CHECK(pbrf.cols() == 3 * 3 + 3 + 1);  // [W b] of 2-3-1
  const auto run = nlohmann::json::parse(table.text("one", "run.json"));
  CHECK(run["tasks"]["table"]["objective"]["widths"] == nlohmann::json({2, 3, 1}));
}

TEST_CASE("two threads leave the bits of one, in tables and in arrays") {
  const Table table;
  std::vector<std::string> two = kSmall;
  two.insert(two.begin(), {"--threads", "2"});
  REQUIRE(table.run("one", kSmall).first == kSuccess);
  REQUIRE(table.run("two", two).first == kSuccess);
  for (const char* file : {"runs.csv",
                           "summary.csv",
                           "verdicts.csv",
                           "arrays/table/theta_cold.npy",
                           "arrays/table/paper_theta_influence.npy",
                           "arrays/table/hessian.npy"})
    CHECK_MESSAGE(table.text("one", file) == table.text("two", file), file);
}

TEST_CASE("a response that misses its tolerance is called so, and no verdict is built on it") {
  const Table table;
  REQUIRE(table.run("one", {"--set", "model=mlp:3", "removed=12", "epochs=5", "max_iterations=1"})
              .first == kSuccess);
  const auto run = nlohmann::json::parse(table.text("one", "run.json"));
  const auto& cold = run["tasks"]["table"]["protocols"]["exact"]["responses"]["cold"];
  CHECK(cold["reached"]["not converged"] == 12);
  CHECK(table.text("one", "verdicts.csv").find("responses did not converge") != std::string::npos);
}

TEST_CASE("a base run that diverges, a bad name and two sources of data are refused in one line") {
  const Table table;
  const auto refused = [&](std::vector<std::string> settings, const char* word) {
    settings.insert(settings.begin(), "--set");
    const auto [status, error] = table.run("one", settings);
    CHECK(status == kUserError);
    CHECK_MESSAGE(error.find(word) != std::string::npos, error);
    CHECK(std::count(error.begin(), error.end(), '\n') == 1);
    CHECK_FALSE(fs::exists(table.results("one")));
  };
  refused({"removed=2", "epochs=3", "learning_rate=100"}, "learning_rate");
  refused({"removed=2", "momentum=2"}, "momentum");
  refused({"name=../../elsewhere"}, "name");
  refused({"data=concrete"}, "--data FILE.csv or --set data=NAME");
  refused({"removed=4000"}, "got 4000: --set removed=");
}

}  // namespace leaveout
