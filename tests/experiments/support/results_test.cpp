// SPDX-License-Identifier: MIT
#include "experiments/support/results.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>

using namespace leaveout;
namespace fs = std::filesystem;

namespace {

/// An empty folder that goes away with the test.
struct ScratchFolder {
  ScratchFolder() {
    std::string name = (fs::temp_directory_path() / "leaveout_results_XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~ScratchFolder() { fs::remove_all(path); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  fs::path path;
};

std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

const RunsLayout kLayout{.columns = {"task", "seed", "gap", "value"}, .keys = {"task", "gap"}};

/// A small results folder; `shift` is added to every value.
fs::path write_example(const fs::path& out, double shift = 0.0) {
  Results results(out, "decomposition", "quick", kLayout);
  results.row({"b", 1, "warm", 1.0 + shift});
  results.row({"a", 1, "warm", 0.1 + shift});
  results.row({"b", 2, "warm", 3.0 + shift});
  results.row({"a", 2, "cold", std::optional<double>()});
  results.run()["seeds"] = {1, 2};
  std::ofstream(results.arrays("b") / "theta.npy") << "theta";
  return results.commit();
}

}  // namespace

TEST_CASE("a number reads back as the same double, an undefined one is empty, text is quoted") {
  const double third = 1.0 / 3.0;
  CHECK(std::strtod(Cell(third).text().c_str(), nullptr) == third);
  CHECK(std::strtod(Cell(5e-324).text().c_str(), nullptr) == 5e-324);
  CHECK(Cell(0.1).text() == "0.1");
  CHECK(Cell(-2).text() == "-2");
  CHECK(csv_line({"a,b", "say \"x\"", "two\nlines", std::optional<double>(), 1.5}) ==
        "\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",,1.5\n");
  CHECK_THROWS_AS(Cell(std::numeric_limits<double>::quiet_NaN()), std::invalid_argument);
  CHECK_THROWS_AS(Cell(std::optional<double>(INFINITY)), std::invalid_argument);
}

TEST_CASE("runs.csv has the rows as they came, summary.csv their means by key") {
  const ScratchFolder scratch;
  const fs::path folder = write_example(scratch.path);
  CHECK(folder == scratch.path / "decomposition" / "quick");
  CHECK(content(folder / "runs.csv") ==
        "task,seed,gap,value\nb,1,warm,1\na,1,warm,0.1\nb,2,warm,3\na,2,cold,\n");
  // Mean and standard error of (1, 3) are 2 and 1; of one value and of none, undefined.
  CHECK(content(folder / "summary.csv") ==
        "task,gap,mean,standard_error,n\nb,warm,2,1,2\na,warm,0.1,,1\na,cold,,,0\n");
  CHECK(content(folder / "arrays" / "b" / "theta.npy") == "theta");
  CHECK_FALSE(fs::exists(scratch.path / "decomposition" / ".quick.partial"));
}

TEST_CASE("run.json says what ran, where, and for how long") {
  const ScratchFolder scratch;
  const auto run = nlohmann::json::parse(content(write_example(scratch.path) / "run.json"));
  CHECK(run["experiment"] == "decomposition");
  CHECK(run["preset"] == "quick");
  CHECK(run["seeds"] == nlohmann::json::array({1, 2}));
  CHECK(run["seconds"].get<double>() >= 0.0);
  for (const char* key : {"commit", "compiler", "flags", "processor", "cores"}) {
    CHECK(run["environment"].contains(key));
  }
}

TEST_CASE("the same rows leave the same bytes") {
  const ScratchFolder one, two;
  const fs::path a = write_example(one.path), b = write_example(two.path);
  CHECK(content(a / "runs.csv") == content(b / "runs.csv"));
  CHECK(content(a / "summary.csv") == content(b / "summary.csv"));
}

TEST_CASE("a commit replaces the old results as a whole") {
  const ScratchFolder scratch;
  const fs::path folder = write_example(scratch.path);
  std::ofstream(folder / "old_figure.svg") << "old";
  write_example(scratch.path, 10.0);
  CHECK(content(folder / "runs.csv").find("b,1,warm,11\n") != std::string::npos);
  CHECK_FALSE(fs::exists(folder / "old_figure.svg"));
  CHECK(std::distance(fs::directory_iterator(scratch.path / "decomposition"), {}) == 1);
}

TEST_CASE("a run that fails leaves the old results and nothing else") {
  const ScratchFolder scratch;
  const fs::path folder = write_example(scratch.path);
  const std::string runs = content(folder / "runs.csv"), json = content(folder / "run.json");
  try {
    Results results(scratch.path, "decomposition", "quick", kLayout);
    results.row({"b", 1, "warm", 99.0});
    throw std::runtime_error("diverged");
  } catch (const std::runtime_error&) {
  }
  CHECK(content(folder / "runs.csv") == runs);
  CHECK(content(folder / "run.json") == json);
  CHECK(std::distance(fs::directory_iterator(scratch.path / "decomposition"), {}) == 1);
}

TEST_CASE("what a killed run left behind does not reach the next one") {
  const ScratchFolder scratch;
  const fs::path partial = scratch.path / "decomposition" / ".quick.partial";
  fs::create_directories(partial / "arrays" / "stale");
  std::ofstream(partial / "stale.csv") << "stale";
  const fs::path folder = write_example(scratch.path);
  CHECK_FALSE(fs::exists(folder / "stale.csv"));
  CHECK_FALSE(fs::exists(folder / "arrays" / "stale"));
}

TEST_CASE("two runs cannot write the same results at once, one after the other they can") {
  const ScratchFolder scratch;
  auto first = std::make_unique<Results>(scratch.path, "decomposition", "quick", kLayout);
  CHECK_THROWS_AS(Results(scratch.path, "decomposition", "quick", kLayout), std::invalid_argument);
  CHECK_NOTHROW(Results(scratch.path, "decomposition", "paper", kLayout));
  first->row({"b", 1, "warm", 1.0});
  CHECK_NOTHROW(first->commit());
  first.reset();
  CHECK_NOTHROW(Results(scratch.path, "decomposition", "quick", kLayout));
}

TEST_CASE("other CSV files lie beside the results") {
  const ScratchFolder scratch;
  Results results(scratch.path, "e", "p", kLayout);
  results.csv("gaps.csv", {"x", "y"}, {{1, 0.5}, {2, "b"}});
  const fs::path folder = results.commit();
  CHECK(content(folder / "gaps.csv") == "x,y\n1,0.5\n2,b\n");
  CHECK(content(folder / "summary.csv") == "task,gap,mean,standard_error,n\n");
}

TEST_CASE("without key columns the summary is one line over all rows") {
  const ScratchFolder scratch;
  Results results(scratch.path, "e", "p", {.columns = {"value"}, .keys = {}});
  results.row({1});
  results.row({3});
  CHECK(content(results.commit() / "summary.csv") == "mean,standard_error,n\n2,1,2\n");
}

TEST_CASE("bad names, bad columns and bad rows are refused in one line") {
  const ScratchFolder scratch;
  CHECK_THROWS_AS(Results(scratch.path, "../x", "p", kLayout), std::invalid_argument);
  CHECK_THROWS_AS(Results(scratch.path, "e", "", kLayout), std::invalid_argument);
  CHECK_THROWS_WITH_AS(Results(scratch.path, "e", "p", {.columns = {"a", "value"}, .keys = {"b"}}),
                       "[results] no column 'b', expected one of a, value",
                       std::invalid_argument);
  Results results(scratch.path, "e", "p", kLayout);
  CHECK_THROWS_AS(results.row({"b", 1, "warm"}), std::invalid_argument);
  CHECK_THROWS_AS(results.row({"b", 1, "warm", "high"}), std::invalid_argument);
  CHECK_THROWS_AS(results.arrays(".."), std::invalid_argument);
}

TEST_CASE("an output folder that cannot be made is said in one line") {
  const ScratchFolder scratch;
  std::ofstream(scratch.path / "file") << "not a folder";
  CHECK_THROWS_AS(Results(scratch.path / "file", "e", "p", kLayout), std::invalid_argument);
}
