// SPDX-License-Identifier: MIT
// Group effects from the spectrum, against averages over random subsets.
#include "influence/harmonic/group_effects.h"

#include <doctest/doctest.h>

#include "influence/harmonic/cube.h"
#include "influence/harmonic/set_functions.h"
#include "influence/harmonic/values.h"
#include "tests/support/random_numbers.h"
#include "tests/support/subsets.h"

using namespace leaveout;
using Eigen::VectorXd;

namespace {

VectorXd spectrum_of(VectorXd f, double p) {
  to_spectrum(f, p);
  return f;
}

constexpr std::uint64_t kGroups[] = {0, 0b1, 0b100000, 0b101, 0b11010, 0b111111};

}  // namespace

TEST_CASE("group effects: all four are the averages they are named after") {
  const Index n = 6;
  const VectorXd f = random_table(n, 1);
  for (const double p : {0.2, 0.5, 0.8})
    for (const std::uint64_t group : kGroups) {
      const VectorXd spectrum = spectrum_of(f, p);
      const auto a = static_cast<Index>(group);
      const auto mean = [&](auto value) { return expectation(n, p, value); };
      const double both = mean([&](Index r) { return f[r | a] - f[r & ~a]; });
      const double added = mean([&](Index r) { return f[r | a] - f[r]; });
      const double deleted = mean([&](Index r) { return f[r & ~a] - f[r]; });
      const double from_all = f[f.size() - 1] - f[(f.size() - 1) & ~a];
      CHECK(std::abs(group_effect(spectrum, p, group) - both) < 1e-12);
      CHECK(std::abs(addition_effect(spectrum, p, group) - added) < 1e-12);
      CHECK(std::abs(deletion_effect(spectrum, p, group) - deleted) < 1e-12);
      CHECK(std::abs(leave_group_out(spectrum, p, group) - from_all) < 1e-11);
    }
}

TEST_CASE("group effects: the defect is the effect minus the sum of datamodel weights") {
  const Index n = 6;
  const VectorXd f = random_table(n, 2);
  for (const double p : {0.3, 0.5})
    for (const std::uint64_t group : kGroups) {
      const VectorXd spectrum = spectrum_of(f, p), weights = datamodel_weights(f, p);
      double sum = 0;
      for (Index i = 0; i < n; ++i) sum += (group >> i & 1) != 0 ? weights[i] : 0;
      CHECK(std::abs(sum_of_weights(spectrum, p, group) - sum) < 1e-13);
      const double defect = additivity_defect(spectrum, p, group);
      CHECK(std::abs(group_effect(spectrum, p, group) - sum - defect) < 1e-13);
      CHECK(std::abs(defect) <= additivity_bound(spectrum, p, group) * (1 + 1e-14));
      if (subset_size(group) < 2) CHECK(defect == 0);
    }
}

TEST_CASE("group effects: one example has its weight, its leave-one-out and no defect") {
  const Index n = 5;
  const VectorXd f = random_table(n, 3), spectrum = spectrum_of(f, 0.4);
  const VectorXd weights = datamodel_weights(f, 0.4), loo = leave_one_out_values(f);
  for (Index i = 0; i < n; ++i) {
    const std::uint64_t group = std::uint64_t{1} << i;
    CHECK(group_effect(spectrum, 0.4, group) == doctest::Approx(weights[i]).epsilon(1e-12));
    CHECK(leave_group_out(spectrum, 0.4, group) == doctest::Approx(loo[i]).epsilon(1e-12));
    CHECK(additivity_bound(spectrum, 0.4, group) == 0);
  }
}

TEST_CASE("group effects: at p = 1/2 pairs cancel between addition and deletion") {
  // f = b_0 b_1: the pair is worth 1; its weights are 1/2 each.
  const VectorXd f = threshold_cluster(3, 0b11, 2);
  const VectorXd half = spectrum_of(f, 0.5);
  CHECK(additivity_defect(half, 0.5, 0b11) == 0);
  CHECK(group_effect(half, 0.5, 0b11) == doctest::Approx(1).epsilon(1e-14));
  CHECK(addition_effect(half, 0.5, 0b11) == doctest::Approx(0.75).epsilon(1e-14));
  CHECK(deletion_effect(half, 0.5, 0b11) == doctest::Approx(-0.25).epsilon(1e-14));
  CHECK(sum_of_weights(half, 0.5, 0b11) == doctest::Approx(1).epsilon(1e-14));
  // Off 1/2 they do not: worth 1 again, weights p each.
  const VectorXd low = spectrum_of(f, 0.2);
  CHECK(additivity_defect(low, 0.2, 0b11) == doctest::Approx(1 - 2 * 0.2).epsilon(1e-13));
  // A triple does not cancel at 1/2: worth 1, weights 1/4 each.
  const VectorXd three = spectrum_of(threshold_cluster(3, 0b111, 3), 0.5);
  CHECK(additivity_defect(three, 0.5, 0b111) == doctest::Approx(0.25).epsilon(1e-13));
}

TEST_CASE("group effects: the bound is attained, and grows exponentially in the group") {
  const Index n = 7;
  for (const double p : {0.5, 0.3}) {
    // Coefficients proportional to u^|T| - (-t)^|T| inside the group: equality.
    const double u = std::sqrt((1 - p) / p);
    const std::uint64_t group = 0b1011101;
    VectorXd spectrum = random_table(n, 4);
    double squares = 0;
    for (Index s = 0; s < spectrum.size(); ++s) {
      const auto set = static_cast<std::uint64_t>(s);
      if ((set & ~group) != 0 || subset_size(set) < 2) continue;
      spectrum[s] = std::pow(u, subset_size(s)) - std::pow(-1 / u, subset_size(s));
      squares += spectrum[s] * spectrum[s];
    }
    const double defect = additivity_defect(spectrum, p, group);
    CHECK(defect == doctest::Approx(squares).epsilon(1e-13));
    CHECK(additivity_bound(spectrum, p, group) == doctest::Approx(defect).epsilon(1e-13));
    if (p == 0.5)
      CHECK(std::sqrt(squares) == doctest::Approx(2 * std::sqrt(16 - 5)).epsilon(1e-13));
  }
}

TEST_CASE("group effects: what is left out of all is the dividends that meet the group") {
  const Index n = 6;
  const VectorXd f = random_table(n, 5), spectrum = spectrum_of(f, 0.5);
  VectorXd m = f;
  to_dividends(m);
  for (const std::uint64_t group : kGroups) {
    double sum = 0;
    for (Index t = 0; t < m.size(); ++t)
      if ((static_cast<std::uint64_t>(t) & group) != 0) sum += m[t];
    CHECK(std::abs(leave_group_out(spectrum, 0.5, group) - sum) < 1e-12);
  }
}

TEST_CASE("group effects: ten duplicates of which one suffices have weights that sum to 0.0195") {
  const Index n = 10;
  const std::uint64_t cluster = (1U << n) - 1;
  const VectorXd f = threshold_cluster(n, cluster, 1), half = spectrum_of(f, 0.5);
  CHECK(std::abs(sum_of_weights(half, 0.5, cluster) - 0.01953125) < 1e-15);
  CHECK(std::abs(banzhaf_values(f).sum() - 0.01953125) < 1e-15);
  CHECK(std::abs(group_effect(half, 0.5, cluster) - 1) < 1e-12);
  CHECK(std::abs(leave_group_out(half, 0.5, cluster) - 1) < 1e-12);
  // Half of them needed: the sum is 10 C(9,4) / 2^9 and too much.
  const VectorXd five = spectrum_of(threshold_cluster(n, cluster, 5), 0.5);
  CHECK(std::abs(sum_of_weights(five, 0.5, cluster) - 10 * 126 / 512.0) < 1e-12);
  CHECK(std::abs(group_effect(five, 0.5, cluster) - 1) < 1e-12);
}

TEST_CASE("group effects: no examples, no effect; what means nothing is refused") {
  const VectorXd none = VectorXd::Constant(1, 5), f = VectorXd::Ones(8), bad = VectorXd::Ones(7);
  for (const auto effect : {group_effect,
                            addition_effect,
                            deletion_effect,
                            leave_group_out,
                            sum_of_weights,
                            additivity_defect,
                            additivity_bound}) {
    CHECK(effect(none, 0.5, 0) == 0);
    CHECK_THROWS_AS(effect(none, 0.5, 1), std::invalid_argument);
    CHECK_THROWS_AS(effect(f, 0.5, 0b1000), std::invalid_argument);
    CHECK_THROWS_AS(effect(f, 0, 0b1), std::invalid_argument);
    CHECK_THROWS_AS(effect(bad, 0.5, 0b1), std::invalid_argument);
  }
}
