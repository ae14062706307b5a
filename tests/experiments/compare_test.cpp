// SPDX-License-Identifier: MIT
#include "experiments/compare.h"

#include <doctest/doctest.h>

#include <sstream>

#include "datasets/files.h"
#include "tests/support/temporary_folder.h"

using namespace leaveout;

namespace {

constexpr const char* kHeader = "task,seed,removed,method,metric,value\n";

Comparison compare_texts(const std::string& mine, const std::string& theirs) {
  const TemporaryFolder folder;
  write_file(folder / "a.csv", kHeader + mine);
  write_file(folder / "b.csv", kHeader + theirs);
  return compare_runs(folder / "a.csv", folder / "b.csv", 1e-3);
}

}  // namespace

TEST_CASE("a difference is measured by the largest number of its kind, not by the number itself") {
  // The small number is off by half of itself, but by 1e-4 of the largest of its kind.
  const std::string theirs = "t,1,0,warm,gap,1000\nt,1,1,warm,gap,0.2\n";
  CHECK(compare_texts("t,1,0,warm,gap,1000\nt,1,1,warm,gap,0.3\n", theirs).same());
  // Of another kind it has its own scale.
  const std::string other = "t,1,0,warm,gap,1000\nt,1,1,cold,gap,0.2\n";
  const Comparison c = compare_texts("t,1,0,warm,gap,1000\nt,1,1,cold,gap,0.3\n", other);
  CHECK(c.different == 1);
  CHECK(c.largest == doctest::Approx(0.5));
  CHECK(c.first_difference == "line 3: t,cold,gap,0.3 where 0.2 is expected");
}

TEST_CASE("the tolerance is where it is said to be") {
  CHECK(compare_texts("t,1,0,warm,gap,1.0009\n", "t,1,0,warm,gap,1\n").same());
  CHECK_FALSE(compare_texts("t,1,0,warm,gap,1.0011\n", "t,1,0,warm,gap,1\n").same());
  CHECK(compare_texts("t,1,0,warm,gap,9e-11\n", "t,1,0,warm,gap,1e-16\n").same());
  CHECK_FALSE(compare_texts("t,1,0,warm,gap,2e-10\n", "t,1,0,warm,gap,1e-16\n").same());
}

TEST_CASE("text must be equal, and undefined numbers undefined in both") {
  CHECK_FALSE(compare_texts("u,1,0,warm,gap,1\n", "t,1,0,warm,gap,1\n").same());
  CHECK_FALSE(compare_texts("t,1,2,warm,gap,1\n", "t,1,0,warm,gap,1\n").same());
  CHECK(compare_texts("t,1,0,warm,gap,\n", "t,1,0,warm,gap,\n").same());
  CHECK_FALSE(compare_texts("t,1,0,warm,gap,\n", "t,1,0,warm,gap,1\n").same());
  CHECK_FALSE(compare_texts("t,1,0,warm,gap,1\n", "t,1,0,warm,gap,\n").same());
}

TEST_CASE("iterations are not compared, and counted as such") {
  const Comparison c = compare_texts("t,1,0,warm,iterations,7\nt,1,0,warm,gap,1\n",
                                     "t,1,0,warm,iterations,9\nt,1,0,warm,gap,1\n");
  CHECK(c.same());
  CHECK(c.rows == 2);
  CHECK(c.skipped == 1);
}

TEST_CASE("gradient norms and residuals may be smaller, and larger by a factor of 10 only") {
  for (const std::string metric : {"gradient_norm", "relative_residual", "residual"}) {
    CAPTURE(metric);
    const auto same = [&](const std::string& mine, const std::string& theirs) {
      const std::string row = "t,1,0,warm," + metric + ",";
      return compare_texts(row + mine + "\n", row + theirs + "\n").same();
    };
    CHECK(same("9.9", "1"));
    CHECK_FALSE(same("10.1", "1"));
    CHECK(same("1e-16", "1"));
    // What is asked of a solver is enough, however far below the reference was.
    CHECK(same("9e-11", "1e-16"));
    CHECK_FALSE(same("2e-10", "1e-16"));
    CHECK_FALSE(same("", "1"));
  }
}

TEST_CASE("errors of CG are compared by their size down to rounding, those of others by distance") {
  const TemporaryFolder folder;
  const auto same = [&](const std::string& solver, const char* mine, const char* theirs) {
    const std::string start = "solver,metric,value\n" + solver + ",relative_error,";
    write_file(folder / "a.csv", start + mine + "\n");
    write_file(folder / "b.csv", start + theirs + "\n");
    return compare_runs(folder / "a.csv", folder / "b.csv", 1e-3).same();
  };
  CHECK(same("cg", "0.02", "0.01"));
  CHECK_FALSE(same("lissa", "0.02", "0.01"));
  CHECK_FALSE(same("cg", "0.11", "0.01"));
  CHECK_FALSE(same("cg", "0.01", "0.11"));
  // Its end: rounding beside rounding, but not a CG that stopped early, or has no number.
  CHECK(same("cg", "3e-12", "2e-15"));
  CHECK_FALSE(same("cg", "2e-9", "2e-15"));
  CHECK_FALSE(same("cg", "", "0.01"));
}

TEST_CASE("other columns or another number of rows are refused, with both sizes") {
  CHECK_THROWS_AS(compare_texts("t,1,0,warm,gap,1\nt,1,1,warm,gap,1\n", "t,1,0,warm,gap,1\n"),
                  std::invalid_argument);
}

TEST_CASE("a written reference agrees with what it was made from") {
  const TemporaryFolder folder;
  write_file(folder / "runs.csv",
             std::string(kHeader) + "t,1,0,warm,gap,0.123456789\nt,1,1,warm,gap,\n");
  write_reference(folder / "runs.csv", folder / "reference.csv");
  CHECK(read_file(folder / "reference.csv") ==
        std::string(kHeader) + "t,1,0,warm,gap,0.123457\nt,1,1,warm,gap,\"\"\n");
  CHECK(compare_runs(folder / "runs.csv", folder / "reference.csv", 1e-3).same());
}

TEST_CASE("an experiment without results or without reference fails the comparison") {
  const TemporaryFolder folder;
  const std::vector<Experiment> experiments = {{"one", "", {}, {}}, {"two", "", {}, {}}};
  std::ostringstream out;
  Invocation how{.preset = "quick", .out = folder.path()};
  CHECK_THROWS_AS(compare_all(experiments, how, folder.path(), 1e-3, false, out),
                  std::invalid_argument);
  write_file(folder / "one.csv", std::string(kHeader) + "t,1,0,warm,gap,1\n");
  CHECK_THROWS_AS(compare_all(experiments, how, folder.path(), 1e-3, false, out),
                  std::runtime_error);
  CHECK(out.str().starts_with("one: "));
}
