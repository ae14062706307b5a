// SPDX-License-Identifier: MIT
// Datamodels of a user's table beside closed forms, and what their report computes.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <map>

#include "datasets/npy.h"
#include "datasets/random.h"
#include "experiments/cli.h"
#include "experiments/harmonic/datamodels_report.h"
#include "influence/harmonic/cross_validation.h"
#include "influence/harmonic/lasso.h"
#include "influence/harmonic/mean_differences.h"
#include "tests/experiments/harmonic/ridge_subsets.h"

namespace leaveout {

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

/// The cells of a file that a run of the experiment left.
std::vector<std::vector<std::string>> rows(const UserTask& user, const std::string& file) {
  return cells_of(user.result("one", "datamodels", file));
}

MatrixXd array(const UserTask& user, const std::string& name) {
  return read_npy(user.path("one", "datamodels", "arrays/train/" + name));
}

std::vector<std::string> plan(const std::string& p) {
  return {"p=" + p, "subsets=90", "held_out=40", "removals=1,3"};
}

/// runs.csv's value of a metric of query 0.
double value(const std::vector<std::vector<std::string>>& runs,
             const std::string& method,
             const std::string& removed,
             const std::string& metric) {
  for (const auto& row : runs)
    if (row[2] == method && row[3] == removed && row[4] == metric) return std::stod(row[5]);
  FAIL(fmt::format("no row {} {} {}", method, removed, metric));
  return 0;
}

/// A result with two queries and hand-made numbers.
DatamodelsResult planted() {
  DatamodelsResult r;
  r.settings.name = "planted";
  r.output = "margin";
  r.pools.masks = MatrixXd::Zero(20, 4);
  r.pools.held_masks = MatrixXd::Zero(20, 4);
  r.pools.held = {MatrixXd::Zero(4, 3)};
  FittedDatamodel fit;
  fit.name = "ridge";
  fit.model.weights = MatrixXd::Zero(20, 3);
  r.fits.models = {fit};
  r.fits.held_share = {.value = 0.2, .low = 0.19, .high = 0.21};
  r.fits.held_by = "least squares";
  r.fits.shares = {{"U-statistic", 100, {{0.19, 0.01}, {0.23, 0.01}, {0.21, 0.01}}},
                   {"symmetric", 100, {{0.4, 0.02}, {0.5, 0.02}, {0.45, 0.02}}},
                   {"paper, rho = 0.45", 100, {{0.2, 3}, {0.2, 3}, {0.2, 3}}}};
  r.removals.sizes = {1, 3};
  MatrixXd predicted(3, 2), actual(3, 2);
  predicted << -1, -2, -1.5, -3, -0.5, -2;
  actual = 2 * predicted;
  r.removals.orders = {{"datamodel", predicted, actual}, {"random", predicted, 0.1 * actual}};
  r.removals.right = {0, 1};
  Flips flips{"datamodel", {2, 3, std::nullopt}, {true, true, false}, {false, true, false}};
  r.removals.flips = {flips};
  return r;
}

}  // namespace

TEST_CASE("removals take the largest, and leave half of the examples") {
  VectorXd w(5);
  w << 0.1, 0.7, -2, 0.7, 0.3;
  CHECK(largest(w, 3) == std::vector<Index>{1, 3, 4});
  CHECK(possible_sizes({1, 2, 3}, 5) == std::vector<Index>{1, 2});
  CHECK(possible_sizes({1, 2, 3}, 6) == std::vector<Index>{1, 2, 3});
}

TEST_CASE("the mean R^2 is that of each query") {
  Random random(3);
  const MatrixXd masks = MatrixXd::Identity(3, 3).replicate(1, 4);
  const MatrixXd outputs = random.normal_matrix(12, 2);
  const Datamodel model{random.normal_matrix(3, 2), VectorXd::Constant(2, 0.1)};
  const auto each = held_out_r2(model, masks, outputs);
  const Estimate mean = mean_held_out_r2(model, masks, outputs, {.resamples = 50});
  CHECK(*mean.value == doctest::Approx((*each[0] + *each[1]) / 2));
  CHECK(mean.low <= *mean.value);
  CHECK(mean.high >= *mean.value);
}

TEST_CASE("a share's error does not fall by more queries of the same trainings") {
  const ShareEstimate e = planted().fits.shares[0];
  CHECK(e.mean() == doctest::Approx(0.21));
  CHECK(e.standard_error() == doctest::Approx(0.01));
  CHECK(share_interval(e).high == doctest::Approx(0.21 + 1.96 * 0.01));
}

TEST_CASE("verdicts follow planted numbers") {
  const DatamodelsResult r = planted();
  CHECK(predicted_flips(r, r.removals.flips[0]) == std::vector<Index>{0, 1});
  CHECK(*flipped_share(r, r.removals.flips[0], false).value == 1);
  CHECK(*flipped_share(r, r.removals.flips[0], true).value == 0.5);
  const std::vector<Verdict> v = judge({r});
  REQUIRE(v.size() == 8);
  CHECK(v[0].verdict == "agrees: within 0.1 of 0");
  CHECK(v[1].verdict == "disagrees: the interval excludes 0");
  CHECK(v[2].verdict == "open: the interval is too wide");
  CHECK(v[3].verdict == "not testable: no influence");
  CHECK(v[5].verdict == "agrees");  // the datamodel's removals go further than random ones
  CHECK(v[6].measured == "slope 2.00 [2.00, 2.00]");
  CHECK(v[7].verdict == "agrees");
}

TEST_CASE("a user's table: influence, removals and trainings are those of closed forms") {
  const RidgeSubsets ridge(16, 1);
  const UserTask& user = ridge.user;
  const auto outcome = user.run("datamodels", "one", 1, plan("0.5"));
  CAPTURE(outcome.second);
  REQUIRE(outcome.first == kSuccess);
  const MatrixXd masks = array(user, "masks.npy");
  const MatrixXd outputs = array(user, "outputs.npy");
  REQUIRE(masks.cols() == 90);
  for (Index k = 0; k < 90; ++k)
    CHECK(outputs(k, 0) == doctest::Approx(ridge.output(masks.col(k))).epsilon(1e-8));
  const auto values = rows(user, "values.csv");
  REQUIRE(values.size() == 17);
  const VectorXd full = ridge.influence(1), rate = ridge.influence(0.5);
  VectorXd w(16);
  for (Index i = 0; i < 16; ++i) {
    const auto& row = values[static_cast<std::size_t>(i) + 1];
    CHECK(row[0] == fmt::format("{}", i));
    CHECK(row[1].empty());    // Shapley is not known
    CHECK(row[2] == row[3]);  // Banzhaf at p = 1/2
    w[i] = std::stod(row[3]);
    CHECK(std::stod(row[6]) == doctest::Approx(full[i]).epsilon(1e-6));
    CHECK(std::stod(row[7]) == doctest::Approx(rate[i]).epsilon(1e-6));
  }
  const auto runs = rows(user, "runs.csv");
  const VectorXd all = VectorXd::Ones(16);
  CHECK(value(runs, "all", "", "output") == doctest::Approx(ridge.output(all)).epsilon(1e-8));
  for (const auto& [order, scores] :
       std::map<std::string, VectorXd>{{"datamodel", w}, {"influence", full}})
    for (const Index k : {1, 3}) {
      VectorXd mask = all;
      double predicted = 0;
      for (const Index i : largest(scores, k)) {
        mask[i] = 0;
        predicted -= scores[i];
      }
      const std::string size = fmt::format("{}", k);
      CHECK(value(runs, order, size, "actual_change") ==
            doctest::Approx(ridge.output(mask) - ridge.output(all)).epsilon(1e-6));
      CHECK(value(runs, order, size, "predicted_change") == doctest::Approx(predicted));
    }
}

TEST_CASE("a user's table: degree one is the datamodel in its basis, B_0 the mean squared") {
  const RidgeSubsets ridge(16, 1);
  const UserTask& user = ridge.user;
  REQUIRE(user.run("datamodels", "one", 1, plan("0.3")).first == kSuccess);
  const MatrixXd outputs = array(user, "outputs.npy");
  const auto values = rows(user, "values.csv");
  const auto coefficients = rows(user, "coefficients.csv");
  const auto spectrum = rows(user, "spectrum.csv");
  REQUIRE(coefficients.size() == 18);
  CHECK(coefficients[1][0].empty());
  CHECK(std::stod(coefficients[1][1]) == doctest::Approx(outputs.mean()));
  for (std::size_t i = 0; i < 16; ++i) {
    CHECK(values[i + 1][2].empty());  // no Banzhaf at p = 0.3
    CHECK(std::stod(coefficients[i + 2][1]) ==
          doctest::Approx(std::sqrt(0.21) * std::stod(values[i + 1][3])));
  }
  REQUIRE(spectrum.size() == 4);
  const double variance = (outputs.array() - outputs.mean()).square().sum() / 89;
  CHECK(std::stod(spectrum[1][1]) ==
        doctest::Approx(outputs.mean() * outputs.mean() - variance / 90));
}

TEST_CASE("a user's table: weights.csv has each model's weights and their standard errors") {
  const RidgeSubsets subsets(16, 1);
  const UserTask& user = subsets.user;
  REQUIRE(user.run("datamodels", "one", 1, plan("0.5")).first == kSuccess);
  const MatrixXd masks = array(user, "masks.npy");
  const MatrixXd outputs = array(user, "outputs.npy");
  const DatamodelRegression regression(masks, outputs);
  const auto best = [&](Penalty kind) { return cross_validate(masks, outputs, kind, {.seed = 1}); };
  const CrossValidated ridge = best(Penalty::ridge), lasso = best(Penalty::lasso);
  const InfluenceEstimates means = difference_of_means(masks, outputs);
  const std::vector<std::tuple<std::string, VectorXd, VectorXd>> expected = {
      {"least squares", regression.ols().weights, regression.ols_errors(regression.ols()).robust},
      {"ridge", ridge.model.weights, regression.ridge_errors(ridge.model, ridge.penalties)},
      {"lasso", lasso.model.weights, lasso_errors(masks, outputs, lasso.model, lasso.penalties)},
      {"difference of means", means.values, means.standard_errors}};
  const auto lines = rows(user, "weights.csv"), runs = rows(user, "runs.csv");
  REQUIRE(lines.size() == 1 + 4 * 16);
  CHECK(lines[0] ==
        std::vector<std::string>{"row", "method", "weight", "standard_error", "query", "task"});
  std::size_t at = 1;
  for (const auto& [name, weights, errors] : expected) {
    for (Index i = 0; i < 16; ++i) {
      const auto& line = lines[at++];
      CHECK(line[0] == fmt::format("{}", i));
      CHECK(line[1] == name);
      CHECK(std::stod(line[2]) == doctest::Approx(weights[i]).epsilon(1e-12));
      CHECK(std::stod(line[3]) == doctest::Approx(errors[i]).epsilon(1e-9));
      CHECK(line[4] == "0");
      CHECK(line[5] == "train");
    }
    CHECK(value(runs, name, "", "weight_standard_error") ==
          doctest::Approx(errors.norm() / 4).epsilon(1e-9));
  }
}

TEST_CASE("classes on two threads: the same bits, and flips that retraining confirms or not") {
  const UserTask user(24, {"model=logistic"});
  const std::vector<std::string> set = {"subsets=90", "held_out=40", "removals=1,3"};
  const auto outcome = user.run("datamodels", "one", 1, set);
  CAPTURE(outcome.second);
  REQUIRE(outcome.first == kSuccess);
  REQUIRE(user.run("datamodels", "two", 2, set).first == kSuccess);
  for (const char* file : {"runs.csv",
                           "verdicts.csv",
                           "values.csv",
                           "weights.csv",
                           "coefficients.csv",
                           "spectrum.csv",
                           "datamodels.csv",
                           "removal.csv"})
    CHECK_MESSAGE(user.result("one", "datamodels", file) == user.result("two", "datamodels", file),
                  file);
}

TEST_CASE("what cannot be fitted is refused in one line") {
  const auto refused =
      [](const UserTask& user, const std::vector<std::string>& set, const char* word) {
        std::vector<std::string> all = plan("0.5");
        all.insert(all.end(), set.begin(), set.end());
        const auto outcome = user.run("datamodels", "none", 1, all);
        CHECK(outcome.first == kUserError);
        CHECK_MESSAGE(outcome.second.find(word) != std::string::npos, outcome.second);
        CHECK(std::count(outcome.second.begin(), outcome.second.end(), '\n') == 1);
      };
  const RidgeSubsets ridge(16, 1);
  refused(ridge.user, {"removals=3,1"}, "rising");
  refused(ridge.user, {"removals=0"}, "removals");
  refused(ridge.user, {"subsets=5"}, "subsets");
  refused(ridge.user, {"output=margin"}, "output");
  refused(ridge.user, {"p=1"}, "p");
  const UserTask silent("a,y\n1,2\n2,3\n3,5\n4,8\n5,8\n6,13\n",
                        "a,y\n0,0\n",  // says 0 whoever is there
                        {"model=linear", "bias=false", "standardize=false"});
  refused(silent, {}, "depends on the training examples");
}

}  // namespace leaveout
