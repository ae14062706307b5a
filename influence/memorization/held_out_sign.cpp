// SPDX-License-Identifier: MIT
#include "influence/memorization/held_out_sign.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "datasets/random.h"
#include "influence/metrics/bootstrap.h"
#include "influence/metrics/student.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

void require(bool ok, const std::string& what) {
  if (!ok) throw std::invalid_argument("[held-out sign] " + what);
}

void check_level(double level) {
  require(level > 0 && level < 1,
          fmt::format("level, expected strictly between 0 and 1, got {}", level));
}

void check(const MatrixXd& scores, const VectorXd& self_influence, const SignOptions& options) {
  require(scores.rows() >= 2,
          fmt::format("scores, expected two validation points or more, got {}", scores.rows()));
  require(self_influence.size() == scores.cols(),
          fmt::format("self-influence, expected {} values, one for each column of the scores, got "
                      "{}",
                      scores.cols(),
                      self_influence.size()));
  require(scores.allFinite() && self_influence.allFinite(), "scores, expected finite numbers");
  require(options.threshold >= 0 && std::isfinite(options.threshold),
          fmt::format("threshold, expected finite and at least 0, got {}", options.threshold));
  require(options.bootstrap.resamples >= 1,
          fmt::format("resamples, expected at least 1, got {}", options.bootstrap.resamples));
  check_level(options.bootstrap.level);
}

/// How much each point weighs in each resample's mean, (resamples x V): those of
/// bootstrap_interval().
MatrixXd resample_weights(Index points, const Bootstrap& bootstrap) {
  MatrixXd weights = MatrixXd::Zero(bootstrap.resamples, points);
  for (Index r = 0; r < bootstrap.resamples; ++r)
    for (const Index v : resample_items(points, bootstrap.seed, r))
      weights(r, v) += 1 / static_cast<double>(points);
  return weights;
}

void intervals(const MatrixXd& scores, const Bootstrap& bootstrap, HeldOutSigns& signs) {
  constexpr Index kBlock = 256;  // columns whose resampled means are held at a time
  const MatrixXd weights = resample_weights(scores.rows(), bootstrap);
  MatrixXd means;
  std::vector<double> sorted;
  for (Index first = 0; first < scores.cols(); first += kBlock) {
    const Index count = std::min(kBlock, scores.cols() - first);
    means = weights * scores.middleCols(first, count);
    for (Index j = 0; j < count; ++j) {
      sorted.assign(means.col(j).begin(), means.col(j).end());
      std::sort(sorted.begin(), sorted.end());
      signs.low(first + j) = quantile(sorted, 0.5 * (1 - bootstrap.level));
      signs.high(first + j) = quantile(sorted, 0.5 * (1 + bootstrap.level));
    }
  }
}

/// Two-sided, for |mean| <= threshold.
double p_value(const Eigen::Ref<const VectorXd>& scores, double mean, double threshold) {
  const double v = static_cast<double>(scores.size());
  const double beyond = std::abs(mean) - threshold;
  if (beyond <= 0) return 1;
  const double error = std::sqrt((scores.array() - mean).square().sum() / (v * (v - 1)));
  return error == 0 ? 0 : 2 * std::max(0.0, student_cdf(-beyond / error, scores.size() - 1));
}

double quantile_of_magnitudes(const MatrixXd& means, double level) {
  std::vector<double> sorted(means.data(), means.data() + means.size());
  for (double& m : sorted) m = std::abs(m);
  std::sort(sorted.begin(), sorted.end());
  return quantile(sorted, level);
}

}  // namespace

std::string call_name(SignCall call) {
  if (call == SignCall::neutral) return "neutral";
  return call == SignCall::memorize ? "memorize" : "generalize";
}

Index HeldOutSigns::count(SignCall call) const {
  return static_cast<Index>(std::count(calls.begin(), calls.end(), call));
}

HeldOutSigns held_out_signs(const MatrixXd& scores,
                            const VectorXd& self_influence,
                            const SignOptions& options) {
  check(scores, self_influence, options);
  const Index n = scores.cols();
  const double tau = options.threshold, rate = 1 - options.bootstrap.level;
  HeldOutSigns signs;
  signs.mean = scores.colwise().mean();
  signs.low.resize(n);
  signs.high.resize(n);
  intervals(scores, options.bootstrap, signs);
  signs.p_values.resize(n);
  for (Index i = 0; i < n; ++i) signs.p_values(i) = p_value(scores.col(i), signs.mean(i), tau);
  const std::vector<bool> allowed = options.adjust
                                        ? benjamini_hochberg(signs.p_values, rate)
                                        : std::vector<bool>(static_cast<std::size_t>(n), true);
  signs.calls.assign(static_cast<std::size_t>(n), SignCall::neutral);
  for (Index i = 0; i < n; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (!allowed[at]) continue;
    if (signs.low(i) > tau) signs.calls[at] = SignCall::generalize;
    if (signs.high(i) < -tau && self_influence(i) > 0) signs.calls[at] = SignCall::memorize;
  }
  const Index made = n - signs.count(SignCall::neutral);
  signs.expected_by_chance = rate * static_cast<double>(options.adjust ? made : n);
  return signs;
}

std::vector<bool> benjamini_hochberg(const VectorXd& p_values, double rate) {
  const Index n = p_values.size();
  std::vector<Index> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [&](Index a, Index b) {
    return p_values(a) != p_values(b) ? p_values(a) < p_values(b) : a < b;
  });
  std::size_t rejected = 0;  // the largest k with p_(k) <= k rate / n
  for (std::size_t k = 1; k <= order.size(); ++k)
    if (p_values(order[k - 1]) <= static_cast<double>(k) * rate / static_cast<double>(n))
      rejected = k;
  std::vector<bool> reject(order.size(), false);
  for (std::size_t k = 0; k < rejected; ++k) reject[static_cast<std::size_t>(order[k])] = true;
  return reject;
}

double null_threshold(const MatrixXd& null_scores, double level) {
  check_level(level);
  require(null_scores.size() > 0 && null_scores.allFinite(),
          "null scores, expected finite numbers, at least one");
  return quantile_of_magnitudes(null_scores.colwise().mean(), level);
}

double sign_flip_threshold(const MatrixXd& scores, double level, Index flips, std::uint64_t seed) {
  check_level(level);
  require(scores.size() > 0 && scores.allFinite(), "scores, expected finite numbers, at least one");
  require(flips >= 1, fmt::format("flips, expected at least 1, got {}", flips));
  MatrixXd signs(flips, scores.rows());
  for (Index f = 0; f < flips; ++f) {
    Random random(seed, {0x666c6970 /* "flip" */, static_cast<std::uint64_t>(f)});
    for (Index v = 0; v < scores.rows(); ++v) signs(f, v) = (random.bits() & 1) != 0 ? 1 : -1;
  }
  const MatrixXd means = signs * scores / static_cast<double>(scores.rows());  // (flips x N)
  return quantile_of_magnitudes(means, level);
}

}  // namespace leaveout
