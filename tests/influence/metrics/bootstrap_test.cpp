// SPDX-License-Identifier: MIT
#include "influence/metrics/bootstrap.h"

#include <doctest/doctest.h>

#include <cmath>

#include "datasets/random.h"

using namespace leaveout;
using Eigen::Index;
using Eigen::VectorXd;

namespace {

VectorXd normals(std::uint64_t seed, Index n) {
  Random random(seed);
  return random.normal_matrix(n, 1).col(0);
}

Statistic mean_of(const VectorXd& values) {
  return [&values](const std::vector<Index>& picks) -> std::optional<double> {
    double sum = 0;
    for (const Index i : picks) sum += values[i];
    return sum / static_cast<double>(picks.size());
  };
}

}  // namespace

TEST_CASE("quantiles of sorted values are linear between order statistics") {
  CHECK(quantile({1, 2, 4}, 0) == 1);
  CHECK(quantile({1, 2, 4}, 0.5) == 2);
  CHECK(quantile({1, 2, 4}, 0.75) == 3);
  CHECK(quantile({1, 2, 4}, 1) == 4);
  CHECK(quantile({7}, 0.3) == 7);
}

TEST_CASE("the interval of Spearman is that of agreement(), bit for bit") {
  const VectorXd x = normals(1, 30), y = x + normals(2, 30);
  const Bootstrap bootstrap{.resamples = 300, .seed = 9};
  const Statistic rho = [&](const std::vector<Index>& picks) {
    VectorXd a(x.size()), b(x.size());  // (n)
    for (Index i = 0; i < x.size(); ++i) {
      a[i] = x[picks[static_cast<std::size_t>(i)]];
      b[i] = y[picks[static_cast<std::size_t>(i)]];
    }
    return spearman(a, b);
  };
  const Estimate e = bootstrap_interval(x.size(), rho, bootstrap);
  const Estimate same = agreement(x, y, bootstrap).spearman;
  CHECK(*e.value == *same.value);
  CHECK(e.low == same.low);
  CHECK(e.high == same.high);
  CHECK(e.resamples == same.resamples);
}

TEST_CASE("a mean's interval is 2 x 1.96 standard errors long, sqrt((n - 1) / n) of them") {
  const VectorXd values = normals(5, 400);
  const Estimate e = bootstrap_interval(400, mean_of(values), {.resamples = 4000, .seed = 3});
  CHECK(*e.value == doctest::Approx(values.mean()).epsilon(1e-14));
  const double error = *mean_error(values).standard_error * std::sqrt(399.0 / 400.0);
  // An end of 4000 resamples has a standard error of sqrt(p (1 - p) / 4000) / density = 0.042.
  CHECK((e.high - *e.value) / error == doctest::Approx(1.96).epsilon(4 * 0.042 / 1.96));
  CHECK((*e.value - e.low) / error == doctest::Approx(1.96).epsilon(4 * 0.042 / 1.96));
}

TEST_CASE("undefined resamples are skipped and counted, an undefined number has no interval") {
  Index calls = 0;
  const Statistic every_other = [&](const std::vector<Index>&) -> std::optional<double> {
    return calls++ % 2 == 0 ? std::optional<double>(1.0) : std::nullopt;
  };
  const Estimate e = bootstrap_interval(5, every_other, {.resamples = 10});
  CHECK(e.resamples == 5);
  CHECK(e.skipped == 5);
  const Statistic never = [](const std::vector<Index>&) { return std::optional<double>(); };
  CHECK(to_string(bootstrap_interval(5, never)) == "undefined");
}

TEST_CASE("a negative number of resamples and a level outside 0 to 1 are refused") {
  const VectorXd values = normals(5, 4);
  CHECK_THROWS_AS(bootstrap_interval(4, mean_of(values), {.resamples = -1}), std::invalid_argument);
  CHECK_THROWS_AS(bootstrap_interval(4, mean_of(values), {.level = 1}), std::invalid_argument);
}
