// SPDX-License-Identifier: MIT
// A user's file in, three files out, and the influence functions beside the exact values.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <sstream>
#include <stdexcept>

#include "datasets/files.h"
#include "experiments/cli.h"
#include "experiments/harmonic/subset_influence.h"
#include "influence/harmonic/cube.h"
#include "influence/harmonic/values.h"
#include "tests/support/user_task.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

std::vector<std::vector<std::string>> cells(const std::string& path) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream file(read_file(path));
  for (std::string line; std::getline(file, line);) {
    std::istringstream rest(line);
    rows.emplace_back();
    for (std::string cell; std::getline(rest, cell, ',');) rows.back().push_back(cell);
  }
  return rows;
}

const std::vector<std::string> kLogistic = {
    "model=logistic", "standardize=false", "bias=false", "weight_decay=0.05", "p=0.3"};

}  // namespace

TEST_CASE("the three files hold the spectrum, its coefficients and the values, in full precision") {
  const UserTask user(5, kLogistic);
  const SubsetTask task = user.load();
  const SubsetOutputs f = subset_outputs(train_all_subsets(task, {}), task.output, *task.query);
  REQUIRE(f.mean.rows() == 32);
  REQUIRE(f.mean.cols() == 3);
  {
    SubsetFiles files(user.folder.path());
    files.exact(task, f, influence_pair(task));
  }
  const auto spectrum = cells(user.folder / "spectrum.csv");
  const auto coefficients = cells(user.folder / "coefficients.csv");
  const auto values = cells(user.folder / "values.csv");
  REQUIRE(spectrum.size() == 1 + 3 * 6);
  REQUIRE(coefficients.size() == 1 + 3 * 32);
  REQUIRE(values.size() == 1 + 3 * 5);
  CHECK(spectrum[0][0] == "degree");
  CHECK(coefficients[0][0] == "subset");
  CHECK(values[0][0] == "row");

  VectorXd table = f.mean.col(1);  // the second query: rows after those of the first
  const VectorXd shapley = shapley_values(table);
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(values[6 + i][0] == std::to_string(i));
    CHECK(std::stod(values[6 + i][1]) == shapley(static_cast<Index>(i)));
    CHECK(values[6 + i][8] == "1");
  }
  to_spectrum(table, 0.3);
  CHECK(coefficients[33][0].empty());
  CHECK(coefficients[33 + 22][0] == "1 2 4");  // 22 = 2 + 4 + 16
  CHECK(std::stod(coefficients[33 + 22][1]) == table(22));
  double parseval = 0;
  for (std::size_t d = 0; d < 6; ++d) parseval += std::stod(spectrum[7 + d][1]);
  CHECK(parseval == doctest::Approx(table.squaredNorm()).epsilon(1e-14));
}

TEST_CASE("influence at w = 1 and w = p is the derivative of training with those weights") {
  for (const char* output : {"margin", "probability", "loss"}) {
    std::vector<std::string> set = kLogistic;
    set.push_back(fmt::format("output={}", output));
    const UserTask user(6, set);
    const SubsetTask task = user.load();
    const InfluencePair influence = influence_pair(task);
    const double h = 1e-4;
    for (const double w : {1.0, 0.3}) {
      MatrixXd moved = MatrixXd::Constant(6, 12, w);
      for (Index i = 0; i < 6; ++i) {
        moved(i, 2 * i) += h;
        moved(i, 2 * i + 1) -= h;
      }
      const SubsetOutputs f =
          subset_outputs(train_subsets(task.problem, moved, {}), task.output, *task.query);
      const MatrixXd& expected = w == 1.0 ? influence.full : influence.rate;
      REQUIRE(expected.rows() == 3);
      for (Index i = 0; i < 6; ++i) {
        const VectorXd slope = (f.mean.row(2 * i) - f.mean.row(2 * i + 1)) / (2 * h);
        CHECK((slope - expected.col(i)).norm() < 1e-7 * (1 + slope.norm()));
      }
    }
  }
}

TEST_CASE("a network's influence is a mean over minima, and none where there is no derivative") {
  const UserTask user(8,
                      {"model=mlp:2",
                       "weight_decay=0.02",
                       "seeds=3",
                       "epochs=50",
                       "learning_rate=0.5",
                       "output=correct"});
  const SubsetTask task = user.load();
  const std::vector<WeightedResponse> minima = weighted_minima(task, 1);
  REQUIRE(minima.size() == 3);
  CHECK(influence_pair(task).full.size() == 0);  // correct has no derivative
  const MatrixXd mean = mean_first(minima, task, QueryOutput::margin);
  MatrixXd sum = MatrixXd::Zero(3, 8);
  for (const WeightedResponse& at : minima) sum += at.first(*task.query, QueryOutput::margin);
  CHECK((3 * mean - sum).norm() < 1e-12 * sum.norm());
}

TEST_CASE("limits keep the first rows of a user's two files, as the refusal of many rows advises") {
  const UserTask user(25, {"max_train=6", "max_query=2"});
  const SubsetTask task = user.load();
  CHECK(task.examples() == 6);
  CHECK(task.queries() == 2);
  CHECK(task.rows == std::vector<Index>{0, 1, 2, 3, 4, 5});
  CHECK(train_all_subsets(task, {}).subsets() == 64);
}

TEST_CASE("residual-estimation on an output that hardly varies leaves a cell empty, not infinite") {
  const UserTask user(8, {"model=logistic", "weight_decay=0.05", "p=0.3", "output=correct"});
  const auto [status, error] = user.run("residual-estimation", "out", 1);
  CHECK_MESSAGE(status == kSuccess, error);
}

TEST_CASE("an output that the task does not have, a rate and too many examples are refused") {
  CHECK_THROWS_WITH_AS(UserTask(8, {"task=regression", "output=margin"}).load(),
                       doctest::Contains("[subsets] output"),
                       std::invalid_argument);
  CHECK_THROWS_AS(UserTask(8, {"p=1"}).load(), std::invalid_argument);
  const UserTask large(25, {});
  const SubsetTask task = large.load();
  CHECK_THROWS_WITH_AS(
      train_all_subsets(task, {}), doctest::Contains("33554432 trainings"), std::invalid_argument);
}
