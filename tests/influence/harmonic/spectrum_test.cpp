// SPDX-License-Identifier: MIT
// What a spectrum says, against averages over all subsets and over all pairs of subsets.
#include "influence/harmonic/spectrum.h"

#include <doctest/doctest.h>

#include "influence/harmonic/cube.h"
#include "tests/support/random_numbers.h"
#include "tests/support/subsets.h"

using namespace leaveout;
using Eigen::VectorXd;

namespace {

VectorXd spectrum_of(VectorXd f, double p) {
  to_spectrum(f, p);
  return f;
}

/// The best linear datamodel as a table: degrees 0 and 1 of the spectrum.
VectorXd linear_part(VectorXd spectrum, double p) {
  for (Index s = 0; s < spectrum.size(); ++s)
    if (subset_size(s) > 1) spectrum[s] = 0;
  to_table(spectrum, p);
  return spectrum;
}

}  // namespace

TEST_CASE("spectrum: weights by degree, and their sum is the variance over random subsets") {
  const Index n = 7;
  const VectorXd f = random_table(n, 1);
  for (const double p : {0.2, 0.5}) {
    const VectorXd spectrum = spectrum_of(f, p), weights = degree_weights(spectrum);
    REQUIRE(weights.size() == n + 1);
    for (Index d = 0; d <= n; ++d) {
      double sum = 0;
      for (Index s = 0; s < f.size(); ++s)
        if (subset_size(s) == d) sum += spectrum[s] * spectrum[s];
      CHECK(std::abs(weights[d] - sum) < 1e-14);
    }
    const double mean = expectation(n, p, [&](Index b) { return f[b]; });
    const double variance = expectation(n, p, [&](Index b) { return std::pow(f[b] - mean, 2); });
    CHECK(std::abs(spectral_variance(weights) - variance) < 1e-12);
    const VectorXd g = linear_part(spectrum, p);
    const double left = expectation(n, p, [&](Index b) { return std::pow(f[b] - g[b], 2); });
    CHECK(std::abs(residual_fraction(weights).value() - left / variance) < 1e-12);
    const VectorXd linear = degree_one(spectrum);
    for (Index i = 0; i < n; ++i) CHECK(linear[i] == spectrum[Index{1} << i]);
  }
}

TEST_CASE("spectrum: h(rho) is the mean of f f' over correlated pairs, negative rho included") {
  const Index n = 4;
  const VectorXd f = random_table(n, 2);
  for (const double p : {0.5, 0.3, 0.8}) {
    const VectorXd weights = degree_weights(spectrum_of(f, p));
    for (const double rho : {lowest_correlation(p), -0.1, 0.0, 0.35, 1.0}) {
      const double mean =
          pair_expectation(n, p, rho, [&](Index b, Index c) { return f[b] * f[c]; });
      CHECK(std::abs(noise_stability(weights, p, rho) - mean) < 1e-12);
    }
  }
}

TEST_CASE("spectrum: the lowest rho is where a pair of memberships stops being a probability") {
  CHECK(lowest_correlation(0.5) == -1);
  for (const double p : {0.2, 0.7}) {
    const double rho = lowest_correlation(p), v = p * (1 - p);
    const double both = p * p + rho * v, neither = (1 - p) * (1 - p) + rho * v;
    CHECK(std::abs(std::min(both, neither)) < 1e-15);
    CHECK(std::max(both, neither) > 0.1);
    const VectorXd weights = VectorXd::Ones(3);
    CHECK_NOTHROW(noise_stability(weights, p, rho));
    CHECK_THROWS_AS(noise_stability(weights, p, rho - 1e-9), std::invalid_argument);
    CHECK_THROWS_AS(noise_stability(weights, p, 1 + 1e-9), std::invalid_argument);
    CHECK_THROWS_AS(counterfactual_r2(weights, p, rho - 1e-9, 0), std::invalid_argument);
  }
}

TEST_CASE("spectrum: one value of h brackets the residual") {
  const double p = 0.4;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    VectorXd spectrum = spectrum_of(random_table(5, 100 + seed), p);
    apply_noise(spectrum, 0.1 + 0.04 * double(seed));  // from nearly linear to mostly not
    const VectorXd weights = degree_weights(spectrum);
    const double residual = residual_fraction(weights).value();
    for (const double rho : {0.05, 0.3, 0.7}) {
      const double hbar =
          (noise_stability(weights, p, rho) - weights[0]) / spectral_variance(weights);
      const Bracket bracket = residual_bracket(hbar, rho);
      CHECK(bracket.low <= residual);
      CHECK(residual <= bracket.high);
      CHECK(bracket.high == doctest::Approx(bracket.low / (1 - rho)).epsilon(1e-14));
    }
  }
  // Both ends are attained: degree two alone at the upper one, ever higher degrees at the lower.
  const double rho = 0.3;
  CHECK(residual_bracket(rho * rho, rho).high == doctest::Approx(1).epsilon(1e-14));
  CHECK(residual_bracket(std::pow(rho, 40), rho).low == doctest::Approx(1).epsilon(1e-14));
  CHECK(residual_bracket(rho, rho).low == 0);  // linear
  CHECK(residual_bracket(rho, rho).high == 0);
}

TEST_CASE("spectrum: the noise floor is the mean weight of pure noise, entry by entry") {
  const Index n = 4;
  for (const double p : {0.5, 0.25, 0.8}) {
    const VectorXd rates = VectorXd::Constant(n, p);
    const VectorXd variances = random_table(n, 3).cwiseAbs2();
    VectorXd by_hand = VectorXd::Zero(n + 1);
    for (Index s = 0; s < variances.size(); ++s)
      for (Index b = 0; b < variances.size(); ++b)
        by_hand[subset_size(s)] +=
            std::pow(probability(b, rates) * basis(s, b, rates), 2) * variances[b];
    CHECK(distance(noise_floor(variances, p), by_hand) < 1e-13);
    const VectorXd same = VectorXd::Constant(variances.size(), 0.7);
    CHECK(distance(noise_floor(n, p, 0.7), noise_floor(same, p)) < 1e-13);
    // All of it together is the variance of a random entry, weighted by how often it is drawn.
    CHECK(noise_floor(n, p, 0.7).sum() == doctest::Approx(0.7).epsilon(1e-14));
  }
  VectorXd half(4);  // p = 1/2, three examples: binomial
  half << 1, 3, 3, 1;
  CHECK(distance(noise_floor(3, 0.5, 8.0), half) < 1e-15);
}

TEST_CASE("spectrum: subtracting the floor leaves the true weights, in the mean over noise") {
  const Index n = 4, draws = 2000;
  const double p = 0.3, tau2 = 0.5;
  const VectorXd f = random_table(n, 4), truth = degree_weights(spectrum_of(f, p));
  const VectorXd floor = noise_floor(n, p, tau2);
  Random random(5, {1});
  VectorXd sum = VectorXd::Zero(n + 1), squares = VectorXd::Zero(n + 1);
  for (Index k = 0; k < draws; ++k) {
    const VectorXd noisy = f + std::sqrt(tau2) * random.normal_matrix(f.size(), 1);
    const VectorXd excess = degree_weights(spectrum_of(noisy, p)) - floor - truth;
    sum += excess;
    squares += excess.cwiseAbs2();
  }
  for (Index d = 0; d <= n; ++d) {
    const double mean = sum[d] / double(draws);
    const double error = std::sqrt(squares[d] / double(draws) - mean * mean) / std::sqrt(draws);
    CHECK(std::abs(mean) < 4 * error);
    CHECK(floor[d] > 8 * error);  // enough to see a floor that is off by half
  }
}

TEST_CASE("spectrum: squared correlation of predicted and true changes, with slope one") {
  const Index n = 4;
  for (const double p : {0.5, 0.35})
    for (const double rho : {-0.2, 0.0, 0.4, 0.9})
      for (const double tau2 : {0.0, 0.3}) {
        const VectorXd f = random_table(n, 6), spectrum = spectrum_of(f, p);
        const VectorXd g = linear_part(spectrum, p);
        double ff = 0, fg = 0, gg = 0;
        for (double* sum : {&ff, &fg, &gg})
          *sum = pair_expectation(n, p, rho, [&](Index b, Index c) {
            const double df = f[b] - f[c], dg = g[b] - g[c];
            return sum == &ff ? df * df : sum == &fg ? df * dg : dg * dg;
          });
        CHECK(std::abs(fg / gg - 1) < 1e-12);
        // Two runs, so twice the noise of one.
        const double r2 = fg * fg / (gg * (ff + 2 * tau2));
        const VectorXd weights = degree_weights(spectrum);
        CHECK(std::abs(counterfactual_r2(weights, p, rho, tau2).value() - r2) < 1e-12);
      }
}

TEST_CASE("spectrum: small changes are harder to predict than levels, by the total influence") {
  const VectorXd weights = degree_weights(spectrum_of(random_table(6, 7), 0.5));
  double total_influence = 0;
  for (Index d = 1; d <= 6; ++d) total_influence += double(d) * weights[d];
  const double nearly = counterfactual_r2(weights, 0.5, 1 - 1e-7, 0).value();
  CHECK(nearly == doctest::Approx(weights[1] / total_influence).epsilon(1e-5));
  const double levels = counterfactual_r2(weights, 0.5, 0, 0.2).value();
  CHECK(levels == doctest::Approx(std::pow(lds_ceiling(weights, 0.2).value(), 2)).epsilon(1e-13));
}

TEST_CASE("spectrum: a linear score's correlation is its cosine with degree one, times a ceiling") {
  const Index n = 6;
  const VectorXd f = random_table(n, 8), scores = random_table(3, 9).head(n);
  for (const double p : {0.5, 0.3})
    for (const double tau2 : {0.0, 0.4}) {
      const auto total = [&](Index b) {
        double sum = 0;
        for (Index i = 0; i < n; ++i) sum += contains(b, i) ? scores[i] : 0;
        return sum;
      };
      const double mf = expectation(n, p, [&](Index b) { return f[b]; });
      const double mt = expectation(n, p, total);
      const double vf = expectation(n, p, [&](Index b) { return std::pow(f[b] - mf, 2); }) + tau2;
      const double vt = expectation(n, p, [&](Index b) { return std::pow(total(b) - mt, 2); });
      const double cov = expectation(n, p, [&](Index b) { return (f[b] - mf) * (total(b) - mt); });
      const VectorXd spectrum = spectrum_of(f, p);
      const double lds = linear_datamodeling_score(scores, spectrum, tau2).value();
      CHECK(std::abs(lds - cov / std::sqrt(vf * vt)) < 1e-12);
      // The ceiling of every additive score, and degree one attains it.
      const double ceiling = lds_ceiling(degree_weights(spectrum), tau2).value();
      CHECK(std::abs(lds) < ceiling);
      const double best = linear_datamodeling_score(degree_one(spectrum), spectrum, tau2).value();
      CHECK(best == doctest::Approx(ceiling).epsilon(1e-14));
    }
}

TEST_CASE("spectrum: what does not exist is undefined") {
  for (const Index n : {0, 1, 3}) {
    const VectorXd constant = spectrum_of(VectorXd::Constant(Index{1} << n, 2.0), 0.4);
    const VectorXd weights = degree_weights(constant);
    CHECK(weights[0] == 4);
    CHECK(spectral_variance(weights) == 0);
    CHECK_FALSE(residual_fraction(weights).has_value());
    CHECK_FALSE(lds_ceiling(weights, 0).has_value());
    CHECK_FALSE(counterfactual_r2(weights, 0.4, 0.5, 0).has_value());
    CHECK_FALSE(linear_datamodeling_score(VectorXd::Ones(n), constant, 1).has_value());
    CHECK(lds_ceiling(weights, 1).value() == 0);
    CHECK(noise_stability(weights, 0.4, 0.3) == 4);
  }
  VectorXd one(2);
  one << 1, 3;
  const VectorXd spectrum = spectrum_of(one, 0.5);
  CHECK(residual_fraction(degree_weights(spectrum)).value() == 0);
  CHECK(lds_ceiling(degree_weights(spectrum), 0).value() == 1);
  CHECK_FALSE(linear_datamodeling_score(VectorXd::Zero(1), spectrum, 0).has_value());
}

TEST_CASE("spectrum: what means nothing is refused") {
  const VectorXd weights = VectorXd::Ones(4), spectrum = VectorXd::Ones(8);
  CHECK_THROWS_AS(degree_weights(VectorXd::Ones(5)), std::invalid_argument);
  CHECK_THROWS_AS(degree_one(VectorXd::Ones(0)), std::invalid_argument);
  CHECK_THROWS_AS(spectral_variance(VectorXd()), std::invalid_argument);
  CHECK_THROWS_AS(noise_stability(VectorXd(), 0.5, 0.1), std::invalid_argument);
  CHECK_THROWS_AS(lds_ceiling(weights, -1), std::invalid_argument);
  CHECK_THROWS_AS(counterfactual_r2(weights, 0.5, 1, 0), std::invalid_argument);
  CHECK_THROWS_AS(counterfactual_r2(weights, 0.5, 0.5, -1), std::invalid_argument);
  CHECK_THROWS_AS(linear_datamodeling_score(VectorXd::Ones(2), spectrum, 0), std::invalid_argument);
  CHECK_THROWS_AS(noise_floor(-1, 0.5, 1.0), std::invalid_argument);
  CHECK_THROWS_AS(noise_floor(3, 1.0, 1.0), std::invalid_argument);
  CHECK_THROWS_AS(noise_floor(VectorXd::Constant(4, -1), 0.5), std::invalid_argument);
  for (const double rho : {0.0, 1.0, -0.5})
    CHECK_THROWS_AS(residual_bracket(0.1, rho), std::invalid_argument);
}
