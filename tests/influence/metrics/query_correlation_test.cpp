// SPDX-License-Identifier: MIT
#include "influence/metrics/query_correlation.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "datasets/random.h"
#include "influence/metrics/bootstrap.h"

using namespace leaveout;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

MatrixXd normals(std::uint64_t seed, Index rows, Index cols) {
  Random random(seed);
  return random.normal_matrix(rows, cols);
}

/// Few different values, so that ranks are shared.
MatrixXd coarse(const MatrixXd& m) {
  return m.unaryExpr([](double v) { return std::round(v); });
}

bool same(const Estimate& a, const Estimate& b) {
  return a.value.has_value() == b.value.has_value() &&
         (!a.value || std::abs(*a.value - *b.value) < 1e-14) && std::abs(a.low - b.low) < 1e-14 &&
         std::abs(a.high - b.high) < 1e-14 && a.resamples == b.resamples && a.skipped == b.skipped;
}

MatrixXd columns(const MatrixXd& m, const std::vector<Index>& picks) {
  MatrixXd taken(m.rows(), static_cast<Index>(picks.size()));  // (query x picks)
  for (std::size_t j = 0; j < picks.size(); ++j) taken.col(static_cast<Index>(j)) = m.col(picks[j]);
  return taken;
}

}  // namespace

TEST_CASE("with one query both are Spearman with agreement()'s interval, ties included") {
  const Bootstrap bootstrap{.resamples = 200, .seed = 4};
  for (const Index n : {3, 12, 40}) {
    const MatrixXd x = coarse(2 * normals(1, 1, n)), y = coarse(x + 2 * normals(2, 1, n));
    const Estimate plain =
        agreement(x.row(0).transpose(), y.row(0).transpose(), bootstrap).spearman;
    CHECK(same(mean_query_spearman(x, y, bootstrap), plain));
    CHECK(same(pooled_spearman(x, y, bootstrap), plain));
  }
}

TEST_CASE("values that rounding parts are tied here too") {
  const MatrixXd x = coarse(2 * normals(1, 3, 20)), y = coarse(x + 2 * normals(2, 3, 20));
  const MatrixXd noisy = x + 1e-15 * normals(5, 3, 20);
  const Bootstrap bootstrap{.resamples = 50, .seed = 4};
  CHECK(same(mean_query_spearman(noisy, y, bootstrap), mean_query_spearman(x, y, bootstrap)));
  CHECK(same(pooled_spearman(y, noisy, bootstrap), pooled_spearman(y, x, bootstrap)));
}

TEST_CASE("of many queries: the mean of rows, and all entries at once") {
  const MatrixXd x = normals(3, 7, 20), y = coarse(x + normals(4, 7, 20));
  double sum = 0;
  for (Index q = 0; q < 7; ++q) sum += *spearman(x.row(q).transpose(), y.row(q).transpose());
  CHECK(*mean_query_spearman(x, y).value == doctest::Approx(sum / 7).epsilon(1e-13));
  CHECK(*pooled_spearman(x, y).value ==
        doctest::Approx(*spearman(x.reshaped(), y.reshaped())).epsilon(1e-13));
}

TEST_CASE("a resample draws whole columns") {
  const MatrixXd x = normals(5, 4, 15), y = x + normals(6, 4, 15);
  const Bootstrap one{.resamples = 1, .seed = 8};  // both ends are the one resample
  const std::vector<Index> picks = resample_items(15, 8, 0);
  const MatrixXd a = columns(x, picks), b = columns(y, picks);
  CHECK(pooled_spearman(x, y, one).low ==
        doctest::Approx(*spearman(a.reshaped(), b.reshaped())).epsilon(1e-13));
  CHECK(mean_query_spearman(x, y, one).high ==
        doctest::Approx(*mean_query_spearman(a, b, {.resamples = 0}).value).epsilon(1e-13));
}

TEST_CASE("a shift of each query leaves the mean over queries, exactly, and lowers the pooled") {
  const MatrixXd x = normals(7, 10, 30);
  const MatrixXd y = x + 0.5 * normals(8, 10, 30);
  const MatrixXd shifted = y.colwise() + 8.0 * normals(9, 10, 1).col(0);
  const Estimate before = mean_query_spearman(x, y), after = mean_query_spearman(x, shifted);
  CHECK(*before.value == *after.value);
  CHECK(before.low == after.low);
  CHECK(*pooled_spearman(x, y).value > 0.8);
  CHECK(*pooled_spearman(x, shifted).value < 0.5);
}

TEST_CASE("queries without an order do not count; none with one: undefined") {
  MatrixXd x = normals(1, 2, 9), y = x;
  y.row(1).setConstant(0.1);
  CHECK(*mean_query_spearman(x, y, {.resamples = 0}).value == 1.0);
  y.row(0).setZero();
  CHECK_FALSE(mean_query_spearman(x, y).value.has_value());
}

TEST_CASE("a paired difference is the difference, with an interval that knows of the pairing") {
  const MatrixXd x = normals(1, 1, 60), y = x + 0.4 * normals(2, 1, 60);
  const MatrixXd nearly = y + 0.01 * normals(3, 1, 60), far = x + 3.0 * normals(4, 1, 60);
  const Estimate close = spearman_difference(x, y, x, nearly);
  CHECK(*close.value == doctest::Approx(*spearman(x.reshaped(), y.reshaped()) -
                                        *spearman(x.reshaped(), nearly.reshaped()))
                            .epsilon(1e-12));
  // Alone, each of the two has an interval of about 0.1: paired, their noise is shared.
  const Estimate alone = pooled_spearman(x, y);
  CHECK(alone.high - alone.low > 5 * (close.high - close.low));
  CHECK(spearman_difference(x, y, x, far).low > 0.1);
  const Estimate none = spearman_difference(x, y, x, y);
  CHECK(*none.value == 0.0);
  CHECK(none.low == 0.0);
  CHECK(none.high == 0.0);
}

TEST_CASE("the paired interval of a difference covers it in 95 % of repetitions") {
  // y = a x + sqrt(1 - a^2) e: Spearman of a bivariate normal is (6 / pi) asin(a / 2).
  const auto rank = [](double a) { return 6.0 / std::acos(-1.0) * std::asin(a / 2.0); };
  const double truth = rank(0.8) - rank(0.5);
  const int repetitions = 300;
  int covered = 0;
  for (int i = 0; i < repetitions; ++i) {
    const auto seed = static_cast<std::uint64_t>(1000 + i);
    const MatrixXd x = normals(seed, 1, 80), e = normals(seed + 5000, 1, 80);
    const MatrixXd a = 0.8 * x + 0.6 * e, b = 0.5 * x + std::sqrt(0.75) * e;
    const Estimate d = spearman_difference(x, a, x, b, {.resamples = 200, .seed = seed});
    covered += d.low <= truth && truth <= d.high;
  }
  const double deviation = std::sqrt(0.95 * 0.05 * repetitions);  // 3.8
  CHECK(std::abs(covered - 0.95 * repetitions) < 4.0 * deviation);
}

TEST_CASE("shapes that differ and values that are not finite are refused") {
  MatrixXd x = normals(1, 2, 5);
  CHECK_THROWS_AS(pooled_spearman(x, normals(1, 5, 2)), std::invalid_argument);
  CHECK_THROWS_AS(spearman_difference(x, x, normals(1, 2, 4), normals(1, 2, 4)),
                  std::invalid_argument);
  MatrixXd bad = x;
  bad(1, 1) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(mean_query_spearman(x, bad), std::invalid_argument);
}
