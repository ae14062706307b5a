// SPDX-License-Identifier: MIT
// What each estimator leaves out: alone, and together what the estimator is.
#include "influence/trajectory/estimator_budget.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "influence/trajectory/unrolled.h"
#include "tests/influence/trajectory/recorded.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Kind = TrajectoryEstimator;

namespace {

/// The line of that name.
const BudgetLine& line(const std::vector<BudgetLine>& lines, const std::string& name) {
  for (const BudgetLine& one : lines)
    if (one.name == name) return one;
  FAIL("no line " << name);
  return lines.front();
}

}  // namespace

TEST_CASE("the last line is the estimator's own error, of every estimator of queries") {
  const Problem p = tanh_classification_problem();
  const Recorded s = uneven(p, plain_sgd(9, 0.15, 3));
  const QueryLosses queries = s.queries();
  const MatrixXd exact = unrolled_values(s.path(), queries.gradients(s.path().theta_end()));
  for (const Kind kind : trajectory_estimators()) {
    if (!has_query(kind)) continue;
    CAPTURE(trajectory_estimator_name(kind));
    const std::vector<BudgetLine> lines = estimator_budget(kind, s.path(), queries);
    const MatrixXd values = trajectory_estimate(kind, s.path(), queries).values;
    CHECK(lines.back().name == trajectory_estimator_name(kind));
    CHECK(lines.back().relative_error.value() ==
          doctest::Approx((values - exact).norm() / exact.norm()).epsilon(1e-12));
  }
}

TEST_CASE("what is exact has one line without an error, and MoSo none at all") {
  const Problem p = softmax_problem();
  const Recorded s = uneven(p, plain_sgd(9, 0.15, 3));
  for (const Kind kind : {Kind::unrolled, Kind::sgd_influence, Kind::hydra}) {
    const std::vector<BudgetLine> lines = estimator_budget(kind, s.path(), s.queries());
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].relative_error.value() < 1e-12);
    CHECK(lines[0].scale.value() == doctest::Approx(1).epsilon(1e-12));
  }
  CHECK_THROWS_WITH_AS(estimator_budget(Kind::moso, s.path(), s.queries()),
                       doctest::Contains("moso has no query"),
                       std::invalid_argument);
}

TEST_CASE("one thing left out of a sum of gradients' products is the estimator, two are TracIn") {
  const Problem p = softmax_problem();
  const Recorded s = uneven(p, plain_sgd(9, 0.15, 3));
  const QueryLosses queries = s.queries();
  const MatrixXd exact = unrolled_values(s.path(), queries.gradients(s.path().theta_end()));
  const std::vector<BudgetLine> first = estimator_budget(Kind::first_order, s.path(), queries);
  REQUIRE(first.size() == 2);
  CHECK(first[0].relative_error.value() ==
        doctest::Approx(first[1].relative_error.value()).epsilon(1e-12));

  const std::vector<BudgetLine> tracin =
      estimator_budget(Kind::tracin_first_order, s.path(), queries);
  REQUIRE(tracin.size() == 3);
  const Approximation both{.order = 0, .moving_target = true};
  const BudgetLine together =
      budget_line("both", approximate_values(s.path(), queries, both), exact);
  CHECK(tracin[2].relative_error.value() ==
        doctest::Approx(together.relative_error.value()).epsilon(1e-12));
  CHECK(tracin[0].relative_error.value() ==
        doctest::Approx(first[0].relative_error.value()).epsilon(1e-12));
}

TEST_CASE("Diff-In departs from the double sum one option at a time") {
  const Problem p = softmax_problem();
  const Recorded s = uneven(p, plain_sgd(9, 0.15, 3));
  const QueryLosses queries = s.queries();
  const MatrixXd exact = unrolled_values(s.path(), queries.gradients(s.path().theta_end()));
  const std::vector<BudgetLine> lines =
      estimator_budget(Kind::diff_in_differences, s.path(), queries);
  const auto error = [&](const DiffInOptions& how) {
    return budget_line("", diff_in_scores(s.path(), queries, how).values, exact)
        .relative_error.value();
  };
  const DiffInOptions own = diff_in_options(Kind::diff_in_differences, {});
  DiffInOptions one = consistent_diff_in();
  CHECK(lines.front().relative_error.value() == error(one));
  one.weight = StepWeight::elapsed;
  CHECK(line(lines, "double sum, weight t").relative_error.value() == error(one));
  one = consistent_diff_in();
  one.first_order = FirstOrderTerm::none;
  CHECK(line(lines, "double sum, another first-order term").relative_error.value() == error(one));
  one = consistent_diff_in();
  one.checkpoints = own.checkpoints;
  CHECK(line(lines, "double sum, 5 checkpoints").relative_error.value() == error(one));
  one = consistent_diff_in();
  one.sum_over_steps = false;
  CHECK(line(lines, "double sum, average in place of the sum").relative_error.value() ==
        error(one));
  CHECK(estimator_budget(Kind::diff_in_consistent, s.path(), queries).size() == 2);
  TrajectoryOptions full;  // nothing that the double sum does not do already
  full.diff_in = consistent_diff_in();
  full.sampled = full.diff_in.checkpoints;
  CHECK(estimator_budget(Kind::diff_in, s.path(), queries, full).size() == 2);
}

TEST_CASE("SOURCE has its segments, membership and curvature apart") {
  const Problem p = tanh_classification_problem();
  const Recorded s = uneven(p, plain_sgd(9, 0.15, 3));
  const std::vector<BudgetLine> lines =
      estimator_budget(Kind::source_ek_fac, s.path(), s.queries());
  REQUIRE(lines.size() == 4);
  const BudgetLine& segments = line(lines, "3 stationary segments, Hessians");
  CHECK(
      segments.relative_error.value() ==
      estimator_budget(Kind::source_hessian, s.path(), s.queries()).back().relative_error.value());
  CHECK(line(lines, "Gauss-Newton matrices").relative_error.value() > 0);
  const std::vector<BudgetLine> end =
      estimator_budget(Kind::influence_function, s.path(), s.queries());
  CHECK(line(end, "1 stationary segment, Hessians").relative_error.value() < 1);
}
