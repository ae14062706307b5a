// SPDX-License-Identifier: MIT
// The scatter of targets: closed forms of the two-piece Student's t, its fit, and who judges.
#include "experiments/audit/noise_model.h"

#include <doctest/doctest.h>

#include <cmath>

#include "datasets/random.h"
#include "experiments/audit/suspicion.h"
#include "influence/metrics/student.h"

namespace leaveout {

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

double student(Random& random, int dof) {
  double square = 0;
  for (int k = 0; k < dof; ++k) square += std::pow(random.normal(), 2);
  return random.normal() / std::sqrt(square / dof);
}

double density(const ResidualNoise& m, double r) {
  const double d = r - m.mode;
  return std::exp(-(d < 0 ? m.left : m.right).fall(std::abs(d))) / (m.left.area() + m.right.area());
}

double log_likelihood(const ResidualNoise& m, const VectorXd& r, double uniform) {
  double sum = 0;
  for (const double x : r)
    sum += std::log((1 - m.wrong_share) * density(m, x) + m.wrong_share * uniform);
  return sum;
}

VectorXd exponential(Index n, std::uint64_t seed) {
  Random random(seed);
  VectorXd r(n);
  for (Index i = 0; i < n; ++i) r(i) = -std::log(1 - random.uniform()) - 1;
  return r;
}

}  // namespace

TEST_CASE("noise: equal sides are Student's t, judged on both sides") {
  const ResidualNoise m{0.5, {2, 5}, {2, 5}, 0, 0};
  for (const double r : {-7.0, -1.0, 0.7, 4.0})
    CHECK(m.as_bad(r) ==
          doctest::Approx(2 * student_cdf(-std::abs(r - 0.5) / 2, 5)).epsilon(1e-12));
}

TEST_CASE("noise: as bad is the integral of the density where it is no larger") {
  const ResidualNoise m{-1, {0.5, 3}, {2, 10}, 0, 0};
  const double step = 1e-3;
  VectorXd total = VectorXd::Zero(4), below = VectorXd::Zero(4);
  const VectorXd at = (VectorXd(4) << -3.0, -1.2, 0.5, 6.0).finished();
  for (double x = -400; x < 100; x += step)
    for (Index k = 0; k < at.size(); ++k) {
      const double mass = density(m, x + 0.5 * step) * step;
      total(k) += mass;
      if (density(m, x + 0.5 * step) <= density(m, at(k))) below(k) += mass;
    }
  for (Index k = 0; k < at.size(); ++k) {
    CHECK(total(k) == doctest::Approx(1).epsilon(1e-5));
    CHECK(m.as_bad(at(k)) == doctest::Approx(below(k)).epsilon(2e-3));
  }
}

TEST_CASE("noise: a fit is where no parameter improves the likelihood") {
  Random random(5);
  VectorXd r(800);
  for (Index i = 0; i < r.size(); ++i) {
    const double t = student(random, 5);
    r(i) = t < 0 ? t : 3 * t;
    if (i % 20 == 0) r(i) = 60 * random.uniform() - 30;
  }
  const double range = 60;
  const std::vector<ResidualNoise> fits = fit_residual_noise(r, range);
  for (const ResidualNoise& m : {fits.front(), fits[20], fits[30], fits.back()}) {
    const double best = log_likelihood(m, r, 1 / range);
    CHECK(m.log_likelihood == doctest::Approx(best).epsilon(1e-12));
    for (const double by : {-0.02, 0.02}) {
      ResidualNoise moved = m;
      moved.mode += by * m.left.scale;
      CHECK(log_likelihood(moved, r, 1 / range) < best);
      moved = m;
      moved.left.scale *= 1 + by;
      CHECK(log_likelihood(moved, r, 1 / range) < best);
      moved = m;
      moved.right.scale *= 1 + by;
      CHECK(log_likelihood(moved, r, 1 / range) < best);
      if (m.wrong_share == 0) continue;
      moved = m;
      moved.wrong_share *= 1 + by;
      CHECK(log_likelihood(moved, r, 1 / range) < best);
    }
  }
}

TEST_CASE("noise: scales, tails and the share of wrong targets are found") {
  const Index sets = 8, n = 800;
  VectorXd mode(sets), left(sets), right(sets), wrong(sets);
  for (Index k = 0; k < sets; ++k) {
    Random random(30 + static_cast<std::uint64_t>(k));
    VectorXd r(n);
    for (Index i = 0; i < n; ++i) {  // sides of scale 0.5 and 1; a twentieth is wrong
      const double t = student(random, 5);
      const bool below = random.uniform() < 1.0 / 3;
      r(i) = (below ? -0.5 * std::abs(t) : std::abs(t)) + 0.3;
      if (i % 20 == 0) r(i) = 40 * random.uniform() - 20;
    }
    double gain = 0;
    const ResidualNoise m = likeliest(fit_residual_noise(r, 40), &gain);
    CHECK(gain > 10);
    mode(k) = m.mode;
    left(k) = m.left.scale;
    right(k) = m.right.scale;
    wrong(k) = m.wrong_share;
  }
  const auto near = [](const VectorXd& values, double truth) {
    const double error = std::sqrt((values.array() - values.mean()).square().mean() / 7);
    return std::abs(values.mean() - truth) < 3 * error;
  };
  CHECK(near(mode, 0.3));
  CHECK(near(left, 0.5));
  CHECK(near(right, 1));
  CHECK(near(wrong, 0.05));
}

TEST_CASE("noise: residuals that repeat do not make a scatter of no width") {
  Random random(17);
  const Index n = 600;
  VectorXd targets(n), outputs(n);
  for (Index i = 0; i < n; ++i) {  // numbers to one decimal about one of eight predictions
    outputs(i) = static_cast<double>(random.below(8));
    targets(i) = outputs(i) + 0.1 * std::round(10 * 0.3 * random.normal());
    if (random.uniform() < 0.6) targets(i) = outputs(i);
  }
  const VectorXd r = targets - outputs;
  for (const ResidualNoise& m : fit_residual_noise(r, 8, 0.1)) {
    CHECK(m.left.scale >= 0.05);
    CHECK(m.right.scale >= 0.05);
  }
  const Suspicion s = suspect(outputs.transpose(),
                              targets.transpose(),
                              Task::regression,
                              std::vector<bool>(static_cast<std::size_t>(n), true),
                              0.05);
  CHECK(s.flagged == 0);
}

TEST_CASE("noise: those that judge are within 3.907 of the best, and the largest counts") {
  ResidualNoise near{0, {1, 50}, {1, 50}, 0, -100}, heavy{0, {1, 2}, {1, 2}, 0, -103.9};
  const ResidualNoise far{0, {9, 2}, {9, 2}, 0, -103.95};
  const std::vector<ResidualNoise> judges = compatible({near, heavy, far});
  REQUIRE(judges.size() == 2);
  CHECK(most_as_bad(judges, 5) == heavy.as_bad(5));
  CHECK(heavy.as_bad(5) > near.as_bad(5));
}

TEST_CASE("noise: the lenient temperature is where the likelihood has fallen by 1/2") {
  // Without wrong labels in sight the profile is the likelihood itself.
  Random random(8);
  MatrixXd z(1, 300);
  std::vector<Index> labels;
  for (Index i = 0; i < z.cols(); ++i) {
    z(i) = 2 * random.normal();
    labels.push_back(random.uniform() < 1 / (1 + std::exp(-z(i))) ? 1 : 0);
  }
  const ClassNoise m = fit_class_noise(z, labels);
  REQUIRE(m.gain < 1e-3);
  const VectorXd shares = class_shares(labels, 2);
  const double b = std::log(shares(1) / shares(0));
  const auto value = [&](double t) {
    double sum = 0;
    for (Index i = 0; i < z.cols(); ++i) {
      const double logit = b + (z(i) - b) / t;
      sum -= std::log1p(std::exp(labels[static_cast<std::size_t>(i)] == 1 ? -logit : logit));
    }
    return sum;
  };
  CHECK(m.lenient > m.temperature);
  CHECK(value(m.temperature) - value(m.lenient) == doctest::Approx(0.5).epsilon(0.01));
}

TEST_CASE("noise: skewed noise raises no more flags than are expected by chance") {
  // What y = a + b + Exp(1) leaves: a symmetric scatter calls its long tail mislabelled.
  const Index sets = 60, n = 200;
  VectorXd flagged(sets), expected(sets);
  for (Index k = 0; k < sets; ++k) {
    const VectorXd r = exponential(n, 100 + static_cast<std::uint64_t>(k));
    const MatrixXd none = MatrixXd::Zero(1, n);
    const Suspicion s = suspect(none,
                                r.transpose(),
                                Task::regression,
                                std::vector<bool>(static_cast<std::size_t>(n), true),
                                0.05);
    flagged(k) = static_cast<double>(s.flagged);
    expected(k) = s.expected;
  }
  const VectorXd excess = flagged - expected;
  const double error = std::sqrt((excess.array() - excess.mean()).square().mean() / sets);
  CHECK(excess.mean() <= 3 * error);
  CHECK(flagged.mean() < 0.3);
}

}  // namespace leaveout
