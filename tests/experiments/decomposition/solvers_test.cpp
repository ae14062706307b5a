// SPDX-License-Identifier: MIT
// Curves of the solvers against closed forms, and the experiment from the command line.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "datasets/files.h"
#include "datasets/random.h"
#include "experiments/cli.h"
#include "experiments/decomposition/solvers_report.h"

namespace leaveout {

namespace {

namespace fs = std::filesystem;
using Eigen::MatrixXd;
using Eigen::Ref;
using Eigen::VectorXd;

/// C = X X' / examples of random inputs of growing size, and two right-hand sides.
struct Example {
  MatrixXd inputs;  // (n x examples)
  MatrixXd c;       // (n x n)
  Eigendecomposition eigen;
  LinearProblem problem;
  explicit Example(Index n = 12, Index examples = 40, double damping = 0.05)
      : inputs(VectorXd::LinSpaced(n, 0.1, 2).asDiagonal() * Random(7).normal_matrix(n, examples)),
        c(inputs * inputs.transpose() / static_cast<double>(examples)),
        eigen(DenseOperator(c)),
        problem(c, eigen, damping, Random(8).normal_matrix(n, 2)) {}

  /// One drawn example, or all of them for a batch of 40.
  BatchProduct batches(Index batch, double damping = 0.05) const {
    return [this, batch, damping](
               Index step, Index repeat, const Ref<const MatrixXd>& v, Ref<MatrixXd> out) {
      Random random(3, {static_cast<std::uint64_t>(step), static_cast<std::uint64_t>(repeat)});
      out = damping * v;
      for (Index i = 0; i < batch; ++i) {
        const auto drawn = static_cast<Index>(random.below(40));
        const VectorXd x = inputs.col(batch == 40 ? i : drawn);
        const MatrixXd xv = x.transpose() * v;
        out += x * xv / static_cast<double>(batch);
      }
    };
  }
};

TaskSettings concrete() {
  TaskSettings s;
  s.name = s.data = "concrete";
  s.model = "mlp:3";
  s.max_train = 100;
  s.max_query = 20;
  s.weight_decay = 0.003;
  s.base.epochs = 40;
  s.removed = 4;
  return s;
}

}  // namespace

TEST_CASE("one run of LiSSA holds the iterates of every depth, to the bit") {
  const Example e;
  const double scale = 1.1 * e.problem.largest();
  const std::vector<Index> steps = {1, 2, 7, 30};
  std::vector<MatrixXd> iterates;
  const SolverCurve curve = lissa_curve(e.problem, scale, steps, &iterates);
  REQUIRE(iterates.size() == steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const MatrixXd x = lissa_unchecked(e.problem.a, e.problem.b, scale, steps[i]);
    CHECK(iterates[i] == x);
    const VectorXd error = (x - e.problem.x).colwise().norm().transpose();
    for (Index j = 0; j < 2; ++j)
      CHECK(curve.relative_error(j, static_cast<Index>(i)) ==
            doctest::Approx(error(j) / e.problem.x.col(j).norm()).epsilon(1e-12));
    const MatrixXd closed = lissa_closed_form(e.problem, scale, steps[i]);
    CHECK((x - closed).norm() < 1e-12 * closed.norm());
  }
}

TEST_CASE("errors are those of their definitions") {
  const Example e;
  SolverCurve curve = lissa_curve(e.problem, 2 * e.problem.largest(), {5});
  const MatrixXd x = 3 * e.problem.x;  // off by twice itself in every norm
  measure(e.problem, x, 0, curve);
  for (Index j = 0; j < 2; ++j) {
    CHECK(curve.relative_error(j, 0) == doctest::Approx(2).epsilon(1e-12));
    CHECK(curve.a_norm_error(j, 0) == doctest::Approx(2).epsilon(1e-12));
    CHECK(curve.residual(j, 0) == doctest::Approx(2).epsilon(1e-12));
  }
  // Along one eigenvector added to the solution, each norm has its own weight.
  const VectorXd u = e.eigen.vectors().col(0);
  measure(e.problem, e.problem.x.colwise() + u, 0, curve);
  const double lowest = e.problem.smallest();
  const VectorXd x0 = e.problem.x.col(0), b0 = e.problem.b.col(0);
  CHECK(curve.relative_error(0, 0) == doctest::Approx(1 / x0.norm()).epsilon(1e-10));
  CHECK(curve.a_norm_error(0, 0) ==
        doctest::Approx(std::sqrt(lowest) / std::sqrt(x0.dot(b0))).epsilon(1e-10));
  CHECK(curve.residual(0, 0) == doctest::Approx(lowest / b0.norm()).epsilon(1e-10));
}

TEST_CASE("CG's A-norm error is below its Chebyshev bound, and the bound is not idle") {
  const Example e;
  const SolverCurve curve = cg_curve(e.problem, 100);
  double closest = 0;
  for (std::size_t i = 0; i < curve.steps.size(); ++i) {
    const double bound = chebyshev_bound(e.problem.condition(), curve.steps[i]);
    const double error = curve.a_norm_error.col(static_cast<Index>(i)).maxCoeff();
    CHECK(error <= bound + 1e-12);
    closest = std::max(closest, error / bound);
  }
  CHECK(closest > 0.1);
  CHECK(chebyshev_bound(9, 3) == doctest::Approx(2.0 / 8).epsilon(1e-14));
  CHECK(curve.residual.rightCols(1).maxCoeff() < 1e-12);
  CHECK(curve.steps.back() <= 30);  // it stops where rounding allows no better
}

TEST_CASE(
    "a batch of B examples counts B / N of a product, and batches of all are the full batch") {
  const Example e;
  const SolverCurve one = stochastic_curve(e.problem, e.batches(1), 1, 40, 50);
  REQUIRE(one.products.size() == one.steps.size());
  CHECK(one.products.back() == 50.0 / 40);
  CHECK(one.scale > e.problem.largest());  // single examples have larger eigenvalues
  const SolverCurve all = stochastic_curve(e.problem, e.batches(40), 40, 40, 50);
  CHECK(all.products.back() == 50);
  CHECK(all.scale == doctest::Approx(1.1 * e.problem.largest()).epsilon(1e-3));
  const SolverCurve full = lissa_curve(e.problem, all.scale, all.steps);
  CHECK((all.relative_error - full.relative_error).cwiseAbs().maxCoeff() < 1e-12);
}

TEST_CASE("products to reach a tolerance are exact on a geometric curve") {
  const std::vector<double> products = {1, 10, 100};
  MatrixXd error(3, 3);
  error << std::pow(0.9, 1), std::pow(0.9, 10), std::pow(0.9, 100),  // geometric
      1e-5, 1e-6, 1e-7,                                              // small from the first
      1e-5, 0.3, 0.2;                                                // small only for a while
  const double tolerance = std::pow(0.9, 40);
  const VectorXd needed = products_to_reach(products, error, tolerance);
  CHECK(needed(0) == doctest::Approx(40).epsilon(1e-12));
  CHECK(needed(1) == 1);
  CHECK(std::isinf(needed(2)));
}

TEST_CASE("products of LiSSA by its closed form are the first at which the error is small") {
  const Example e;
  const double scale = 1.1 * e.problem.largest();
  const VectorXd needed = lissa_products_to_reach(e.problem, scale, 1e-3);
  for (Index j = 0; j < 2; ++j) {
    const auto error = [&](double depth) {
      const MatrixXd x = lissa_closed_form(e.problem, scale, static_cast<Index>(depth));
      return (x.col(j) - e.problem.x.col(j)).norm() / e.problem.x.col(j).norm();
    };
    CHECK(error(needed(j)) <= 1e-3);
    CHECK(error(needed(j) - 1) > 1e-3);
  }
}

TEST_CASE("the study of a network agrees with theory: rate, closed form, damping of truncation") {
  const TrainedTask task = train_task(concrete(), {});
  SolversPlan plan;
  plan.dampings = {0.01};
  plan.batches = {16};
  plan.depth = 3000;
  plan.stochastic_depth = 100;
  const SolversResult r = study_solvers(task, plan, {});
  REQUIRE(r.studies.size() == 1);
  const SolverStudy& s = r.studies[0];
  CHECK(s.closed_form_difference < 1e-11);
  CHECK(s.smallest >= 0.013 * (1 - 1e-12));  // damping + weight decay
  CHECK(s.divergence.rate == doctest::Approx(1 / 0.45 - 1).epsilon(1e-14));
  CHECK((s.divergence.growth.array() / s.divergence.rate - 1).abs().maxCoeff() < 1e-6);
  REQUIRE(s.truncation.directions > 0);
  // F = (1 - (1 - e/scale)^(T+1)) / e is 1 / (e + e / (exp(x) - 1)) with x = (T + 1) e / scale.
  for (const double multiple : {0.1, 1.0, 3.0}) {
    const TruncationRatio t = truncation_ratio(s, multiple);
    const double depth = static_cast<double>(t.depth);
    const double x = (depth + 1) * s.smallest / s.lissa.scale;
    const double law = x / std::expm1(x) * depth / (depth + 1);
    for (Index j = 0; j < t.ratio.size(); ++j) {
      CHECK(t.ratio(j) < law * 1.05);
      CHECK(t.ratio(j) > law * 0.75);  // e is up to a tenth above the smallest
    }
  }
}

TEST_CASE("the solvers of a user's table leave every table and figure, on two threads the same") {
  std::string name = (fs::temp_directory_path() / "leaveout_solvers_XXXXXX").string();
  REQUIRE(mkdtemp(name.data()) != nullptr);
  const fs::path folder = name;
  std::string text = "a,b,y\n";
  Random random(5);
  for (int i = 0; i < 50; ++i) {
    const double a = random.normal(), b = random.normal();
    text += fmt::format("{},{},{}\n", a, b, a - b * b + 0.1 * random.normal());
  }
  write_file((folder / "table.csv").string(), text);
  const auto run = [&](const std::string& out, std::vector<std::string> more) {
    std::vector<std::string> args = {"run",
                                     "solvers",
                                     "--preset",
                                     "quick",
                                     "--data",
                                     (folder / "table.csv").string(),
                                     "--quiet",
                                     "--target",
                                     "y",
                                     "--out",
                                     (folder / out).string()};
    args.insert(args.end(), more.begin(), more.end());
    std::ostringstream output, error;
    const int status = run_cli(args, output, error);
    return std::pair(status, error.str());
  };
  const std::vector<std::string> small = {
      "--set", "model=mlp:3", "epochs=40", "depth=200", "stochastic_depth=40", "removed=3"};
  std::vector<std::string> two = small;
  two.insert(two.begin(), {"--threads", "2"});
  REQUIRE(run("one", small).first == kSuccess);
  REQUIRE(run("two", two).first == kSuccess);
  for (const char* file : {"runs.csv",
                           "summary.csv",
                           "verdicts.csv",
                           "error.csv",
                           "cg_bound.csv",
                           "divergence.csv",
                           "truncation.csv"}) {
    const auto read = [&](const char* out) {
      return read_file((folder / out / "solvers" / "quick" / file).string());
    };
    CHECK_MESSAGE(read("one") == read("two"), file);
  }
  const auto refused = [&](const char* set, const char* word) {
    const std::pair<int, std::string> outcome = run("none", {"--set", set});
    const std::string& error = outcome.second;
    CHECK(outcome.first == kUserError);
    CHECK_MESSAGE(error.find(word) != std::string::npos, error);
    CHECK(std::count(error.begin(), error.end(), '\n') == 1);
  };
  refused("divergence_scale=0.5", "divergence_scale");
  refused("dampings=0.001,much", "dampings");
  refused("batches=1.5", ": --set batches=16,64");
  refused("batches=0", "got '0': --set batches=16,64");
  fs::remove_all(folder);
}

}  // namespace leaveout
