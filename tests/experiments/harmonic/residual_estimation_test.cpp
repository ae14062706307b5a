// SPDX-License-Identifier: MIT
// Estimators of the residual on tables, and the experiment from the command line.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <Eigen/QR>
#include <nlohmann/json.hpp>
#include <sstream>

#include "datasets/random.h"
#include "experiments/cli.h"
#include "experiments/harmonic/residual_estimation_report.h"
#include "influence/harmonic/mask_pool.h"
#include "influence/harmonic/spectrum.h"
#include "tests/experiments/harmonic/ridge_subsets.h"
#include "tests/support/subsets.h"

namespace leaveout {

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using Kind = ResidualMethod::Kind;

/// Two queries on n examples: mostly linear, with some of every degree, far from zero mean.
TrainedCube cube_of(Index n, double p, double noise) {
  TrainedCube cube;
  cube.p = p;
  cube.examples = n;
  cube.mean.resize(Index{1} << n, 2);
  for (Index q = 0; q < 2; ++q) {
    cube.mean.col(q) = 0.3 * random_table(n, 10 + static_cast<std::uint64_t>(q));
    for (Index b = 0; b < cube.mean.rows(); ++b)
      for (Index i = 0; i < n; ++i)
        if (contains(b, i)) cube.mean(b, q) += 0.5 * static_cast<double>(i + q) / 3.0;
  }
  if (noise > 0) cube.deviation = MatrixXd::Constant(cube.mean.rows(), 2, noise);
  return cube;
}

/// 1 - R^2 of the weighted least-squares fit to all subsets: no transform.
double residual_by_regression(const VectorXd& f, Index n, double p) {
  const Index subsets = f.size();
  MatrixXd a(subsets, n + 1);
  VectorXd root(subsets);
  const VectorXd rates = VectorXd::Constant(n, p);
  for (Index b = 0; b < subsets; ++b) {
    root[b] = std::sqrt(probability(b, rates));
    a(b, 0) = 1;
    for (Index i = 0; i < n; ++i) a(b, i + 1) = contains(b, i) ? 1 : 0;
  }
  const VectorXd weights = root.cwiseAbs2();
  const VectorXd w = (root.asDiagonal() * a).colPivHouseholderQr().solve(root.cwiseProduct(f));
  const double mean = weights.dot(f);
  return weights.dot((f - a * w).cwiseAbs2()) / weights.dot((f.array() - mean).square().matrix());
}

const std::vector<std::string> kPlan = {"p=0.4", "trainings=100,400", "repetitions=20"};

std::vector<std::string> with(std::vector<std::string> set, const std::string& more) {
  set.push_back(more);
  return set;
}

ResidualResult result_of(ResidualErrors errors, Index repetitions) {
  ResidualResult r;
  r.settings.name = "planted";
  r.output = "margin";
  r.repetitions = repetitions;
  r.queries = {0, 1};
  r.errors = std::move(errors);
  return r;
}

}  // namespace

TEST_CASE("a training is a look-up in the table, with noise of the subset's own size") {
  TrainedCube cube = cube_of(4, 0.5, 0);
  MatrixXd masks(4, 2);
  masks << 1, 0, 0, 0, 1, 0, 0, 1;  // subsets 0b0101 and 0b1000
  const MatrixXd plain = cube.train(masks, 1, 0);
  CHECK(plain.row(0) == cube.mean.row(5));
  CHECK(plain.row(1) == cube.mean.row(8));
  cube.deviation = MatrixXd::Zero(16, 2);
  cube.deviation(5, 0) = 2;
  const MatrixXd repeated = masks.col(0).replicate(1, 4000);
  const MatrixXd noisy = cube.train(repeated, 1, 0);
  CHECK((noisy.col(1).array() == cube.mean(5, 1)).all());
  const VectorXd noise = noisy.col(0).array() - cube.mean(5, 0);
  CHECK(std::abs(noise.mean()) < 4 * 2 / std::sqrt(4000.0));
  CHECK(noise.squaredNorm() / 4000 == doctest::Approx(4).epsilon(4 * std::sqrt(2 / 4000.0)));
  CHECK((cube.train(masks, 1, 1) - cube.train(masks, 1, 0)).norm() > 0);
}

TEST_CASE("the exact share is 1 - R^2 of the regression on all subsets") {
  const TrainedCube cube = cube_of(5, 0.3, 0.2);
  const ResidualErrors errors = measure_errors(cube, {}, 2, 1, 1);
  for (Index q = 0; q < 2; ++q) {
    CHECK(errors.share[q] ==
          doctest::Approx(residual_by_regression(cube.mean.col(q), 5, 0.3)).epsilon(1e-10));
    CHECK(errors.noise[q] == doctest::Approx(0.04));
    CHECK(errors.degree1[q] + errors.share[q] == doctest::Approx(1));
  }
}

TEST_CASE("a plan spends no more trainings than it may, and nearly all of them") {
  for (const double p : {0.5, 0.2})
    for (const Index runs : {1, 2})
      for (const ResidualMethod& method : residual_methods(p)) {
        const auto plan = plan_of(method, p, 1000, runs);
        if (!plan) continue;
        CAPTURE(method.text());
        CHECK(trainings(*plan) <= 1000);
        CHECK(trainings(*plan) >= 980);
        CHECK(plan->levels.minCoeff() >= lowest_correlation(p) - 1e-12);
        CHECK((plan->top_subsets == 0 || plan->top_runs == runs));
      }
}

TEST_CASE("predicted bias: -2 rho^2 B_3 - 6 rho^3 B_4 - ..., in units of the variance") {
  const ResidualErrors errors = measure_errors(cube_of(5, 0.5, 0), {100}, 4, 1, 1);
  const ErrorCell* cell = errors.find(errors.method("unconstrained, rho = 0.3"), 100);
  REQUIRE(cell != nullptr);
  for (Index q = 0; q < 2; ++q) {
    const VectorXd b = errors.weights.col(q);
    const double bias =
        -2 * 0.3 * 0.3 * b[3] - 6 * std::pow(0.3, 3) * b[4] - 14 * std::pow(0.3, 4) * b[5];
    CHECK(cell->predicted_bias[q] == doctest::Approx(bias / errors.variance[q]).epsilon(1e-10));
  }
}

TEST_CASE("measured bias and noise are those foretold, with training noise too") {
  for (const double noise : {0.0, 0.4}) {
    const Index repetitions = 300;
    const ResidualErrors errors = measure_errors(cube_of(5, 0.5, noise), {400}, repetitions, 3, 1);
    for (const ErrorCell& cell : errors.cells) {
      const ResidualMethod& method = errors.methods[cell.method];
      CAPTURE(method.text());
      const MeanError bias = degree1_bias(errors, cell), residual = residual_bias(errors, cell);
      if (method.kind == Kind::paper || method.kind == Kind::centred) continue;
      const double foretold = cell.predicted_bias.size() > 0 ? cell.predicted_bias.mean() : 0;
      CHECK(std::abs(*bias.mean - foretold) < 4 * *bias.standard_error);
      CHECK(std::abs(*residual.mean + foretold) < 4 * *residual.standard_error);
      if (cell.predicted_error.size() > 0)
        CHECK(spread(cell.degree1) == doctest::Approx(predicted_spread(cell)).epsilon(0.2));
    }
  }
}

TEST_CASE("the U-statistic's error on one linear effect c phi_1, in closed form") {
  // y f1 = c^2 phi^2 + noise c phi with phi^2 of mean 1 and E phi^4 = (1 - 3v)/v.
  const double c = 1.5, noise = 0.6, p = 0.3, v = p * (1 - p);
  TrainedCube cube;
  cube.p = p;
  cube.examples = 3;
  cube.mean.resize(8, 1);
  for (Index b = 0; b < 8; ++b)
    cube.mean(b, 0) = 7 + c * ((contains(b, 0) ? 1 : 0) - p) / std::sqrt(v);
  const double fourth = std::pow(c, 4) * ((1 - 3 * v) / v - 1);
  CHECK(u_statistic_error(cube, 0, 50) ==
        doctest::Approx(std::sqrt(4 * fourth / 50 + 6 * std::pow(c, 4) / 2500)).epsilon(1e-10));
  cube.deviation = MatrixXd::Constant(8, 1, noise);  // two trainings each: half as many subsets
  const double half = noise * noise / 2, y = c * c + half;
  CHECK(u_statistic_error(cube, 0, 50) ==
        doctest::Approx(std::sqrt(4 * (fourth + half * c * c) / 25 + 6 * y * y / 625))
            .epsilon(1e-10));
}

TEST_CASE("errors over repetitions, and their power law") {
  ResidualErrors errors;
  errors.share = errors.degree1 = errors.variance = VectorXd::Constant(2, 0.5);
  ErrorCell cell;
  cell.residual.resize(2, 2);
  cell.residual << 0.5, 0.7, 0.9, 0.5;  // errors 0, 0.2, 0.4, 0
  CHECK(residual_rmse(errors, cell) == doctest::Approx(std::sqrt(0.05)));
  CHECK(residual_rmse(errors, cell, {1, 1}) == doctest::Approx(std::sqrt(0.08)));
  CHECK(*residual_bias(errors, cell).mean == doctest::Approx(0.15));
  CHECK(spread(cell.residual) == doctest::Approx(std::sqrt((0.08 + 0.02) / 2)));
  CHECK(error_slope({1, 4, 16}, {2, 1, 0.5}) == doctest::Approx(-0.5));
}

TEST_CASE("a wrong prediction is a claim that fails") {
  ResidualErrors errors = measure_errors(cube_of(4, 0.5, 0), {100, 400}, 100, 1, 1);
  const auto verdict = [&](std::size_t claim) {
    return judge({result_of(errors, 100)})[claim].verdict;
  };
  CHECK(verdict(0) == "agrees");
  CHECK(verdict(9) == "agrees");  // the U-statistic beats the paper's algorithm
  for (ErrorCell& cell : errors.cells) {
    if (cell.predicted_bias.size() == 0) continue;
    cell.predicted_bias.array() += 0.2;
    cell.predicted_error *= 2;
  }
  CHECK(verdict(0) == "disagrees");
  CHECK(verdict(1) == "disagrees");
}

TEST_CASE("a user's table: the exact residual, the three files, one bit pattern on two threads") {
  const RidgeSubsets ridge(6, 1);
  const auto run_on = [&](const char* out, int threads) {
    return ridge.user.run("residual-estimation", out, threads, kPlan);
  };
  const auto text = [&](const char* out, const char* file) {
    return ridge.user.result(out, "residual-estimation", file);
  };
  const auto outcome = run_on("one", 1);
  CAPTURE(outcome.second);
  REQUIRE(outcome.first == kSuccess);
  const VectorXd f = ridge.table(0);
  const auto run = nlohmann::json::parse(text("one", "run.json"));
  CHECK(run["preset"] == "quick");
  CHECK(run["threads"] == 1);
  CHECK(run["overrides"].back() == kPlan.back());
  const double share = run["tasks"]["train"]["queries"][0]["share_of_degree_two_and_more"];
  CHECK(share == doctest::Approx(residual_by_regression(f, 6, 0.4)).epsilon(1e-8));
  std::istringstream spectrum(text("one", "spectrum.csv"));
  std::string line;
  std::getline(spectrum, line);
  std::getline(spectrum, line);
  const double mean = expectation(6, 0.4, [&](Index b) { return f[b]; });
  CHECK(std::stod(line.substr(2)) == doctest::Approx(mean * mean));
  REQUIRE(run_on("two", 2).first == kSuccess);
  for (const char* file : {"runs.csv",
                           "errors.csv",
                           "verdicts.csv",
                           "spectrum.csv",
                           "values.csv",
                           "coefficients.csv",
                           "residual-estimation.csv"})
    CHECK_MESSAGE(text("one", file) == text("two", file), file);
}

TEST_CASE("what cannot be compared is refused in one line") {
  const RidgeSubsets small(6, 1), large(40, 1);
  const auto refused = [](const RidgeSubsets& ridge, const std::string& setting, const char* word) {
    const auto outcome = ridge.user.run("residual-estimation", "none", 1, with(kPlan, setting));
    CHECK(outcome.first == kUserError);
    CHECK_MESSAGE(outcome.second.find(word) != std::string::npos, outcome.second);
    CHECK(std::count(outcome.second.begin(), outcome.second.end(), '\n') == 1);
  };
  refused(small, "trainings=10", "trainings");
  refused(small, "trainings=500,100", "rising");
  refused(small, "trainings=many", "many");
  refused(small, "output=margin", "output");
  refused(large, "p=0.4", "max_train");
}

}  // namespace leaveout
