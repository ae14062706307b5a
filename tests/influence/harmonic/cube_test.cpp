// SPDX-License-Identifier: MIT
// The fast transforms of a table over all subsets, against sums over all subsets.
#include "influence/harmonic/cube.h"

#include <doctest/doctest.h>

#include <limits>

#include "tests/support/alloc_count.h"
#include "tests/support/random_numbers.h"
#include "tests/support/subsets.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

double coefficient_by_hand(const VectorXd& f, Index s, const VectorXd& p) {
  double sum = 0;
  for (Index b = 0; b < f.size(); ++b) sum += probability(b, p) * f[b] * basis(s, b, p);
  return sum;
}

VectorXd spectrum_of(VectorXd f, double p) {
  to_spectrum(f, p);
  return f;
}

VectorXd dividends_of(VectorXd f) {
  to_dividends(f);
  return f;
}

VectorXd rates(Index n) {
  return VectorXd::NullaryExpr(n, [n](Index i) { return 0.15 + 0.7 * double(i) / double(n); });
}

}  // namespace

TEST_CASE("cube: every coefficient is the mean of f phi_S over random subsets") {
  const Index n = 6;
  const VectorXd f = random_table(n, 1);
  for (const double p : {0.2, 0.5, 0.85}) {
    const VectorXd spectrum = spectrum_of(f, p);
    for (Index s = 0; s < f.size(); ++s)
      CHECK(std::abs(spectrum[s] - coefficient_by_hand(f, s, VectorXd::Constant(n, p))) < 1e-13);
  }
}

TEST_CASE("cube: each example can have its own rate of inclusion") {
  const Index n = 6;
  const VectorXd f = random_table(n, 2), p = rates(n);
  VectorXd spectrum = f;
  to_spectrum(spectrum, p);
  for (Index s = 0; s < f.size(); ++s)
    CHECK(std::abs(spectrum[s] - coefficient_by_hand(f, s, p)) < 1e-13);
  to_table(spectrum, p);
  CHECK(distance(spectrum, f) < 1e-13);
  // Equal rates are the scalar rate, bit for bit, both ways.
  VectorXd equal = f;
  to_spectrum(equal, VectorXd::Constant(n, 0.3));
  CHECK(equal == spectrum_of(f, 0.3));
  VectorXd back = equal;
  to_table(back, VectorXd::Constant(n, 0.3));
  to_table(equal, 0.3);
  CHECK(back == equal);
}

TEST_CASE("cube: a table longer than the cached block has the same coefficients") {
  const Index n = 13;
  const VectorXd f = random_table(n, 3), p = VectorXd::Constant(n, 0.4);
  const VectorXd spectrum = spectrum_of(f, 0.4);
  for (const Index s : {0, 1, 2, 1 << 10, 1 << 11, 1 << 12, 3 << 11, 0x1555, 0x1fff})
    CHECK(std::abs(spectrum[s] - coefficient_by_hand(f, s, p)) < 1e-13);
}

TEST_CASE("cube: the way back returns the table") {
  for (const Index n : {0, 1, 2, 5, 10, 13})
    for (const double p : {0.3, 0.5, 0.6}) {
      const VectorXd f = random_table(n, 4);
      VectorXd g = spectrum_of(f, p);
      to_table(g, p);
      CHECK(distance(g, f) < 1e-12);
    }
}

TEST_CASE("cube: Parseval, the mean square is the sum of squared coefficients") {
  const Index n = 9;
  const VectorXd f = random_table(n, 5);
  for (const double p : {0.1, 0.5, 0.7}) {
    const double mean_square = expectation(n, p, [&](Index b) { return f[b] * f[b]; });
    CHECK(std::abs(spectrum_of(f, p).squaredNorm() - mean_square) < 1e-12);
  }
}

TEST_CASE("cube: at p = 1/2 the product of all x_i = +-1 is one coefficient, exactly") {
  const Index n = 8;
  VectorXd f(Index{1} << n), only = VectorXd::Zero(f.size());
  for (Index b = 0; b < f.size(); ++b) f[b] = (n - subset_size(b)) % 2 == 0 ? 1 : -1;
  only[f.size() - 1] = 1;
  CHECK(spectrum_of(f, 0.5) == only);
}

TEST_CASE("cube: an example that f ignores has coefficients of exactly zero") {
  const Index n = 7, ignored = Index{1} << 3;
  VectorXd f = random_table(n, 6);
  for (Index b = 0; b < f.size(); ++b) f[b] = f[b & ~ignored];
  const VectorXd spectrum = spectrum_of(f, 0.37), dividends = dividends_of(f);
  for (Index s = 0; s < f.size(); ++s)
    if ((s & ignored) != 0) {
      CHECK(spectrum[s] == 0);
      CHECK(dividends[s] == 0);
    }
}

TEST_CASE("cube: dividends are alternating sums, and sum to the table again") {
  const Index n = 6;
  const VectorXd f = random_table(n, 7), m = dividends_of(f);
  for (Index t = 0; t < f.size(); ++t) {
    double alternating = 0, sum = 0;
    for (Index b = 0; b < f.size(); ++b)
      if ((b & ~t) == 0) {
        alternating += ((subset_size(t) - subset_size(b)) % 2 == 0 ? 1 : -1) * f[b];
        sum += m[b];
      }
    CHECK(std::abs(m[t] - alternating) < 1e-13);
    CHECK(std::abs(f[t] - sum) < 1e-13);
  }
  VectorXd back = m;
  dividends_to_table(back);
  CHECK(distance(back, f) < 1e-13);
}

TEST_CASE("cube: a coefficient is a polynomial in p whose coefficients are dividends") {
  const Index n = 6;
  const VectorXd f = random_table(n, 8), m = dividends_of(f);
  for (const double p : {0.2, 0.5, 0.9}) {
    const VectorXd spectrum = spectrum_of(f, p);
    for (Index s = 0; s < f.size(); ++s) {
      double sum = 0;
      for (Index t = 0; t < f.size(); ++t)
        if ((s & ~t) == 0) sum += m[t] * std::pow(p, subset_size(t) - subset_size(s));
      CHECK(std::abs(spectrum[s] - std::pow(p * (1 - p), subset_size(s) / 2.0) * sum) < 1e-12);
    }
  }
}

TEST_CASE("cube: a change of rate is the transform at the other rate") {
  const VectorXd f = random_table(9, 9);
  for (const double q : {0.1, 0.3, 0.5, 0.8}) {
    VectorXd spectrum = spectrum_of(f, 0.3);
    change_rate(spectrum, 0.3, q);
    CHECK(distance(spectrum, spectrum_of(f, q)) < 1e-13);
  }
}

TEST_CASE("cube: the noise operator is the mean over rho-correlated subsets") {
  const Index n = 4;
  const double p = 0.3;
  const VectorXd f = random_table(n, 10), all_rates = VectorXd::Constant(n, p);
  for (const double rho : {-0.4, 0.0, 0.6, 1.0}) {
    VectorXd smooth = spectrum_of(f, p);
    apply_noise(smooth, rho);
    to_table(smooth, p);
    for (Index b = 0; b < f.size(); ++b) {
      const double joint =
          pair_expectation(n, p, rho, [&](Index c, Index d) { return c == b ? f[d] : 0.0; });
      CHECK(std::abs(smooth[b] - joint / probability(b, all_rates)) < 1e-12);
    }
  }
}

TEST_CASE("cube: one example, and none") {
  VectorXd one(2);
  one << 3, 7;
  to_spectrum(one, 0.2);
  CHECK(one[0] == doctest::Approx(0.8 * 3 + 0.2 * 7).epsilon(1e-15));
  CHECK(one[1] == doctest::Approx(0.4 * (7 - 3)).epsilon(1e-15));
  VectorXd none = VectorXd::Constant(1, 5);
  to_spectrum(none, 0.2);
  change_rate(none, 0.2, 0.3);
  apply_noise(none, 0.5);
  to_dividends(none);
  to_table(none, 0.4);
  CHECK(none[0] == 5);
}

TEST_CASE("cube: transforms work on the columns of a matrix and allocate nothing") {
  MatrixXd tables(Index{1} << 12, 2);
  tables << random_table(12, 11), random_table(12, 12);
  const MatrixXd before = tables;
  const VectorXd p = rates(12);
  CHECK(allocations_in([&] {
          to_spectrum(tables.col(1), 0.3);
          change_rate(tables.col(1), 0.3, 0.5);
          to_table(tables.col(1), 0.5);
          to_spectrum(tables.col(0), p);
          to_table(tables.col(0), p);
          to_dividends(tables.col(0));
          dividends_to_table(tables.col(0));
        }) == 0);
  CHECK(distance(tables, before) < 1e-11);
}

TEST_CASE("cube: lengths, rates and groups that mean nothing are refused") {
  for (const Index length : {0, 3, 6, 1000}) {
    VectorXd f = VectorXd::Zero(length);
    CHECK_THROWS_AS(cube_dimension(length), std::invalid_argument);
    CHECK_THROWS_AS(to_spectrum(f, 0.5), std::invalid_argument);
    CHECK_THROWS_AS(to_table(f, 0.5), std::invalid_argument);
    CHECK_THROWS_AS(to_dividends(f), std::invalid_argument);
    CHECK_THROWS_AS(dividends_to_table(f), std::invalid_argument);
    CHECK_THROWS_AS(change_rate(f, 0.5, 0.5), std::invalid_argument);
    CHECK_THROWS_AS(apply_noise(f, 0.5), std::invalid_argument);
  }
  VectorXd f = VectorXd::Zero(8);
  for (const double p : {0.0, 1.0, -0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_THROWS_AS(to_spectrum(f, p), std::invalid_argument);
    CHECK_THROWS_AS(to_table(f, p), std::invalid_argument);
    CHECK_THROWS_AS(to_spectrum(f, VectorXd::Constant(3, p)), std::invalid_argument);
    CHECK_THROWS_AS(change_rate(f, p, 0.5), std::invalid_argument);
    CHECK_THROWS_AS(change_rate(f, 0.5, p), std::invalid_argument);
  }
  CHECK_THROWS_AS(to_spectrum(f, VectorXd::Constant(2, 0.5)), std::invalid_argument);
  CHECK_THROWS_AS(to_table(f, VectorXd::Constant(4, 0.5)), std::invalid_argument);
  CHECK_THROWS_WITH(cube_dimension(6),
                    "[harmonic] table of 6 entries, expected 2^N, one for each subset of N "
                    "examples, entry b for the subset with bits b");
  check_group(0b111, 3);
  CHECK_THROWS_AS(check_group(0b1000, 3), std::invalid_argument);
  CHECK(cube_dimension(1) == 0);
  CHECK(cube_dimension(1024) == 10);
}
