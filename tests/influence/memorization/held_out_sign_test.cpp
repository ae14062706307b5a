// SPDX-License-Identifier: MIT
#include "influence/memorization/held_out_sign.h"

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

#include "datasets/random.h"
#include "influence/metrics/bootstrap.h"
#include "influence/metrics/student.h"
#include "tests/influence/harmonic/sampled_cube.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// Normal scores, (V x N).
MatrixXd noise(Index points, Index examples, std::uint64_t seed) {
  return Random(seed, {1}).normal_matrix(points, examples);
}

}  // namespace

TEST_CASE("intervals are those of the bootstrap over validation points, column by column") {
  const MatrixXd scores = noise(25, 300, 1);  // more than one block of columns
  const SignOptions options{.bootstrap = {.resamples = 200, .level = 0.9, .seed = 3}};
  const HeldOutSigns s = held_out_signs(scores, VectorXd::Ones(300), options);
  for (const Index i : {0, 255, 256, 299}) {
    const Statistic mean = [&](const std::vector<Index>& picks) -> std::optional<double> {
      return scores.col(i)(picks).mean();
    };
    const Estimate e = bootstrap_interval(25, mean, options.bootstrap);
    CHECK(s.mean(i) == doctest::Approx(*e.value).epsilon(1e-12));
    CHECK(std::abs(s.low(i) - e.low) < 1e-14);
    CHECK(std::abs(s.high(i) - e.high) < 1e-14);
    const MeanError m = mean_error(scores.col(i));
    const double t = *m.mean / *m.standard_error;
    CHECK(s.p_values(i) == doctest::Approx(2 * (1 - student_cdf(std::abs(t), 24))).epsilon(1e-9));
  }
}

TEST_CASE("a sign is called beyond tau only, and memorize only of what helps itself") {
  const Index points = 40;
  MatrixXd scores = 0.5 * noise(points, 6, 2);
  scores.rowwise() -= scores.colwise().mean();
  VectorXd means(6);
  means << 1, -1, -1, 0, 0.3, -0.3;
  scores.rowwise() += means.transpose();
  VectorXd self = VectorXd::Ones(6);
  self(2) = 0;
  const HeldOutSigns plain = held_out_signs(scores, self);
  using enum SignCall;
  CHECK(plain.calls ==
        std::vector<SignCall>{generalize, memorize, neutral, neutral, generalize, memorize});
  CHECK(plain.count(memorize) == 2);
  CHECK(plain.expected_by_chance == doctest::Approx(6 * 0.05));
  const HeldOutSigns beyond = held_out_signs(scores, self, {.threshold = 0.5});
  CHECK(beyond.calls ==
        std::vector<SignCall>{generalize, memorize, neutral, neutral, neutral, neutral});
  CHECK(beyond.p_values(4) == 1);
  CHECK(beyond.p_values(0) > plain.p_values(0));
  CHECK(call_name(memorize) == "memorize");
}

TEST_CASE("coverage is the law of percentile intervals: t quantiles replaced by normal ones") {
  // The bootstrap's deviation is the population's, s sqrt((V-1)/V), and its quantiles are normal to
  // first order for normal scores.
  const Index points = 30, examples = 400, groups = 8;
  const double z = 1.959964 * std::sqrt(29.0 / 30.0);
  const double law = 2 * student_cdf(z, points - 1) - 1;
  VectorXd covered(examples * groups), called(examples * groups);
  for (Index k = 0; k < groups; ++k) {
    const MatrixXd scores = noise(points, examples, 50 + static_cast<std::uint64_t>(k));
    const SignOptions options{
        .bootstrap = {.resamples = 1000, .seed = static_cast<std::uint64_t>(k)}};
    const HeldOutSigns s = held_out_signs(scores, VectorXd::Ones(examples), options);
    for (Index i = 0; i < examples; ++i) {
      covered(k * examples + i) = s.low(i) <= 0 && 0 <= s.high(i) ? 1 : 0;
      called(k * examples + i) = s.calls[static_cast<std::size_t>(i)] == SignCall::neutral ? 0 : 1;
    }
  }
  const MeanAndError share = mean_and_error(covered);
  CHECK(std::abs(share.mean - law) < 4 * share.error);
  CHECK(called.mean() == doctest::Approx(1 - share.mean));
  CHECK(std::abs(share.mean - 0.95) < 0.03);  // what expected_by_chance is worth at V = 30
}

TEST_CASE("Benjamini-Hochberg: the step-up rule by hand, and its share of false rejections") {
  VectorXd p(6);
  p << 0.9, 0.024, 0.001, 0.026, 0.03, 0.2;  // sorted: .001 .024 .026 .03 .2 .9
  // k * 0.05 / 6: .0083 .0167 .025 .0333 ...: the fourth passes and takes those before along.
  CHECK(benjamini_hochberg(p, 0.05) == std::vector<bool>{false, true, true, true, true, false});
  CHECK(benjamini_hochberg(p, 0.02) == std::vector<bool>{false, false, true, false, false, false});
  CHECK(benjamini_hochberg(VectorXd(), 0.05).empty());
  // Of independent tests the expected false share is exactly rate times the share of true ones.
  const Index tests = 40, replications = 3000;
  VectorXd share(replications);
  for (Index r = 0; r < replications; ++r) {
    Random random(4, {static_cast<std::uint64_t>(r)});
    VectorXd values(tests);
    for (Index i = 0; i < tests; ++i) values(i) = i < 30 ? random.uniform() : 1e-9;
    const std::vector<bool> rejected = benjamini_hochberg(values, 0.2);
    double wrong = 0, all = 0;
    for (Index i = 0; i < tests; ++i) {
      all += rejected[static_cast<std::size_t>(i)] ? 1 : 0;
      wrong += i < 30 && rejected[static_cast<std::size_t>(i)] ? 1 : 0;
    }
    share(r) = wrong / all;
  }
  const MeanAndError fdr = mean_and_error(share);
  CHECK(std::abs(fdr.mean - 0.2 * 0.75) < 4 * fdr.error);
}

TEST_CASE("adjusted calls are fewer, and say how many of them are wrong at most") {
  MatrixXd scores = noise(50, 200, 8);
  scores.leftCols(10).array() -= 1;
  const VectorXd self = VectorXd::Ones(200);
  const HeldOutSigns plain = held_out_signs(scores, self);
  const HeldOutSigns adjusted = held_out_signs(scores, self, {.adjust = true});
  for (std::size_t i = 0; i < 200; ++i) {
    if (i < 10) CHECK(adjusted.calls[i] == SignCall::memorize);
    if (adjusted.calls[i] != SignCall::neutral) CHECK(adjusted.calls[i] == plain.calls[i]);
  }
  const Index made = 200 - adjusted.count(SignCall::neutral);
  CHECK(made < 200 - plain.count(SignCall::neutral));
  CHECK(adjusted.expected_by_chance == doctest::Approx(0.05 * static_cast<double>(made)));
  CHECK(plain.expected_by_chance == doctest::Approx(10));
}

TEST_CASE("thresholds from a null: quantiles of the sizes of its means") {
  MatrixXd null(2, 4);
  null << 1, -3, 0, 8, 1, -1, 0, 0;  // means 1, -2, 0, 4
  CHECK(null_threshold(null, 0.5) == doctest::Approx(1.5));
  CHECK(sign_flip_threshold(MatrixXd::Constant(1, 3, -2), 0.7, 5) == 2);
  // One column: flipped means are N(0, |x|^2 / V^2). A quantile of 4000 draws has a standard error
  // of sqrt(0.05 0.95 / 4000) / (2 phi(1.96)).
  const MatrixXd x = noise(300, 1, 12).array() + 5;  // its own mean does not matter
  const double sigma = x.norm() / 300;
  const double error = std::sqrt(0.05 * 0.95 / 4000) / (2 * 0.05845);
  CHECK(std::abs(sign_flip_threshold(x, 0.95, 4000, 2) / sigma - 1.95996) < 4 * error);
}

TEST_CASE("held-out signs: what has no interval is refused in one line") {
  const VectorXd self = VectorXd::Ones(2);
  CHECK_THROWS_WITH_AS(held_out_signs(MatrixXd::Ones(1, 2), self),
                       "[held-out sign] scores, expected two validation points or more, got 1",
                       std::invalid_argument);
  CHECK_THROWS_AS(held_out_signs(MatrixXd::Ones(3, 3), self), std::invalid_argument);
  CHECK_THROWS_AS(held_out_signs(MatrixXd::Constant(3, 2, std::nan("")), self),
                  std::invalid_argument);
  CHECK_THROWS_AS(held_out_signs(MatrixXd::Ones(3, 2), self, {.bootstrap = {.resamples = 0}}),
                  std::invalid_argument);
  CHECK_THROWS_AS(held_out_signs(MatrixXd::Ones(3, 2), self, {.bootstrap = {.level = 1}}),
                  std::invalid_argument);
  CHECK_THROWS_AS(held_out_signs(MatrixXd::Ones(3, 2), self, {.threshold = -1}),
                  std::invalid_argument);
  CHECK_THROWS_AS(null_threshold(MatrixXd(0, 0)), std::invalid_argument);
  CHECK_THROWS_AS(sign_flip_threshold(MatrixXd::Ones(2, 2), 0.9, 0), std::invalid_argument);
}
