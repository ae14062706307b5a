// SPDX-License-Identifier: MIT
// Values of examples from a table over all subsets: definitions, axioms, and the ways between them.
#include "influence/harmonic/values.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <vector>

#include "influence/harmonic/cube.h"
#include "tests/support/random_numbers.h"
#include "tests/support/subsets.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

VectorXd spectrum_of(VectorXd f, double p) {
  to_spectrum(f, p);
  return f;
}

VectorXd dividends_of(VectorXd f) {
  to_dividends(f);
  return f;
}

Index bit(Index i) {
  return Index{1} << i;
}

/// Mean marginal contribution over all orders of arrival.
VectorXd shapley_by_orders(const VectorXd& f) {
  const Index n = cube_dimension(f.size());
  std::vector<Index> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), Index{0});
  VectorXd sum = VectorXd::Zero(n);
  double orders = 0;
  do {
    Index present = 0;
    for (const Index i : order) {
      sum[i] += f[present | bit(i)] - f[present];
      present |= bit(i);
    }
    ++orders;
  } while (std::next_permutation(order.begin(), order.end()));
  return sum / orders;
}

double choose(Index n, Index k) {
  double c = 1;
  for (Index i = 0; i < k; ++i) c = c * double(n - i) / double(i + 1);
  return c;
}

using Value = std::function<VectorXd(const VectorXd&)>;

/// Every value here, each linear in the table.
std::vector<Value> all_values() {
  return {shapley_values,
          banzhaf_values,
          [](const VectorXd& f) { return datamodel_weights(f, 0.3); },
          leave_one_out_values,
          add_one_values,
          [](const VectorXd& f) {
            return semivalue(f, beta_shapley_coefficients(cube_dimension(f.size()), 4, 1));
          }};
}

}  // namespace

TEST_CASE("values: contributions by size are means over the coalitions of a size") {
  const Index n = 5;
  const VectorXd f = random_table(n, 1);
  const MatrixXd contributions = contributions_by_size(f);
  for (Index i = 0; i < n; ++i)
    for (Index k = 0; k < n; ++k) {
      double sum = 0;
      for (Index s = 0; s < f.size(); ++s)
        if (!contains(s, i) && subset_size(s) == k) sum += f[s | bit(i)] - f[s];
      CHECK(std::abs(contributions(k, i) - sum / choose(n - 1, k)) < 1e-14);
    }
}

TEST_CASE("values: the coefficients of a semivalue sum to one, and are its closed form") {
  for (const Index n : {1, 2, 5, 12, 40, 62}) {
    CHECK(std::abs(shapley_coefficients(n).sum() - 1) < 1e-14);
    for (const double p : {0.5, 0.1, 0.8}) {
      const VectorXd c = banzhaf_coefficients(n, p);
      CHECK(std::abs(c.sum() - 1) < 1e-14);
      for (Index k = 0; k < n; ++k) {
        const double binomial =
            choose(n - 1, k) * std::pow(p, double(k)) * std::pow(1 - p, double(n - 1 - k));
        CHECK(c[k] == doctest::Approx(binomial).epsilon(1e-12));
      }
    }
    const VectorXd c = beta_shapley_coefficients(n, 4, 1.5);
    CHECK(std::abs(c.sum() - 1) < 1e-14);
    const auto log_beta = [](double a, double b) {
      return std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b);
    };
    for (Index k = 0; k < n; ++k) {
      const double log_ratio = log_beta(double(k) + 1.5, double(n - 1 - k) + 4) - log_beta(1.5, 4);
      CHECK(c[k] == doctest::Approx(choose(n - 1, k) * std::exp(log_ratio)).epsilon(1e-11));
    }
    CHECK(distance(beta_shapley_coefficients(n, 1, 1), shapley_coefficients(n)) < 1e-14);
  }
  // Large alpha is for small coalitions.
  CHECK(beta_shapley_coefficients(10, 16, 1)[0] > 10 * beta_shapley_coefficients(10, 16, 1)[9]);
}

TEST_CASE("values: Shapley's by orders, by sizes, by dividends and as the integral over p") {
  for (const Index n : {1, 2, 6, 7}) {
    const VectorXd f = random_table(n, 2), m = dividends_of(f);
    const VectorXd orders = shapley_by_orders(f);
    CHECK(distance(shapley_values(f), orders) < 1e-12);
    CHECK(distance(datamodel_weights_over_rates(f, gauss_legendre((n + 1) / 2)), orders) < 1e-12);
    VectorXd shared = VectorXd::Zero(n);
    for (Index t = 1; t < f.size(); ++t)
      for (Index i = 0; i < n; ++i)
        if (contains(t, i)) shared[i] += m[t] / subset_size(t);
    CHECK(distance(shared, orders) < 1e-12);
  }
  // With a node less the rule misses the highest degree.
  const VectorXd f = random_table(7, 2);
  CHECK(distance(datamodel_weights_over_rates(f, gauss_legendre(3)), shapley_values(f)) > 1e-6);
}

TEST_CASE("values: Beta-Shapley is the integral over p against the density Beta(beta, alpha)") {
  const Index n = 6;
  const VectorXd f = random_table(n, 3);
  Quadrature rule = gauss_legendre(8);
  for (Index k = 0; k < 8; ++k) {
    const double p = rule.nodes[k];
    rule.weights[k] *= 12 * p * (1 - p) * (1 - p);  // alpha = 3, beta = 2
  }
  const VectorXd direct = semivalue(f, beta_shapley_coefficients(n, 3, 2));
  CHECK(distance(datamodel_weights_over_rates(f, rule), direct) < 1e-12);
}

TEST_CASE(
    "values: a datamodel weight is the mean effect of inclusion, the weighted Banzhaf value") {
  const Index n = 6;
  const VectorXd f = random_table(n, 4), m = dividends_of(f);
  for (const double p : {0.5, 0.2, 0.9}) {
    const VectorXd weights = datamodel_weights(f, p);
    VectorXd from_dividends = VectorXd::Zero(n);
    for (Index i = 0; i < n; ++i) {
      const double mean =
          expectation(n, p, [&](Index b) { return f[b | bit(i)] - f[b & ~bit(i)]; });
      CHECK(std::abs(weights[i] - mean) < 1e-13);
      for (Index t = 0; t < f.size(); ++t)
        if (contains(t, i)) from_dividends[i] += m[t] * std::pow(p, subset_size(t) - 1);
    }
    CHECK(distance(weights, from_dividends) < 1e-12);
    CHECK(distance(weights, semivalue(f, banzhaf_coefficients(n, p))) < 1e-12);
  }
  const VectorXd half = spectrum_of(f, 0.5), banzhaf = banzhaf_values(f);
  for (Index i = 0; i < n; ++i)
    CHECK(banzhaf[i] == doctest::Approx(2 * half[bit(i)]).epsilon(1e-15));
}

TEST_CASE("values: leave-one-out and add-one are the ends of the datamodel weights") {
  const Index n = 5;
  const VectorXd f = random_table(n, 5), m = dividends_of(f);
  const VectorXd loo = leave_one_out_values(f), add = add_one_values(f);
  VectorXd loo_dividends = VectorXd::Zero(n);
  for (Index i = 0; i < n; ++i) {
    CHECK(loo[i] == f[f.size() - 1] - f[f.size() - 1 - bit(i)]);
    CHECK(add[i] == f[bit(i)] - f[0]);
    CHECK(std::abs(add[i] - m[bit(i)]) < 1e-14);
    for (Index t = 0; t < f.size(); ++t)
      if (contains(t, i)) loo_dividends[i] += m[t];
  }
  CHECK(distance(loo, loo_dividends) < 1e-13);
  CHECK(distance(datamodel_weights(f, 1 - 1e-9), loo) < 1e-7);
  CHECK(distance(datamodel_weights(f, 1e-9), add) < 1e-7);
  VectorXd last = VectorXd::Zero(n), first = VectorXd::Zero(n);
  last[n - 1] = first[0] = 1;
  CHECK(distance(semivalue(f, last), loo) < 1e-15);
  CHECK(distance(semivalue(f, first), add) < 1e-15);
}

TEST_CASE("values: leave-one-out is rebuilt from the spectrum at p = 0.3") {
  const VectorXd f = random_table(9, 6);
  for (const double p : {0.3, 0.5, 0.8})
    CHECK(distance(leave_one_out_from_spectrum(spectrum_of(f, p), p), leave_one_out_values(f)) <
          1e-11);
}

TEST_CASE("values: pair interactions are mean second differences and the slope of weights in p") {
  const Index n = 5;
  const VectorXd f = random_table(n, 7);
  for (const double p : {0.5, 0.15}) {
    const MatrixXd pairs = pair_interactions(f, p);
    for (Index i = 0; i < n; ++i)
      for (Index j = 0; j < n; ++j) {
        const Index rest = ~(bit(i) | bit(j));
        const double mean = i == j ? 0 : expectation(n, p, [&](Index b) {
          const Index s = b & rest;
          return f[s | bit(i) | bit(j)] - f[s | bit(i)] - f[s | bit(j)] + f[s];
        });
        CHECK(std::abs(pairs(i, j) - mean) < 1e-12);
      }
  }
  // d a_i / dp = sum_j a_ij, integrated exactly from 0.2 to 0.7.
  const Quadrature rule = gauss_legendre(4);
  VectorXd change = VectorXd::Zero(n);
  for (Index k = 0; k < 4; ++k)
    change +=
        0.5 * rule.weights[k] * pair_interactions(f, 0.2 + 0.5 * rule.nodes[k]).rowwise().sum();
  CHECK(distance(change, datamodel_weights(f, 0.7) - datamodel_weights(f, 0.2)) < 1e-12);
}

TEST_CASE("values: Gauss-Legendre is exact up to degree 2 points - 1, and no further") {
  for (const Index points : {1, 2, 3, 7, 16}) {
    const Quadrature rule = gauss_legendre(points);
    for (Index k = 0; k <= 2 * points; ++k) {
      double sum = 0;
      for (Index j = 0; j < points; ++j)
        sum += rule.weights[j] * std::pow(rule.nodes[j], double(k));
      const double error = std::abs(sum - 1 / double(k + 1));
      if (k < 2 * points) CHECK(error < 1e-15);
      if (k == 2 * points && points <= 7) CHECK(error > 1e-13);
    }
    for (Index j = 1; j < points; ++j) CHECK(rule.nodes[j] > rule.nodes[j - 1]);
  }
  CHECK(gauss_legendre(2).nodes[0] == doctest::Approx(0.5 - 0.5 / std::sqrt(3)).epsilon(1e-15));
  const Quadrature many = gauss_legendre(200);
  CHECK(std::abs(many.weights.sum() - 1) < 1e-13);
  CHECK(many.nodes.minCoeff() > 0);
  CHECK_THROWS_AS(gauss_legendre(0), std::invalid_argument);
}

TEST_CASE("axioms: efficiency, Shapley values share out f(all) - f(none)") {
  for (const Index n : {1, 4, 10}) {
    const VectorXd f = random_table(n, 8);
    CHECK(std::abs(shapley_values(f).sum() - (f[f.size() - 1] - f[0])) < 1e-12);
  }
  // The others do not, in general.
  const VectorXd f = random_table(4, 8);
  CHECK(std::abs(banzhaf_values(f).sum() - (f[15] - f[0])) > 1e-3);
}

TEST_CASE("axioms: examples that can be exchanged have one value") {
  const Index n = 6;
  const auto exchanged = [](Index b) {  // examples 1 and 4
    const Index one = b >> 1 & 1, four = b >> 4 & 1;
    return (b & ~(bit(1) | bit(4))) | one << 4 | four << 1;
  };
  const VectorXd random = random_table(n, 9);
  VectorXd f(random.size());
  for (Index b = 0; b < f.size(); ++b) f[b] = random[b] + random[exchanged(b)];
  for (const Value& value : all_values()) {
    const VectorXd values = value(f);
    CHECK(values[1] == doctest::Approx(values[4]).epsilon(1e-12));
    CHECK(std::abs(values[1] - values[2]) > 1e-3);
  }
}

TEST_CASE("axioms: an example that changes nothing is worth exactly nothing") {
  const Index n = 6;
  VectorXd f = random_table(n, 10);
  for (Index b = 0; b < f.size(); ++b) f[b] = f[b & ~bit(2)];
  for (const Value& value : all_values()) {
    const VectorXd values = value(f);
    CHECK(values[2] == 0);
    CHECK(std::abs(values[3]) > 1e-3);
  }
  // A dummy, which adds a constant to every coalition, is worth that constant.
  for (Index b = 0; b < f.size(); ++b) f[b] += contains(b, 2) ? 1.75 : 0;
  for (const Value& value : all_values())
    CHECK(value(f)[2] == doctest::Approx(1.75).epsilon(1e-14));
}

TEST_CASE("axioms: the value of a sum of games is the sum of the values") {
  const VectorXd f = random_table(6, 11), g = random_table(6, 12);
  for (const Value& value : all_values())
    CHECK(distance(value(f + 2.5 * g), value(f) + 2.5 * value(g)) < 1e-13);
}

TEST_CASE("values: one example, and none") {
  VectorXd one(2);
  one << 3, 7;
  const VectorXd none = VectorXd::Constant(1, 5);
  for (const Value& value : all_values()) {
    CHECK(value(one).size() == 1);
    CHECK(value(one)[0] == doctest::Approx(4).epsilon(1e-15));
    CHECK(value(none).size() == 0);
  }
  CHECK(leave_one_out_from_spectrum(spectrum_of(one, 0.3), 0.3)[0] ==
        doctest::Approx(4).epsilon(1e-14));
  CHECK(leave_one_out_from_spectrum(none, 0.3).size() == 0);
  CHECK(pair_interactions(one, 0.3) == MatrixXd::Zero(1, 1));
  CHECK(pair_interactions(none, 0.3).size() == 0);
}

TEST_CASE("values: what means nothing is refused") {
  const VectorXd bad = VectorXd::Ones(6), f = VectorXd::Ones(8);
  for (const Value& value : all_values()) CHECK_THROWS_AS(value(bad), std::invalid_argument);
  CHECK_THROWS_AS(contributions_by_size(bad), std::invalid_argument);
  CHECK_THROWS_AS(leave_one_out_from_spectrum(bad, 0.5), std::invalid_argument);
  CHECK_THROWS_AS(leave_one_out_from_spectrum(f, 1), std::invalid_argument);
  CHECK_THROWS_AS(pair_interactions(bad, 0.5), std::invalid_argument);
  CHECK_THROWS_AS(datamodel_weights(f, 0), std::invalid_argument);
  CHECK_THROWS_AS(semivalue(f, VectorXd::Constant(2, 0.5)), std::invalid_argument);
  CHECK_THROWS_AS(semivalue(f, VectorXd::Constant(3, 0.5)), std::invalid_argument);
  CHECK_THROWS_AS(shapley_coefficients(-1), std::invalid_argument);
  CHECK_THROWS_AS(shapley_coefficients(63), std::invalid_argument);
  CHECK_THROWS_AS(banzhaf_coefficients(5, 0), std::invalid_argument);
  CHECK_THROWS_AS(beta_shapley_coefficients(5, 0, 1), std::invalid_argument);
  CHECK_THROWS_AS(beta_shapley_coefficients(5, 1, -1), std::invalid_argument);
}
