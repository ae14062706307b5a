// SPDX-License-Identifier: MIT
// Closed forms of the linear datamodel, against weighted regression over all subsets.
#include "influence/harmonic/population_datamodel.h"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "influence/harmonic/cube.h"
#include "influence/harmonic/values.h"
#include "tests/support/random_numbers.h"
#include "tests/support/subsets.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr Coordinates kCoordinates[] = {
    Coordinates::zero_one, Coordinates::plus_minus, Coordinates::standardised};
constexpr double kRates[] = {0.2, 0.5, 0.75};

VectorXd spectrum_of(VectorXd f, double p) {
  to_spectrum(f, p);
  return f;
}

double feature(bool included, double p, Coordinates coordinates) {
  switch (coordinates) {
    case Coordinates::zero_one:
      return included ? 1 : 0;
    case Coordinates::plus_minus:
      return included ? 1 : -1;
    default:
      return ((included ? 1 : 0) - p) / std::sqrt(p * (1 - p));
  }
}

/// Regression over all subsets: features with a leading 1, outputs, probabilities.
struct Regression {
  MatrixXd x;  // (2^N x N + 1)
  VectorXd f;  // (2^N)
  VectorXd w;  // (2^N), P(b)

  Regression(const VectorXd& table, double p, Coordinates coordinates)
      : x(table.size(), cube_dimension(table.size()) + 1), f(table), w(table.size()) {
    for (Index b = 0; b < f.size(); ++b) {
      w[b] = probability(b, VectorXd::Constant(x.cols() - 1, p));
      x(b, 0) = 1;
      for (Index i = 1; i < x.cols(); ++i) x(b, i) = feature(contains(b, i - 1), p, coordinates);
    }
  }
  /// Minimiser of E(f - x theta)^2 + penalty |slopes|^2, (N + 1).
  VectorXd ridge(double penalty) const {
    MatrixXd a = x.transpose() * w.asDiagonal() * x;
    a.diagonal().tail(x.cols() - 1).array() += penalty;
    return a.ldlt().solve(x.transpose() * w.asDiagonal() * f);
  }
  VectorXd residuals(const LinearDatamodel& g) const {
    return f - x.rightCols(g.slopes.size()) * g.slopes - VectorXd::Constant(f.size(), g.intercept);
  }
  double risk(const LinearDatamodel& g) const { return w.dot(residuals(g).cwiseAbs2()); }
  /// E[x_i (f - g)], (N + 1): half the negative gradient of the risk.
  VectorXd pull(const LinearDatamodel& g) const {
    return x.transpose() * w.asDiagonal() * residuals(g);
  }
};

VectorXd parameters(const LinearDatamodel& g) {
  VectorXd theta(g.slopes.size() + 1);
  theta << g.intercept, g.slopes;
  return theta;
}

/// The optimum of a convex problem, by its first-order conditions: `loss_scale` E(f - g)^2 +
/// penalty sum |slopes|.
void check_lasso(const Regression& r, const LinearDatamodel& g, double loss_scale, double penalty) {
  const VectorXd pull = 2 * loss_scale * r.pull(g);  // (N + 1)
  CHECK(std::abs(pull[0]) < 1e-10);
  for (Index i = 0; i < g.slopes.size(); ++i) {
    if (g.slopes[i] != 0)
      CHECK(std::abs(pull[i + 1] - std::copysign(penalty, g.slopes[i])) < 1e-10);
    else
      CHECK(std::abs(pull[i + 1]) <= penalty);
  }
  CHECK(std::abs(g.risk - r.risk(g)) < 1e-10);
}

}  // namespace

TEST_CASE("population datamodel: least squares is the weighted regression over all subsets") {
  const VectorXd f = random_table(6, 1);
  for (const double p : kRates)
    for (const Coordinates c : kCoordinates) {
      const Regression r(f, p, c);
      const LinearDatamodel g = population_least_squares(spectrum_of(f, p), p, c);
      CHECK(distance(parameters(g), r.ridge(0)) < 1e-10);
      CHECK(std::abs(g.risk - r.risk(g)) < 1e-10);
      CHECK(g.support().size() == 6);
    }
}

TEST_CASE("population datamodel: ridge is the weighted regression over all subsets") {
  const VectorXd f = random_table(6, 2);
  for (const double p : kRates)
    for (const Coordinates c : kCoordinates)
      for (const double penalty : {0.0, 0.1, 3.0}) {
        const Regression r(f, p, c);
        const LinearDatamodel g = population_ridge(spectrum_of(f, p), p, penalty, c);
        CHECK(distance(parameters(g), r.ridge(penalty)) < 1e-10);
        CHECK(std::abs(g.risk - r.risk(g)) < 1e-10);
      }
}

TEST_CASE("population datamodel: lasso meets the conditions of its optimum") {
  const VectorXd f = random_table(7, 3);
  bool some_but_not_all = false;
  for (const double p : kRates)
    for (const Coordinates c : kCoordinates)
      for (const double penalty : {0.0, 0.02, 0.08, 10.0}) {
        const Regression r(f, p, c);
        const LinearDatamodel g = population_lasso(spectrum_of(f, p), p, penalty, c);
        check_lasso(r, g, 1, penalty);
        some_but_not_all |= !g.support().empty() && g.support().size() < 7;
        if (penalty == 10.0) CHECK(g.support().empty());
      }
  CHECK(some_but_not_all);
}

TEST_CASE("population datamodel: the standardised lasso halves the loss and soft-thresholds f^") {
  const VectorXd f = random_table(6, 4);
  for (const double p : kRates)
    for (const double penalty : {0.03, 0.1}) {
      const VectorXd spectrum = spectrum_of(f, p);
      const LinearDatamodel g = population_standardised_lasso(spectrum, p, penalty);
      check_lasso(Regression(f, p, Coordinates::standardised), g, 0.5, penalty);
      for (Index i = 0; i < 6; ++i) {
        const double c = spectrum[Index{1} << i];
        const double kept = std::abs(c) > penalty ? c - std::copysign(penalty, c) : 0;
        CHECK(std::abs(g.slopes[i] - kept) < 1e-15);
      }
      CHECK(g.intercept == spectrum[0]);
    }
}

TEST_CASE("population datamodel: slopes are datamodel weights, and keep sign and order") {
  const double p = 0.3, v = p * (1 - p);
  const VectorXd f = random_table(6, 5), spectrum = spectrum_of(f, p);
  const VectorXd a = datamodel_weights(f, p);
  const Coordinates b = Coordinates::zero_one, x = Coordinates::plus_minus;
  CHECK(distance(population_least_squares(spectrum, p, b).slopes, a) < 1e-14);
  CHECK(distance(population_least_squares(spectrum, p, x).slopes, 0.5 * a) < 1e-14);
  CHECK(distance(population_ridge(spectrum, p, 0.2, b).slopes, a / (1 + 0.2 / v)) < 1e-14);
  // One problem in two coordinates: x-penalties are half (lasso) and a quarter (ridge) in b.
  CHECK(distance(population_ridge(spectrum, p, 0.2, x).slopes,
                 0.5 * population_ridge(spectrum, p, 0.05, b).slopes) < 1e-14);
  CHECK(distance(population_lasso(spectrum, p, 0.1, x).slopes,
                 0.5 * population_lasso(spectrum, p, 0.05, b).slopes) < 1e-14);
  // Lasso selects |a_i| > penalty / (2v).
  const double penalty = 0.15;
  std::vector<Index> chosen;
  for (Index i = 0; i < 6; ++i)
    if (std::abs(a[i]) > penalty / (2 * v)) chosen.push_back(i);
  CHECK(population_lasso(spectrum, p, penalty, b).support() == chosen);
  CHECK(!chosen.empty());
  CHECK(chosen.size() < 6);
}

TEST_CASE("population datamodel: subsets of one size, normal equations and the least norm") {
  const Index n = 6;
  const VectorXd f = random_table(n, 6);
  for (Index k = 1; k < n; ++k) {
    const LinearDatamodel g = fixed_size_datamodel(f, k);
    CHECK(std::abs(g.slopes.sum()) < 1e-13);
    VectorXd pull = VectorXd::Zero(n + 1);
    double risk = 0, subsets = 0;
    for (Index b = 0; b < f.size(); ++b) {
      if (subset_size(b) != k) continue;
      double gap = f[b] - g.intercept;
      for (Index i = 0; i < n; ++i) gap -= contains(b, i) ? g.slopes[i] : 0;
      pull[n] += gap;
      for (Index i = 0; i < n; ++i) pull[i] += contains(b, i) ? gap : 0;
      risk += gap * gap;
      ++subsets;
    }
    CHECK(pull.cwiseAbs().maxCoeff() / subsets < 1e-12);
    CHECK(std::abs(g.risk - risk / subsets) < 1e-12);
  }
}

TEST_CASE("population datamodel: subsets of one size see additive weights minus their mean") {
  const Index n = 5;
  const VectorXd w = random_table(3, 7).head(n);
  VectorXd f = VectorXd::Constant(Index{1} << n, 0.7);
  for (Index b = 0; b < f.size(); ++b)
    for (Index i = 0; i < n; ++i) f[b] += contains(b, i) ? w[i] : 0;
  for (Index k = 1; k < n; ++k) {
    const LinearDatamodel g = fixed_size_datamodel(f, k);
    CHECK(distance(g.slopes, (w.array() - w.mean()).matrix()) < 1e-13);
    CHECK(std::abs(g.intercept - (0.7 + double(k) * w.mean())) < 1e-13);
    CHECK(g.risk < 1e-26);
  }
  // Other sizes are not read.
  for (Index b = 0; b < f.size(); ++b)
    if (subset_size(b) != 2) f[b] = std::numeric_limits<double>::quiet_NaN();
  CHECK(distance(fixed_size_datamodel(f, 2).slopes, (w.array() - w.mean()).matrix()) < 1e-13);
}

TEST_CASE("population datamodel: one example, and none") {
  VectorXd one(2);
  one << 3, 7;
  const VectorXd none = VectorXd::Constant(1, 5);
  for (const Coordinates c : kCoordinates) {
    const LinearDatamodel g = population_least_squares(spectrum_of(one, 0.3), 0.3, c);
    const Regression r(one, 0.3, c);
    CHECK(r.residuals(g).cwiseAbs().maxCoeff() < 1e-14);
    CHECK(g.risk == 0);
    const LinearDatamodel empty = population_lasso(none, 0.3, 1, c);
    CHECK(empty.intercept == 5);
    CHECK(empty.slopes.size() == 0);
    CHECK(empty.risk == 0);
  }
  VectorXd two(4);
  two << 0, 3, 8, 0;
  CHECK(distance(fixed_size_datamodel(two, 1).slopes, Eigen::Vector2d(-2.5, 2.5)) < 1e-15);
}

TEST_CASE("population datamodel: what means nothing is refused") {
  const VectorXd bad = VectorXd::Ones(6), f = VectorXd::Ones(8);
  const Coordinates c = Coordinates::zero_one;
  CHECK_THROWS_AS(population_least_squares(bad, 0.5, c), std::invalid_argument);
  CHECK_THROWS_AS(population_least_squares(f, 0, c), std::invalid_argument);
  CHECK_THROWS_AS(population_ridge(f, 0.5, -1, c), std::invalid_argument);
  CHECK_THROWS_AS(population_lasso(f, 0.5, -1, c), std::invalid_argument);
  CHECK_THROWS_AS(population_lasso(f, 1, 1, Coordinates::standardised), std::invalid_argument);
  CHECK_THROWS_AS(population_standardised_lasso(f, 0.5, -1), std::invalid_argument);
  for (const Index size : {-1, 0, 3, 4})
    CHECK_THROWS_AS(fixed_size_datamodel(f, size), std::invalid_argument);
  CHECK_THROWS_AS(fixed_size_datamodel(VectorXd::Ones(2), 1), std::invalid_argument);
  CHECK_THROWS_AS(fixed_size_datamodel(bad, 1), std::invalid_argument);
}
