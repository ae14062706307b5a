// SPDX-License-Identifier: MIT
#include "influence/metrics/correlation.h"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>
#include <limits>

#include "datasets/random.h"

using namespace leaveout;
using Eigen::Index;
using Eigen::VectorXd;

namespace {

VectorXd vec(std::initializer_list<double> values) {
  VectorXd v(static_cast<Index>(values.size()));  // (n)
  Index i = 0;
  for (const double x : values) v[i++] = x;
  return v;
}

/// n pairs of a bivariate normal with correlation rho.
std::pair<VectorXd, VectorXd> normal_pairs(Random& random, Index n, double rho) {
  VectorXd x(n), y(n);  // (n)
  for (Index i = 0; i < n; ++i) {
    x[i] = random.normal();
    y[i] = rho * x[i] + std::sqrt(1.0 - rho * rho) * random.normal();
  }
  return {x, y};
}

bool same(const Estimate& a, const Estimate& b) {
  return a.value == b.value && a.low == b.low && a.high == b.high && a.n == b.n &&
         a.resamples == b.resamples && a.skipped == b.skipped;
}

const double kHalfRootThree = std::sqrt(3.0) / 2.0;

}  // namespace

TEST_CASE("Pearson of hand-worked arrays") {
  // Deviations (-1, 0, 1) and (-1, 0, 1) * 2; then (-4/3, 2/3, 2/3): 2 / sqrt(2 * 8/3) = sqrt(3)/2.
  CHECK(*pearson(vec({1, 2, 3}), vec({2, 4, 6})) == doctest::Approx(1.0).epsilon(1e-15));
  CHECK(*pearson(vec({1, 2, 3}), vec({6, 4, 2})) == doctest::Approx(-1.0).epsilon(1e-15));
  CHECK(*pearson(vec({1, 2, 3}), vec({1, 3, 3})) == doctest::Approx(kHalfRootThree).epsilon(1e-15));
  CHECK(*pearson(vec({1, 2, 3, 4}), vec({1, -1, -1, 1})) == doctest::Approx(0.0));
}

TEST_CASE("Spearman of hand-worked arrays, ties by average ranks") {
  CHECK(average_ranks(vec({10, 20, 20, 5})) == vec({2, 3.5, 3.5, 1}));
  CHECK(average_ranks(vec({7, 7, 7})) == vec({2, 2, 2}));
  CHECK(average_ranks(vec({})).size() == 0);
  // Ranks (1, 2, 3) against (1, 2.5, 2.5).
  CHECK(*spearman(vec({1, 2, 3}), vec({0, 9, 9})) ==
        doctest::Approx(kHalfRootThree).epsilon(1e-15));
  // Without ties 1 - 6 sum d^2 / (n (n^2 - 1)): d = (1, -1, 1, -1, 0), so 1 - 24 / 120.
  CHECK(*spearman(vec({1, 2, 3, 4, 5}), vec({2, 1, 4, 3, 5})) ==
        doctest::Approx(0.8).epsilon(1e-15));
}

TEST_CASE("Kendall's tau-b is its definition over all pairs, with and without ties") {
  // Of 6 pairs 5 agree; then x has one tie, y none, and of the other 5 pairs 4 agree.
  CHECK(*kendall(vec({1, 2, 3, 4}), vec({1, 3, 2, 4})) == doctest::Approx(4.0 / 6).epsilon(1e-15));
  CHECK(*kendall(vec({1, 2, 2, 3}), vec({1, 4, 2, 3})) ==
        doctest::Approx(3 / std::sqrt(5.0 * 6)).epsilon(1e-15));
  CHECK(*kendall(vec({1, 2, 3}), vec({3, 2, 1})) == -1);
  CHECK_FALSE(kendall(vec({1, 1}), vec({1, 2})));
  Random random(5, {1});
  for (const Index levels : {3, 8, 1000000}) {  // many ties, some, none
    const Index n = 101;
    VectorXd x(n), y(n);
    for (Index i = 0; i < n; ++i) {
      x[i] = static_cast<double>(random.below(static_cast<std::uint64_t>(levels)));
      y[i] = static_cast<double>(random.below(static_cast<std::uint64_t>(levels))) + x[i];
    }
    double sum = 0, in_x = 0, in_y = 0;
    for (Index i = 0; i < n; ++i)
      for (Index j = 0; j < i; ++j) {
        const double dx = x[i] - x[j], dy = y[i] - y[j];
        sum += (dx * dy > 0) - (dx * dy < 0);
        in_x += dx != 0;
        in_y += dy != 0;
      }
    CHECK(*kendall(x, y) == doctest::Approx(sum / std::sqrt(in_x * in_y)).epsilon(1e-14));
  }
  // Ties of rounding are ties, and for normal pairs tau is 2/pi arcsin(rho).
  CHECK(*kendall(vec({1, 1 + 1e-14, 2}), vec({1, 1, 2})) == 1);
  const auto [x, y] = normal_pairs(random, 4000, 0.6);
  CHECK(*kendall(x, y) == doctest::Approx(2 / 3.141592653589793 * std::asin(0.6)).epsilon(0.05));
}

TEST_CASE("values that rounding parts are tied, and their order does not count") {
  // Three duplicates; the differences of 1e-17 beside 1e-4 are rounding, those of 1e-15 are not.
  const VectorXd x = vec({1e-4, 1e-5 + 1e-17, 1e-5, 1e-5 - 1e-17, -2e-5});
  CHECK(average_ranks(merge_ties(x)) == vec({5, 3, 3, 3, 1}));
  CHECK(average_ranks(merge_ties(-x)) == vec({1, 3, 3, 3, 5}));
  CHECK(average_ranks(merge_ties(vec({1e-4, 1e-5 + 1e-15, 1e-5}))) == vec({3, 2, 1}));
  // A group is no wider than the level: a chain of close steps does not run away.
  CHECK(average_ranks(merge_ties(vec({1, 1 + 0.7e-12, 1 + 1.4e-12}))) == vec({1.5, 1.5, 3}));
  CHECK(merge_ties(vec({0, 0})) == vec({0, 0}));
  const VectorXd y = vec({5, 3, 3, 3, 1});
  CHECK(*spearman(x, y) == doctest::Approx(1.0).epsilon(1e-15));
  const Agreement a = agreement(x, y, {.resamples = 50});
  CHECK(*a.spearman.value == doctest::Approx(1.0).epsilon(1e-15));
  // Ties are those of all pairs: a resample without the largest value has no others.
  CHECK(a.spearman.low == doctest::Approx(1.0).epsilon(1e-15));
}

TEST_CASE("slope is truth per estimate, not the other way round") {
  const VectorXd x = vec({1, 2, 3, 4});
  CHECK(*slope(x, 3.0 * x) == doctest::Approx(3.0).epsilon(1e-15));
  CHECK(*slope(x, VectorXd(x.array() * -0.5 + 7.0)) == doctest::Approx(-0.5).epsilon(1e-15));
  // Deviations (-1, 0, 1) and (-4/3, 2/3, 2/3): 2 / 2 forward, 2 / (8/3) backward.
  CHECK(*slope(vec({1, 2, 3}), vec({1, 3, 3})) == doctest::Approx(1.0).epsilon(1e-15));
  CHECK(*slope(vec({1, 3, 3}), vec({1, 2, 3})) == doctest::Approx(0.75).epsilon(1e-15));
  CHECK(*slope(x, vec({5, 5, 5, 5})) == 0.0);
}

TEST_CASE("an estimate equal to the truth has all three numbers exactly 1") {
  Random random(3);
  const VectorXd x = normal_pairs(random, 50, 0.0).first;
  const Agreement a = agreement(x, x, {.resamples = 50});
  CHECK(*a.slope.value == 1.0);
  CHECK(*a.spearman.value == doctest::Approx(1.0).epsilon(1e-15));
  CHECK(*a.pearson.value == doctest::Approx(1.0).epsilon(1e-15));
  CHECK(a.slope.low == 1.0);
  CHECK(a.slope.high == 1.0);
}

TEST_CASE("Pearson is invariant under increasing affine maps and odd under reflection") {
  Random random(5);
  const auto [x, y] = normal_pairs(random, 200, 0.6);
  const double r = *pearson(x, y);
  CHECK(*pearson(VectorXd(2.5 * x.array() - 40.0), y) == doctest::Approx(r).epsilon(1e-12));
  CHECK(*pearson(x, VectorXd(-0.01 * y.array() + 3.0)) == doctest::Approx(-r).epsilon(1e-12));
  CHECK(*pearson(y, x) == doctest::Approx(r).epsilon(1e-14));
  // Scales far beyond what squares can hold.
  CHECK(*pearson(1e-200 * x, 1e300 * y) == doctest::Approx(r).epsilon(1e-12));
  CHECK(*slope(1e-200 * x, 1e-200 * y) == doctest::Approx(*slope(x, y)).epsilon(1e-12));
}

TEST_CASE("Spearman is invariant under increasing maps, exactly") {
  Random random(6);
  const auto [x, y] = normal_pairs(random, 200, 0.6);
  const double rho = *spearman(x, y);
  CHECK(*spearman(x.unaryExpr([](double v) { return std::exp(v); }), VectorXd(y.array().cube())) ==
        rho);
  CHECK(*spearman(-x, y) == doctest::Approx(-rho).epsilon(1e-13));
  CHECK(*pearson(x.unaryExpr([](double v) { return std::exp(3.0 * v); }), y) <
        0.95 * *pearson(x, y));
}

TEST_CASE("Pearson and slope keep their digits behind a large offset") {
  const VectorXd x = vec({1, 2, 3});
  const VectorXd y = vec({1, 3, 3});
  CHECK(*pearson(VectorXd(x.array() + 1e9), VectorXd(y.array() - 1e9)) ==
        doctest::Approx(kHalfRootThree).epsilon(1e-14));
  CHECK(*slope(VectorXd(x.array() + 1e9), y) == doctest::Approx(1.0).epsilon(1e-14));
}

TEST_CASE("constant input and fewer than two pairs are undefined, never NaN") {
  const VectorXd x = vec({1, 2, 3});
  // 0.1 three times: the rounded mean differs from the values.
  const VectorXd flat = vec({0.1, 0.1, 0.1});
  for (const auto& [a, b] :
       {std::pair{x, flat}, {flat, x}, {flat, flat}, {vec({1}), vec({2})}, {vec({}), vec({})}}) {
    CHECK_FALSE(pearson(a, b).has_value());
    CHECK_FALSE(spearman(a, b).has_value());
    const Agreement undefined = agreement(a, b, {.resamples = 20});
    CHECK_FALSE(undefined.pearson.value.has_value());
    CHECK(to_string(undefined.pearson) == "undefined");
    CHECK(undefined.pearson.resamples == 0);
    CHECK(undefined.pearson.n == a.size());
  }
  CHECK_FALSE(slope(flat, x).has_value());
  CHECK_FALSE(slope(vec({1}), vec({2})).has_value());
}

TEST_CASE("two pairs: every defined resample is +1, and half of all draws are skipped") {
  const Bootstrap bootstrap{.resamples = 4000, .seed = 11};
  const Agreement a = agreement(vec({1, 2}), vec({3, 8}), bootstrap);
  CHECK(*a.pearson.value == 1.0);
  CHECK(a.pearson.low == 1.0);
  CHECK(a.pearson.high == 1.0);
  CHECK(*a.slope.value == 5.0);
  CHECK(a.pearson.resamples + a.pearson.skipped == bootstrap.resamples);
  // Binomial(4000, 1/2) has standard deviation 31.6.
  CHECK(std::abs(static_cast<double>(a.pearson.skipped) - 2000.0) < 4.0 * std::sqrt(1000.0));
}

TEST_CASE("the interval is a function of the seed") {
  Random random(8);
  const auto [x, y] = normal_pairs(random, 40, 0.7);
  const Agreement a = agreement(x, y, {.resamples = 200, .seed = 1});
  const Agreement b = agreement(x, y, {.resamples = 200, .seed = 1});
  const Agreement c = agreement(x, y, {.resamples = 200, .seed = 2});
  CHECK(same(a.pearson, b.pearson));
  CHECK(same(a.spearman, b.spearman));
  CHECK(same(a.slope, b.slope));
  CHECK(a.pearson.low != c.pearson.low);
  CHECK(a.pearson.low < *a.pearson.value);
  CHECK(*a.pearson.value < a.pearson.high);
}

TEST_CASE("a wider level gives an interval that contains the narrower one") {
  Random random(9);
  const auto [x, y] = normal_pairs(random, 40, 0.7);
  const Estimate narrow = agreement(x, y, {.level = 0.5, .seed = 1}).spearman;
  const Estimate wide = agreement(x, y, {.level = 0.95, .seed = 1}).spearman;
  CHECK(wide.low < narrow.low);
  CHECK(narrow.high < wide.high);
}

TEST_CASE("the 95 % interval covers the true value in 95 % of repetitions") {
  const Index repetitions = 600;
  const double rho = 0.5;
  // Spearman of a bivariate normal is (6 / pi) asin(rho / 2).
  const double rank_rho = 6.0 / std::acos(-1.0) * std::asin(rho / 2.0);
  Index pearsons = 0, spearmans = 0, slopes = 0;
  for (Index repetition = 0; repetition < repetitions; ++repetition) {
    const auto seed = static_cast<std::uint64_t>(repetition);
    Random random(1234, {seed});
    const auto [x, y] = normal_pairs(random, 100, rho);
    const Agreement a = agreement(x, y, {.resamples = 200, .seed = seed});
    pearsons += a.pearson.low <= rho && rho <= a.pearson.high;
    spearmans += a.spearman.low <= rank_rho && rank_rho <= a.spearman.high;
    slopes += a.slope.low <= rho && rho <= a.slope.high;
  }
  const double expected = 0.95 * repetitions;
  const double deviation = std::sqrt(0.95 * 0.05 * repetitions);  // 5.3
  CHECK(std::abs(static_cast<double>(pearsons) - expected) < 4.0 * deviation);
  CHECK(std::abs(static_cast<double>(spearmans) - expected) < 4.0 * deviation);
  CHECK(std::abs(static_cast<double>(slopes) - expected) < 4.0 * deviation);
}

TEST_CASE("the standard error of a mean has n - 1 and n in it") {
  const MeanError two = mean_error(vec({1, 3}));  // s^2 = 2, s / sqrt(2) = 1
  CHECK(*two.mean == 2.0);
  CHECK(*two.standard_error == doctest::Approx(1.0).epsilon(1e-15));
  const MeanError four = mean_error(vec({1, 2, 3, 4}));  // s^2 = 5/3, over 4
  CHECK(*four.mean == 2.5);
  CHECK(*four.standard_error == doctest::Approx(std::sqrt(5.0 / 12.0)).epsilon(1e-15));
  CHECK(four.n == 4);
  CHECK_FALSE(mean_error(vec({})).mean.has_value());
  CHECK(*mean_error(vec({7})).mean == 7.0);
  CHECK_FALSE(mean_error(vec({7})).standard_error.has_value());
  CHECK(*mean_error(vec({0.1, 0.1, 0.1})).standard_error == 0.0);
  CHECK(*mean_error(vec({0.1, 0.1, 0.1})).mean == 0.1);
}

TEST_CASE("numbers print as in a table, without a negative zero") {
  CHECK(to_string(Estimate{.value = 0.934, .low = 0.9, .high = 0.951, .n = 9, .resamples = 10}) ==
        "0.93 [0.90, 0.95]");
  CHECK(
      to_string(Estimate{.value = -0.001, .low = -0.06, .high = 0.052, .n = 9, .resamples = 10}) ==
      "0.00 [-0.06, 0.05]");
  CHECK(to_string(Estimate{.value = 0.5, .n = 9}, 3) == "0.500");
  CHECK(to_string(Estimate{}) == "undefined");
  CHECK(to_string(MeanError{.mean = 1.25, .standard_error = 0.031, .n = 4}) == "1.25 ± 0.031");
  CHECK(to_string(MeanError{.mean = 1.25, .standard_error = {}, .n = 1}) == "1.25");
  CHECK(to_string(MeanError{}) == "undefined");
}

TEST_CASE("unequal sizes, values that are not finite and bad levels are refused in one line") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH_AS(pearson(vec({1, 2}), vec({1})),
                       "[metrics] 2 estimates but 1 true values, expected pairs",
                       std::invalid_argument);
  CHECK_THROWS_AS(spearman(vec({1, nan}), vec({1, 2})), std::invalid_argument);
  CHECK_THROWS_AS(mean_error(vec({1, nan})), std::invalid_argument);
  CHECK_THROWS_AS(agreement(vec({1, 2}), vec({1, 2}), {.level = 1.0}), std::invalid_argument);
  CHECK_THROWS_AS(agreement(vec({1, 2}), vec({1, 2}), {.resamples = -1}), std::invalid_argument);
}
