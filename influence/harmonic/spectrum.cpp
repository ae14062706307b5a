// SPDX-License-Identifier: MIT
#include "influence/harmonic/spectrum.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "influence/harmonic/butterfly.h"
#include "influence/harmonic/cube.h"

namespace leaveout {
namespace {

using Eigen::Index;
using Eigen::Ref;
using Eigen::VectorXd;

double degree_one_weight(const VectorXd& weights) {
  return weights.size() > 1 ? weights[1] : 0.0;
}

void check_noise(double noise_variance) {
  if (!(noise_variance >= 0 && std::isfinite(noise_variance))) {
    throw std::invalid_argument(
        fmt::format("[harmonic] noise variance {}, expected a finite number >= 0", noise_variance));
  }
}

std::optional<double> ratio(double part, double whole) {
  return whole > 0 ? std::optional(part / whole) : std::nullopt;
}

/// sum_d B_d (1 - rho^d): half the mean square change from a subset to a rho-correlated one.
double half_mean_square_change(const VectorXd& weights, double rho) {
  double sum = 0, power = 1;
  for (const double weight : weights) {
    sum += weight * (1 - power);
    power *= rho;
  }
  return sum;
}

}  // namespace

VectorXd degree_weights(const Ref<const VectorXd>& spectrum) {
  VectorXd weights = VectorXd::Zero(cube_dimension(spectrum.size()) + 1);  // (N + 1)
  for (Index s = 0; s < spectrum.size(); ++s) weights[subset_size(s)] += spectrum[s] * spectrum[s];
  return weights;
}

VectorXd degree_one(const Ref<const VectorXd>& spectrum) {
  VectorXd coefficients(cube_dimension(spectrum.size()));  // (N)
  for (Index i = 0; i < coefficients.size(); ++i) coefficients[i] = spectrum[Index{1} << i];
  return coefficients;
}

double spectral_variance(const VectorXd& weights) {
  if (weights.size() == 0) {
    throw std::invalid_argument(
        "[harmonic] no weights, expected B_0, .., B_N; take them from degree_weights");
  }
  return weights.tail(weights.size() - 1).sum();
}

std::optional<double> residual_fraction(const VectorXd& weights) {
  const double variance = spectral_variance(weights);
  const double residual = weights.tail(std::max<Index>(weights.size() - 2, 0)).sum();
  return ratio(residual, variance);
}

double lowest_correlation(double p) {
  check_rate(p);
  return -std::min(p / (1 - p), (1 - p) / p);
}

void check_correlation(double rho, double p) {
  const double lowest = lowest_correlation(p);
  if (!(rho >= lowest && rho <= 1)) {
    throw std::invalid_argument(fmt::format(
        "[harmonic] correlation rho = {} of two subsets, expected {} <= rho <= 1 at p = {}",
        rho,
        lowest,
        p));
  }
}

double noise_stability(const VectorXd& weights, double p, double rho) {
  check_correlation(rho, p);
  spectral_variance(weights);  // for its check
  double h = 0;
  for (Index d = weights.size() - 1; d >= 0; --d) h = h * rho + weights[d];
  return h;
}

Bracket residual_bracket(double hbar, double rho) {
  if (!(rho > 0 && rho < 1)) {
    throw std::invalid_argument(fmt::format(
        "[harmonic] correlation rho = {}, expected 0 < rho < 1; outside, the stability does not "
        "bound the residual",
        rho));
  }
  const double low = (rho - hbar) / rho;
  return {low, low / (1 - rho)};
}

VectorXd noise_floor(Index n, double p, double noise_variance) {
  check_rate(p);
  check_noise(noise_variance);
  if (n < 0) {
    throw std::invalid_argument(
        fmt::format("[harmonic] a table over {} examples, expected a number >= 0", n));
  }
  // The coefficients of (1 - 2v + 2v z)^n, one factor after the other: no overflow for any n.
  const double moved = 2 * p * (1 - p);
  VectorXd floor = VectorXd::Zero(n + 1);  // (n + 1)
  floor[0] = noise_variance;
  for (Index i = 1; i <= n; ++i)
    for (Index d = i; d >= 0; --d)
      floor[d] = (1 - moved) * floor[d] + (d > 0 ? moved * floor[d - 1] : 0.0);
  return floor;
}

VectorXd noise_floor(const Ref<const VectorXd>& noise_variances, double p) {
  const Index n = cube_dimension(noise_variances.size());
  check_rate(p);
  for (const double variance : noise_variances) check_noise(variance);
  // Var of f^(S) is sum_b P(b)^2 phi_S(b)^2 tau^2(b): a product over the examples like the
  // transform itself, with its four factors squared.
  VectorXd excess = noise_variances;  // (2^N)
  const double in = p * p, out = (1 - p) * (1 - p), v = p * (1 - p);
  butterfly(excess.data(), n, [=](Index) {
    return [=](double& without, double& with) {
      const double mean = out * without + in * with;
      with = v * (without + with);
      without = mean;
    };
  });
  VectorXd floor = VectorXd::Zero(n + 1);  // (N + 1)
  for (Index s = 0; s < excess.size(); ++s) floor[subset_size(s)] += excess[s];
  return floor;
}

std::optional<double> lds_ceiling(const VectorXd& weights, double noise_variance) {
  check_noise(noise_variance);
  const double variance = spectral_variance(weights) + noise_variance;
  const std::optional<double> r2 = ratio(degree_one_weight(weights), variance);
  return r2 ? std::optional(std::sqrt(*r2)) : std::nullopt;
}

std::optional<double> linear_datamodeling_score(const VectorXd& scores,
                                                const Ref<const VectorXd>& spectrum,
                                                double noise_variance) {
  const VectorXd linear = degree_one(spectrum);  // (N)
  if (scores.size() != linear.size()) {
    throw std::invalid_argument(fmt::format(
        "[harmonic] {} scores for a spectrum over {} examples, expected one for each example",
        scores.size(),
        linear.size()));
  }
  const std::optional<double> ceiling = lds_ceiling(degree_weights(spectrum), noise_variance);
  const std::optional<double> cosine = ratio(scores.dot(linear), scores.norm() * linear.norm());
  return ceiling && cosine ? std::optional(*cosine * *ceiling) : std::nullopt;
}

std::optional<double> counterfactual_r2(const VectorXd& weights,
                                        double p,
                                        double rho,
                                        double noise_variance) {
  check_correlation(rho, p);
  check_noise(noise_variance);
  spectral_variance(weights);  // for its check
  if (rho == 1) {
    throw std::invalid_argument(
        "[harmonic] correlation rho = 1 of two subsets, expected rho < 1; equal subsets change "
        "nothing");
  }
  const double change = half_mean_square_change(weights, rho);
  return ratio(degree_one_weight(weights) * (1 - rho), change + noise_variance);
}

}  // namespace leaveout
