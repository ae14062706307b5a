// SPDX-License-Identifier: MIT
// The correlation experiment from the command line to its files, on a small table of a user's own.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "datasets/files.h"
#include "datasets/npy.h"
#include "datasets/random.h"
#include "experiments/cli.h"

namespace leaveout {

namespace {

namespace fs = std::filesystem;

/// A folder with a table of two classes, 50 rows, gone at the end of the test.
struct Table {
  fs::path folder;
  Table() {
    std::string name = (fs::temp_directory_path() / "leaveout_table_XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    folder = name;
    Random random(3);
    std::string text = "a,b,y\n";
    for (int i = 0; i < 50; ++i) {
      const double a = random.normal(), b = random.normal();
      text += fmt::format("{},{},{}\n", a, b, 2 * a - b + random.normal() > 0 ? 1 : 0);
    }
    write_file((folder / "table.csv").string(), text);
  }
  ~Table() { fs::remove_all(folder); }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  /// Exit status and what was said on the error stream.
  std::pair<int, std::string> run(const std::string& out, std::vector<std::string> set) const {
    std::vector<std::string> args = {"run",
                                     "correlation",
                                     "--preset",
                                     "quick",
                                     "--data",
                                     (folder / "table.csv").string(),
                                     "--target",
                                     "y",
                                     "--quiet",
                                     "--out",
                                     (folder / out).string(),
                                     "--set"};
    args.insert(args.end(), set.begin(), set.end());
    std::ostringstream output, error;
    const int status = run_cli(args, output, error);
    return {status, error.str()};
  }
  fs::path results(const std::string& out) const { return folder / out / "correlation" / "quick"; }
  std::string text(const std::string& out, const std::string& file) const {
    return read_file((results(out) / file).string());
  }
};

const std::vector<std::string> kSmall = {
    "model=mlp:2", "removed=4", "epochs=20", "further_seeds=2"};

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("a user's table goes through the whole experiment, and leaves every promised file") {
  const Table table;
  REQUIRE(table.run("one", kSmall).first == kSuccess);
  // 3 estimates x (5 + 4 truths) x 5 measurements.
  CHECK(lines(table.text("one", "correlations.csv")) == 1 + 3 * 9 * 5);
  CHECK(lines(table.text("one", "noise.csv")) == 2);
  // Rows: removed x (truths, seeds and estimates of paper; truths and estimates of exact).
  CHECK(lines(table.text("one", "runs.csv")) == 1 + 4 * (5 + 2 + 3 + 4 + 3));
  CHECK(lines(table.text("one", "scatter.csv")) >= 1 + 4 * 5);  // removed x truths, and diagonals
  CHECK(fs::exists(table.results("one") / "correlation.csv"));
  const fs::path arrays = table.results("one") / "arrays" / "table";
  for (const char* name : {"train_x", "query_y", "theta_s", "removed", "exact_change_two_stage"})
    CHECK_MESSAGE(fs::exists(arrays / (std::string(name) + ".npy")), name);
  CHECK(read_npy((arrays / "paper_further_seeds.npy").string()).rows() == 2);
  CHECK(read_npy((arrays / "paper_scores_hessian.npy").string()).cols() == 4);
  CHECK(read_npy((arrays / "exact_change_pbrf.npy").string()).rows() == 10);
  CHECK_FALSE(fs::exists(arrays / "exact_change_further_training.npy"));
  const auto run = nlohmann::json::parse(table.text("one", "run.json"));
  CHECK(run["tasks"]["table"]["protocols"]["exact"].contains("left_out_truths"));
  CHECK(table.text("one", "verdicts.csv").find("fewer than 10") != std::string::npos);
}

TEST_CASE("two threads leave the bits of one, correlations with their intervals included") {
  const Table table;
  REQUIRE(table.run("one", kSmall).first == kSuccess);
  std::vector<std::string> two = kSmall;
  two.insert(two.end(), {"--threads", "2"});
  REQUIRE(table.run("two", two).first == kSuccess);
  for (const char* file : {"runs.csv",
                           "summary.csv",
                           "correlations.csv",
                           "noise.csv",
                           "verdicts.csv",
                           "arrays/table/paper_change_further_training.npy"})
    CHECK_MESSAGE(table.text("one", file) == table.text("two", file), file);
}

TEST_CASE("responses that miss their tolerance are called so, and no verdict is built on them") {
  const Table table;
  REQUIRE(table
              .run("one",
                   {"model=mlp:3", "removed=12", "epochs=5", "max_iterations=1", "protocols=exact"})
              .first == kSuccess);
  CHECK(table.text("one", "verdicts.csv").find("responses did not converge") != std::string::npos);
  CHECK_FALSE(fs::exists(table.results("one") / "noise.csv"));
}

TEST_CASE("an estimate that nobody knows, none, and no seeds are refused in one line") {
  const Table table;
  for (const char* setting : {"estimates=tracin", "estimates=", "further_seeds=0"}) {
    const auto [status, error] = table.run("one", {setting, "epochs=3", "removed=2"});
    CHECK(status == kUserError);
    CHECK_MESSAGE(std::count(error.begin(), error.end(), '\n') == 1, error);
    CHECK_FALSE(fs::exists(table.results("one")));
  }
}

}  // namespace leaveout
