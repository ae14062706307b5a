// SPDX-License-Identifier: MIT
// Datamodels of a user's table beside closed forms, and what their report computes.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <sstream>

#include "datasets/files.h"
#include "datasets/npy.h"
#include "datasets/random.h"
#include "experiments/cli.h"
#include "experiments/harmonic/datamodels_report.h"
#include "influence/harmonic/cross_validation.h"
#include "influence/harmonic/lasso.h"
#include "influence/harmonic/mean_differences.h"
#include "tests/support/temporary_folder.h"

namespace leaveout {

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

/// A regression without bias on raw numbers: trainings and influence functions have closed forms.
struct UserTable {
  TemporaryFolder folder;
  MatrixXd x;  // (2 x rows)
  VectorXd y;
  Eigen::Vector2d query{0.7, -0.4};

  explicit UserTable(Index rows) : x(2, rows), y(rows) {
    Random random(5);
    std::string text = "a,b,y\n", classes = text;
    for (Index i = 0; i < rows; ++i) {
      x.col(i) << random.normal(), random.normal();
      y[i] = x(0, i) + 0.3 * random.normal();
      text += fmt::format("{},{},{}\n", x(0, i), x(1, i), y[i]);
      classes += fmt::format("{},{},{}\n", x(0, i), x(1, i), y[i] > 0 ? "yes" : "no");
    }
    write_file(folder / "numbers.csv", text);
    write_file(folder / "classes.csv", classes);
    write_file(folder / "silent.csv", text);
    write_file(folder / "silent_query.csv", "a,b,y\n0,0,0\n");  // says 0 whoever is there
    const std::string q = fmt::format("a,b,y\n{},{},", query[0], query[1]);
    write_file(folder / "numbers_query.csv", q + "0\n");
    write_file(folder / "classes_query.csv", q + "yes\n");
  }

  Eigen::Matrix2d hessian(const VectorXd& mask) const {
    return x * mask.asDiagonal() * x.transpose() / static_cast<double>(y.size()) +
           0.1 * Eigen::Matrix2d::Identity();
  }
  Eigen::Vector2d theta(const VectorXd& mask) const {
    return hessian(mask).ldlt().solve(x * mask.cwiseProduct(y) / static_cast<double>(y.size()));
  }
  double output(const VectorXd& mask) const { return query.dot(theta(mask)); }
  /// dF/dw_i where all weights are w: q' H^-1 x_i (y_i - x_i' theta) / N.
  VectorXd influence(double w) const {
    const VectorXd weights = VectorXd::Constant(y.size(), w);
    const Eigen::Vector2d q = hessian(weights).ldlt().solve(query);
    const VectorXd residual = y - x.transpose() * theta(weights);
    return (x.transpose() * q).cwiseProduct(residual) / static_cast<double>(y.size());
  }

  std::pair<int, std::string> run(const std::string& table,
                                  const std::string& out,
                                  const std::vector<std::string>& set,
                                  const std::string& threads = "1") const {
    std::vector<std::string> args = {"run",
                                     "datamodels",
                                     "--preset",
                                     "quick",
                                     "--quiet",
                                     "--data",
                                     folder / (table + ".csv"),
                                     "--target",
                                     "y",
                                     "--query",
                                     folder / (table + "_query.csv"),
                                     "--threads",
                                     threads,
                                     "--out",
                                     folder / out,
                                     "--set"};
    args.insert(args.end(), set.begin(), set.end());
    std::ostringstream output, error;
    const int status = run_cli(args, output, error);
    return {status, error.str()};
  }
  std::string path(const std::string& out, const std::string& file) const {
    return folder / (out + "/datamodels/quick/" + file);
  }
  std::vector<std::vector<std::string>> rows(const std::string& out,
                                             const std::string& file) const {
    std::vector<std::vector<std::string>> all;
    std::istringstream text(read_file(path(out, file)));
    for (std::string line; std::getline(text, line);) {
      std::istringstream rest(line);
      all.emplace_back();
      for (std::string cell; std::getline(rest, cell, ',');) all.back().push_back(cell);
    }
    return all;
  }
};

std::vector<std::string> linear(const std::string& p) {
  return {"model=linear",
          "bias=false",
          "standardize=false",
          "weight_decay=0.1",
          "p=" + p,
          "subsets=90",
          "held_out=40",
          "removals=1,3"};
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
  const UserTable user(16);
  const auto outcome = user.run("numbers", "one", linear("0.5"));
  CAPTURE(outcome.second);
  REQUIRE(outcome.first == kSuccess);
  const MatrixXd masks = read_npy(user.path("one", "arrays/numbers/masks.npy"));
  const MatrixXd outputs = read_npy(user.path("one", "arrays/numbers/outputs.npy"));
  REQUIRE(masks.cols() == 90);
  for (Index k = 0; k < 90; ++k)
    CHECK(outputs(k, 0) == doctest::Approx(user.output(masks.col(k))).epsilon(1e-8));
  const auto values = user.rows("one", "values.csv");
  REQUIRE(values.size() == 17);
  const VectorXd full = user.influence(1), rate = user.influence(0.5);
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
  const auto runs = user.rows("one", "runs.csv");
  const VectorXd all = VectorXd::Ones(16);
  CHECK(value(runs, "all", "", "output") == doctest::Approx(user.output(all)).epsilon(1e-8));
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
            doctest::Approx(user.output(mask) - user.output(all)).epsilon(1e-6));
      CHECK(value(runs, order, size, "predicted_change") == doctest::Approx(predicted));
    }
}

TEST_CASE("a user's table: degree one is the datamodel in its basis, B_0 the mean squared") {
  const UserTable user(16);
  REQUIRE(user.run("numbers", "one", linear("0.3")).first == kSuccess);
  const MatrixXd outputs = read_npy(user.path("one", "arrays/numbers/outputs.npy"));
  const auto values = user.rows("one", "values.csv");
  const auto coefficients = user.rows("one", "coefficients.csv");
  const auto spectrum = user.rows("one", "spectrum.csv");
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
  const UserTable user(16);
  REQUIRE(user.run("numbers", "one", linear("0.5")).first == kSuccess);
  const MatrixXd masks = read_npy(user.path("one", "arrays/numbers/masks.npy"));
  const MatrixXd outputs = read_npy(user.path("one", "arrays/numbers/outputs.npy"));
  const DatamodelRegression regression(masks, outputs);
  const auto best = [&](Penalty kind) { return cross_validate(masks, outputs, kind, {.seed = 1}); };
  const CrossValidated ridge = best(Penalty::ridge), lasso = best(Penalty::lasso);
  const InfluenceEstimates means = difference_of_means(masks, outputs);
  const std::vector<std::tuple<std::string, VectorXd, VectorXd>> expected = {
      {"least squares", regression.ols().weights, regression.ols_errors(regression.ols()).robust},
      {"ridge", ridge.model.weights, regression.ridge_errors(ridge.model, ridge.penalties)},
      {"lasso", lasso.model.weights, lasso_errors(masks, outputs, lasso.model, lasso.penalties)},
      {"difference of means", means.values, means.standard_errors}};
  const auto lines = user.rows("one", "weights.csv"), runs = user.rows("one", "runs.csv");
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
      CHECK(line[5] == "numbers");
    }
    CHECK(value(runs, name, "", "weight_standard_error") ==
          doctest::Approx(errors.norm() / 4).epsilon(1e-9));
  }
}

TEST_CASE("classes on two threads: the same bits, and flips that retraining confirms or not") {
  const UserTable user(24);
  const std::vector<std::string> set = {"subsets=90", "held_out=40", "removals=1,3"};
  const auto outcome = user.run("classes", "one", set);
  CAPTURE(outcome.second);
  REQUIRE(outcome.first == kSuccess);
  REQUIRE(user.run("classes", "two", set, "2").first == kSuccess);
  for (const char* file : {"runs.csv",
                           "verdicts.csv",
                           "values.csv",
                           "weights.csv",
                           "coefficients.csv",
                           "spectrum.csv",
                           "datamodels.csv",
                           "removal.csv"})
    CHECK_MESSAGE(read_file(user.path("one", file)) == read_file(user.path("two", file)), file);
}

TEST_CASE("what cannot be fitted is refused in one line") {
  const UserTable user(16);
  const auto refused =
      [&](const std::vector<std::string>& set, const char* word, const char* table = "numbers") {
        std::vector<std::string> all = linear("0.5");
        all.insert(all.end(), set.begin(), set.end());
        const auto outcome = user.run(table, "none", all);
        CHECK(outcome.first == kUserError);
        CHECK_MESSAGE(outcome.second.find(word) != std::string::npos, outcome.second);
        CHECK(std::count(outcome.second.begin(), outcome.second.end(), '\n') == 1);
      };
  refused({"removals=3,1"}, "rising");
  refused({"removals=0"}, "removals");
  refused({"subsets=5"}, "subsets");
  refused({"output=margin"}, "output");
  refused({"p=1"}, "p");
  refused({}, "depends on the training examples", "silent");
}

}  // namespace leaveout
