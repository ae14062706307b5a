// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "datasets/files.h"
#include "experiments/cli.h"
#include "experiments/harmonic/datamodel_theorem_report.h"
#include "tests/support/user_task.h"

using namespace leaveout;
using Eigen::MatrixXd;

namespace {

const std::vector<std::string> kLogistic = {"model=logistic", "weight_decay=0.05", "p=0.3"};

/// A function without any structure, and a constant one.
SubsetOutputs any_outputs(const SubsetTask& task) {
  const Index subsets = Index{1} << task.examples();
  SubsetOutputs f{Random(7, {1}).normal_matrix(subsets, task.queries()),
                  MatrixXd::Zero(subsets, task.queries())};
  f.mean.col(2).setConstant(3);
  return f;
}

TheoremResult checked(const SubsetTask& task) {
  return check_theorem(task, any_outputs(task), {{0.3, 0.5, 0.9}, 5, 1e-2});
}

}  // namespace

TEST_CASE("regression over all subsets is the theorem's closed form, whatever the function") {
  const UserTask user(6, kLogistic);
  const TheoremResult r = checked(user.load());
  // Rates, queries that vary, fits (0 and 1, signed, standardised); one size.
  CHECK(r.checks.size() == 3 * 2 * (2 * (1 + 2 * 5) + 5) + 2);
  for (const Fit fit : kFits) {
    CAPTURE(fit_name(fit));
    REQUIRE(r.largest(fit, &TheoremCheck::slopes));
    CHECK(*r.largest(fit, &TheoremCheck::slopes) < 1e-12);
    CHECK(*r.largest(fit, &TheoremCheck::intercept) < 1e-12);
    CHECK(*r.largest(fit, &TheoremCheck::risk) < 1e-12);
  }
  Index chosen = 0, left_out = 0;
  for (const TheoremCheck& c : r.checks) {
    CHECK(c.query != 2);  // constant: no datamodel
    CHECK(c.support == 0);
    if (c.fit != Fit::lasso) continue;
    chosen += (c.closed_form.array() != 0).count();
    left_out += (c.closed_form.array() == 0).count();
  }
  CHECK(chosen > 0);  // the path goes from hardly any to all
  CHECK(left_out > 0);
}

TEST_CASE("regressions on -1 and 1 are not those on 0 and 1 said again") {
  const UserTask user(6, kLogistic);
  const SubsetTask task = user.load();
  const SubsetOutputs f = any_outputs(task);
  const TheoremResult r = checked(task);
  int rounded = 0;
  for (const TheoremCheck& c : r.checks) {
    if (c.fit != Fit::signed_least_squares) continue;
    double largest = 0;
    for (Index i = 0; i < 6; ++i) {
      // E[f | i in] - E[f | i out] = a_i, from the definition; on -1 and 1 the weight is half.
      double in = 0, out = 0;
      for (Index s = 0; s < 64; ++s) {
        double q = 1;
        for (Index j = 0; j < 6; ++j)
          if (j != i) q *= (s >> j & 1) != 0 ? c.p : 1 - c.p;
        ((s >> i & 1) != 0 ? in : out) += q * f.mean(s, c.query);
      }
      CHECK(c.fitted(i) == doctest::Approx((in - out) / 2).epsilon(1e-10));
      largest = std::max(largest, std::abs(in - out) / 2);
    }
    if (c.slopes_absolute > 0) {  // a ratio: rounding itself is far below any absolute tolerance
      CHECK(c.slopes_of_weight / c.slopes_absolute * largest == doctest::Approx(1).epsilon(1e-6));
      ++rounded;
    }
  }
  CHECK(rounded > 0);
  // The path of penalties is the signed feature's own: four and two times that on 0 and 1.
  const auto largest_penalty = [&](Fit fit) {
    double most = 0;
    for (const TheoremCheck& c : r.checks)
      if (c.fit == fit && c.p == 0.3 && c.query == 0) most = std::max(most, c.penalty);
    return most;
  };
  CHECK(largest_penalty(Fit::signed_ridge) == doctest::Approx(4 * largest_penalty(Fit::ridge)));
  CHECK(largest_penalty(Fit::signed_lasso) == doctest::Approx(2 * largest_penalty(Fit::lasso)));
}

TEST_CASE("a difference beyond rounding, or in the support, is no agreement") {
  const UserTask user(5, kLogistic);
  TheoremResult r = checked(user.load());
  for (const Verdict& v : judge({r})) CHECK(v.verdict == "agrees");
  r.checks[0].slopes = 2e-10;
  CHECK(judge({r})[0].verdict == "disagrees");
  r.checks[0].slopes = 0;
  r.checks[0].support = 1;
  CHECK(judge({r})[0].verdict == "disagrees");
  r.unconverged = 2;
  CHECK(judge({r})[0].verdict == "not testable: 2 trainings did not converge");
}

TEST_CASE("the figure draws the weights that its legend names") {
  const UserTask user(7, kLogistic);
  const SubsetTask task = user.load();
  const TheoremResult r = checked(task);
  const TheoremCheck* last = nullptr;  // ridge with the smallest penalty, of what is drawn
  for (const TheoremCheck& c : r.checks)
    if (c.fit == Fit::ridge && c.p == r.p && c.query == r.checks.front().query) last = &c;
  REQUIRE(last != nullptr);
  std::vector<double> weights(last->closed_form.begin(), last->closed_form.end());
  std::sort(
      weights.begin(), weights.end(), [](double a, double b) { return std::abs(a) > std::abs(b); });
  draw({r}, user.folder.path());
  const std::string figure = read_file(user.folder / "datamodel-theorem.csv");
  const auto drawn = [&](double weight, const char* name) {
    std::istringstream lines(figure);
    const std::string series = fmt::format("\"{} weight, closed form\"", name);
    for (std::string line; std::getline(lines, line);)
      if (line.ends_with(series) && line.find(", ridge\"") != std::string::npos &&
          line.find(fmt::format(",{},", weight)) != std::string::npos)
        return true;
    return false;
  };
  CHECK(drawn(weights[0], "largest"));
  CHECK(drawn(weights[1], "second"));
  CHECK(drawn(weights[3], "middling"));
  CHECK_FALSE(drawn(weights[2], "second"));
}

TEST_CASE("datamodel-theorem on a user's file: the same bytes for any threads, all files") {
  const UserTask user(6, kLogistic);
  REQUIRE(user.run("datamodel-theorem", "one", 1).second == "");
  REQUIRE(user.run("datamodel-theorem", "two", 2).first == kSuccess);
  for (const char* file :
       {"runs.csv", "verdicts.csv", "spectrum.csv", "coefficients.csv", "values.csv"}) {
    const std::string text = user.result("one", "datamodel-theorem", file);
    CHECK(text == user.result("two", "datamodel-theorem", file));
    CHECK(text.size() > 100);
  }
  CHECK(user.result("one", "datamodel-theorem", "verdicts.csv").find("disagrees") ==
        std::string::npos);
}

TEST_CASE("datamodel-theorem refuses what cannot be in one line") {
  const UserTask large(25, kLogistic);
  const auto [status, error] = large.run("datamodel-theorem", "out", 1);
  CHECK(status == kUserError);
  CHECK(error.find("33554432 trainings") != std::string::npos);
  const UserTask user(5, kLogistic);
  CHECK(user.run("datamodel-theorem", "out", 1, {"ratio=1"}).first == kUserError);
  CHECK(user.run("datamodel-theorem", "out", 1, {"rates=0.5,1.5"}).first == kUserError);
}
