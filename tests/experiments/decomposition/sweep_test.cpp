// SPDX-License-Identifier: MIT
// Sweeps on data where the answer is known.
#include "experiments/decomposition/sweep.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <sstream>

#include "datasets/csv_table.h"
#include "datasets/files.h"
#include "datasets/random.h"
#include "experiments/cli.h"
#include "experiments/decomposition/sweep_report.h"
#include "tests/support/temporary_folder.h"

using namespace leaveout;

namespace {

/// y = 2 a - b + noise, 60 rows.
std::string linear_table() {
  Random random(3);
  std::string text = "a,b,y\n";
  for (int i = 0; i < 60; ++i) {
    const double a = random.normal(), b = random.normal();
    text += fmt::format("{},{},{}\n", a, b, 2 * a - b + 0.3 * random.normal());
  }
  return text;
}

/// Runs a sweep of a linear model on the table, full-batch descent to convergence.
CsvTable run(const TemporaryFolder& folder,
             const std::string& kind,
             std::vector<std::string> settings) {
  write_file(folder / "table.csv", linear_table());
  std::vector<std::string> args = {"run", kind, "--preset", "quick", "--quiet", "--data"};
  args.insert(args.end(),
              {folder / "table.csv", "--target", "y", "--out", folder / "out", "--set"});
  args.insert(args.end(), settings.begin(), settings.end());
  args.insert(args.end(),
              {"model=linear",
               "protocols=exact",
               "seeds=3",
               "removed=4",
               "weight_decay=0.01",
               "epochs=800",
               "learning_rate=0.3",
               "batch_size=1000",
               "max_train=48"});
  std::ostringstream out, err;
  const int status = run_cli(args, out, err);
  INFO(err.str());
  REQUIRE(status == kSuccess);
  return read_csv(folder / ("out/" + kind + "/quick/trends.csv"));
}

/// The trend of a gap, as trends.csv has it; empty: undefined.
std::string trend_of(const CsvTable& table, const std::string& gap) {
  for (Index r = 0; r < table.rows(); ++r)
    if (table.cell(r, table.column("gap")) == gap)
      return std::string(table.cell(r, table.column("trend")));
  return "missing";
}

SweepCurves synthetic(double slope) {
  SweepCurves c{.task = "t", .grid = {1, 2, 4, 8}, .points = {}};
  for (std::uint64_t seed = 1; seed <= 4; ++seed)
    for (Index j = 0; j < 3; ++j)
      for (std::size_t v = 0; v < 4; ++v) {
        SweepPoint p;
        p.value = v;
        p.seed = seed;
        p.removed = j;
        p.gaps = Eigen::VectorXd::Constant(5, 1e-3 * std::pow(c.grid[v], slope));
        p.gaps(4) = 1e-16 * static_cast<double>(v + 1);
        p.gaps_in_means = p.gaps;
        c.points.push_back(p);
      }
  return c;
}

const SweepKind& kind_of(const std::string& name) {
  for (const SweepKind& k : sweep_kinds())
    if (k.name == name) return k;
  throw std::logic_error("no such sweep");
}

}  // namespace

TEST_CASE("ridge, damping: proximity rises, linearisation falls, the rest is rounding") {
  // Converged and linear: warm = cold, prox = PBRF. The linearisation error is h/(1 - h) times the
  // estimate, and the leverage h falls with the damping.
  const TemporaryFolder folder;
  const CsvTable t = run(folder, "damping", {"grid=0.001,0.01,0.1,1"});
  CHECK(trend_of(t, "proximity") == "1");
  CHECK(trend_of(t, "linearisation") == "-1");
  CHECK(trend_of(t, "warm_start").empty());
  CHECK(trend_of(t, "solver").empty());
}

TEST_CASE("ridge, removal: the linearisation error rises with the share that is removed") {
  const TemporaryFolder folder;
  const CsvTable t = run(folder, "removal", {"grid=one,0.1,0.5,0.9"});
  // A group may have less leverage than the one example it grew from: not 1 for every curve.
  CHECK(std::stod(trend_of(t, "linearisation")) > 0.9);
  CHECK(trend_of(t, "warm_start").empty());
}

TEST_CASE("training time: the non-convergence gap of a linear model falls") {
  const TemporaryFolder folder;
  const CsvTable t = run(folder, "training-time", {"grid=1,3,10,30"});
  CHECK(trend_of(t, "non_convergence") == "-1");
}

TEST_CASE("verdicts follow the interval, and rounding is no trend") {
  const std::vector<Verdict> falls = judge_sweep(kind_of("damping"), {synthetic(-1)});
  REQUIRE(falls.size() == 3);
  CHECK(falls[0].verdict == "agrees");                             // linearisation falls
  CHECK(falls[1].verdict == "not testable: the gap is rounding");  // solver
  CHECK(falls[2].verdict == "disagrees");                          // proximity should rise
  CHECK(judge_sweep(kind_of("damping"), {synthetic(1)})[0].verdict == "disagrees");
  CHECK(judge_sweep(kind_of("depth"), {synthetic(1)})[0].verdict == "disagrees");
  SweepCurves missed = synthetic(-1);
  missed.unconverged = 2;
  CHECK(judge_sweep(kind_of("damping"), {missed})[0].verdict ==
        "not testable: 2 responses did not converge");
}

TEST_CASE("grids that make no sense are refused in one line") {
  const TemporaryFolder folder;
  write_file(folder / "table.csv", linear_table());
  const auto complaint = [&](const std::string& kind, const std::string& grid) {
    std::ostringstream out, err;
    CHECK(run_cli({"run",
                   kind,
                   "--preset",
                   "quick",
                   "--quiet",
                   "--data",
                   folder / "table.csv",
                   "--target",
                   "y",
                   "--out",
                   folder / "out",
                   "--set",
                   "grid=" + grid},
                  out,
                  err) == kUserError);
    return err.str();
  };
  CHECK(complaint("damping", "0.1") ==
        "leaveout: [damping] grid, expected two values or more: --set grid=1,2,3\n");
  CHECK(complaint("damping", "0.1,x") ==
        "leaveout: [sweep] grid, expected numbers from 0 up, got 'x'\n");
  CHECK(complaint("damping", "0.1,0.01") ==
        "leaveout: [damping] grid, expected rising values, got 0.01 after 0.1\n");
  CHECK(complaint("removal", "one,1") ==
        "leaveout: [removal] grid, expected shares below 1, got 1\n");
  CHECK(complaint("width", "1.5,2") ==
        "leaveout: [sweep] grid, expected whole numbers from 1 for width, got 1.5\n");
}
