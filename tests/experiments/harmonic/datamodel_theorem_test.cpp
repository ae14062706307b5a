// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

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
  CHECK(r.checks.size() == 3 * 2 * (1 + 3 * 5) + 2);  // rates, queries that vary, fits; one size
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
