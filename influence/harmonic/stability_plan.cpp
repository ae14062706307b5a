// SPDX-License-Identifier: MIT
#include "influence/harmonic/stability_plan.h"

#include <fmt/format.h>

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "influence/harmonic/cube.h"
#include "influence/harmonic/mask_pool.h"
#include "influence/harmonic/spectrum.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// rho_j^d for d = lowest, ..., degree, (J x terms).
MatrixXd powers_of(const VectorXd& levels, Index degree, Index lowest) {
  MatrixXd v(levels.size(), degree - lowest + 1);
  for (Index d = lowest; d <= degree; ++d)
    v.col(d - lowest) = levels.array().pow(static_cast<double>(d));
  return v;
}

double stability(const VectorXd& degree_weights, double rho) {
  double h = 0.0;
  for (Index d = degree_weights.size() - 1; d >= 0; --d) h = h * rho + degree_weights[d];
  return h;
}

/// Of one product y y' at this level, for jointly normal outputs.
double product_variance(const StabilityPlan& plan, const VectorXd& b, double noise, double rho) {
  const double mean_squared = b[0];
  const double covariance = stability(b, rho) - mean_squared;
  const double variance = b.sum() - mean_squared + noise;
  const double centred = variance * variance + covariance * covariance;
  return plan.centred ? centred : centred + 2.0 * mean_squared * (variance + covariance);
}

}  // namespace

StabilityPlan paper_plan(double p, double rho, Index trainings, Index top_runs) {
  check_rate(p);
  if (!(rho > 0.0 && rho <= 0.5))
    throw std::invalid_argument(fmt::format(
        "[stability] levels 0, rho, 2 rho of rho = {}, expected above 0 and at most 1/2", rho));
  if (top_runs != 1 && top_runs != 2)
    throw std::invalid_argument(
        fmt::format("[stability] {} trainings of each subset for h(1), expected 1 or 2", top_runs));
  const Index each = trainings / (6 + top_runs);
  if (each < 2)
    throw std::invalid_argument(fmt::format(
        "[stability] a budget of {} trainings, expected at least {}: two pairs at each of three "
        "levels and two subsets for h(1)",
        trainings,
        2 * (6 + top_runs)));
  StabilityPlan plan{.p = p, .levels = VectorXd::Zero(3), .pairs = {each, each, each}};
  plan.levels << 0.0, rho, 2.0 * rho;
  plan.top_subsets = each;
  plan.top_runs = top_runs;
  plan.nnls_degree = 2;
  plan.centred = false;
  return plan;
}

StabilityPlan linear_plan(double p, const VectorXd& levels, Index total_pairs) {
  const double lowest = lowest_correlation(p);
  if (levels.size() < 2 || !(levels.array() >= lowest).all() || !(levels.array() <= 1.0).all())
    throw std::invalid_argument(fmt::format(
        "[stability] {} noise levels at inclusion probability {}, expected at least two from {} to "
        "1",
        levels.size(),
        p,
        lowest));
  const VectorXd weights = slope_weights(levels, levels.size() - 1);
  return {.p = p, .levels = levels, .pairs = split_pairs(weights, total_pairs)};
}

VectorXd chebyshev_levels(Index count, double r) {
  if (count < 2 || count % 2 != 0 || !(r > 0.0 && r <= 1.0))
    throw std::invalid_argument(fmt::format(
        "[stability] {} Chebyshev levels up to {}, expected an even number and a largest level in "
        "(0, 1]",
        count,
        r));
  VectorXd levels(count);  // (count)
  for (Index j = 0; j < count; ++j)
    levels[j] = r * std::cos((2.0 * static_cast<double>(j) + 1.0) * std::numbers::pi /
                             (2.0 * static_cast<double>(count)));
  return levels;
}

VectorXd slope_weights(const VectorXd& levels, Index degree, Index lowest) {
  if (lowest < 0 || lowest > 1 || degree < 1)
    throw std::invalid_argument(fmt::format(
        "[stability] a polynomial with terms {} to {}, expected from 0 or 1 to at least 1",
        lowest,
        degree));
  const MatrixXd v = powers_of(levels, degree, lowest);
  const Eigen::ColPivHouseholderQR<MatrixXd> qr(v);
  if (v.rows() < v.cols() || qr.rank() < v.cols())
    throw std::invalid_argument(fmt::format(
        "[stability] {} noise levels for {} coefficients, expected as many different ones; none "
        "may occur twice",
        v.rows(),
        v.cols()));
  // Row `rho^1` of the pseudo-inverse.
  return qr.solve(MatrixXd::Identity(v.rows(), v.rows())).row(1 - lowest).transpose();
}

VectorXd slope_weights(const StabilityPlan& plan) {
  if (plan.nnls_degree == 0) return slope_weights(plan.levels, plan.levels.size() - 1);
  return slope_weights(plan.levels, plan.nnls_degree, plan.centred ? 1 : 0);
}

std::vector<Index> split_pairs(const VectorXd& weights, Index total) {
  const Index levels = weights.size();
  if (total < 2 * levels)
    throw std::invalid_argument(fmt::format(
        "[stability] {} pairs at {} levels, expected at least two each", total, levels));
  const double spare = static_cast<double>(total - 2 * levels);
  const VectorXd share = weights.cwiseAbs() / weights.cwiseAbs().sum();
  std::vector<Index> pairs;
  // Rounded running sums: the parts add up to the whole.
  double before = 0.0;
  for (Index j = 0; j < levels; ++j) {
    const double after = j + 1 == levels ? 1.0 : before + share[j];
    pairs.push_back(2 + std::llround(after * spare) - std::llround(before * spare));
    before = after;
  }
  return pairs;
}

Index trainings(const StabilityPlan& plan) {
  Index total = plan.top_runs * plan.top_subsets;
  for (const Index n : plan.pairs) total += 2 * n;
  return total;
}

double bias_coefficient(const VectorXd& levels, const VectorXd& weights, Index k) {
  return weights.dot(levels.array().pow(static_cast<double>(k)).matrix());
}

double worst_bias_coefficient(const VectorXd& levels, const VectorXd& weights, Index highest) {
  double worst = 0.0;
  for (Index k = 3; k <= highest; ++k)
    worst = std::max(worst, std::abs(bias_coefficient(levels, weights, k)));
  return worst;
}

double predicted_bias(const StabilityPlan& plan, const VectorXd& degree_weights) {
  const VectorXd weights = slope_weights(plan);
  double bias = 0.0;
  for (Index k = plan.centred ? 1 : 0; k < degree_weights.size(); ++k)
    bias += degree_weights[k] * (bias_coefficient(plan.levels, weights, k) - (k == 1 ? 1.0 : 0.0));
  return bias;
}

double predicted_error(const StabilityPlan& plan, const VectorXd& degree_weights, double noise) {
  const VectorXd weights = slope_weights(plan);
  double variance = 0.0;
  for (Index j = 0; j < weights.size(); ++j)
    variance += weights[j] * weights[j] *
                product_variance(plan, degree_weights, noise, plan.levels[j]) /
                static_cast<double>(plan.pairs[static_cast<std::size_t>(j)]);
  return std::sqrt(variance);
}

}  // namespace leaveout
