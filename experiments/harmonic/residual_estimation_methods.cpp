// SPDX-License-Identifier: MIT
#include "experiments/harmonic/residual_estimation_methods.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "datasets/random.h"
#include "influence/harmonic/datamodel.h"
#include "influence/harmonic/degree_weights.h"
#include "influence/harmonic/residual_estimation.h"
#include "influence/harmonic/spectrum.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using Kind = ResidualMethod::Kind;

namespace {

constexpr std::uint64_t kNoise = 0x6e6f697365;  // "noise"

VectorXd levels_of(std::initializer_list<double> list) {
  VectorXd v(static_cast<Index>(list.size()));
  std::copy(list.begin(), list.end(), v.begin());
  return v;
}

/// Levels rho and 2 rho; about the mean level 0 says nothing.
StabilityPlan centred_plan(double p, double rho, Index trainings, Index runs) {
  const Index top = runs == 2 ? trainings / 6 : 0, each = (trainings - runs * top) / 4;
  StabilityPlan plan{.p = p, .levels = levels_of({rho, 2 * rho}), .pairs = {each, each}};
  plan.top_subsets = top;
  plan.top_runs = runs;
  plan.nnls_degree = 2;
  return plan;
}

/// Without noise all outputs together give the variance, with it a fifth of the trainings is
/// repeated for it.
StabilityPlan symmetric_plan(double p, const VectorXd& levels, Index trainings, Index runs) {
  const Index top = runs == 2 ? trainings / 10 : 0;
  StabilityPlan plan = linear_plan(p, levels, (trainings - runs * top) / 2);
  plan.top_subsets = top;
  plan.top_runs = runs;
  return plan;
}

ResidualReading of_plan(const ResidualMethod& method,
                        const StabilityPlan& plan,
                        const TrainedCube& cube,
                        std::uint64_t seed) {
  const MaskPairs pairs = draw_pairs(plan, cube.examples, seed);
  const std::vector<StabilityNumbers> numbers = measure_stabilities(
      plan, cube.train(pairs.first, seed, 0), cube.train(pairs.second, seed, 1));
  VectorXd degree1(cube.mean.cols()), variance(cube.mean.cols());
  for (Index q = 0; q < degree1.size(); ++q) {
    const StabilityNumbers& n = numbers[static_cast<std::size_t>(q)];
    // Three levels and three unknowns: without constraint the fit passes through h(0), B_0.
    const bool free = method.kind == Kind::unconstrained;
    degree1[q] = free ? slope_weights(plan).dot(n.stability) : n.reading.degree1;
    variance[q] = free ? n.top - n.stability[0] : n.reading.variance;
  }
  return {degree1, variance - degree1, variance};
}

/// Independent subsets, each trained once, or twice where there is noise.
struct Pool {
  MatrixXd masks, first, second;  // second is empty where each is trained once

  Pool(const TrainedCube& cube, Index trainings, std::uint64_t seed)
      : masks(bernoulli_masks(cube.examples, cube.p, trainings / cube.runs(), seed)),
        first(cube.train(masks, seed, 0)) {
    if (cube.runs() == 2) second = cube.train(masks, seed, 1);
  }
};

ResidualReading by_pairs_of_pool(const Pool& pool, const TrainedCube& cube) {
  VectorXd degree1(pool.first.cols()), variance(pool.first.cols());
  const auto estimates = degree_one_weights(pool.masks, pool.first, cube.p, pool.second, 3);
  for (Index q = 0; q < degree1.size(); ++q) {
    degree1[q] = estimates[static_cast<std::size_t>(q)].weight.value;
    variance[q] = estimates[static_cast<std::size_t>(q)].variance.value;
  }
  return {degree1, variance - degree1, variance};
}

ResidualReading by_least_squares(const Pool& pool) {
  const bool twice = pool.second.size() > 0;
  const MatrixXd y = twice ? MatrixXd(0.5 * (pool.first + pool.second)) : pool.first;
  const DatamodelRegression regression(pool.masks, y);
  VectorXd residual = regression.ols_errors(regression.ols()).residual_variance;
  const MatrixXd a = pool.first.rowwise() - pool.first.colwise().mean();
  const MatrixXd b = twice ? MatrixXd(pool.second.rowwise() - pool.second.colwise().mean()) : a;
  const double m = static_cast<double>(y.rows());
  const VectorXd variance = a.cwiseProduct(b).colwise().sum().transpose() / (m - 1);
  if (twice)  // the noise of a mean of two is a quarter of their squared difference
    residual -= 0.25 * (pool.first - pool.second).cwiseAbs2().colwise().mean().transpose();
  return {variance - residual, residual, variance};
}

}  // namespace

MatrixXd TrainedCube::train(const MatrixXd& masks, std::uint64_t seed, std::uint64_t stream) const {
  MatrixXd y(masks.cols(), mean.cols());
  Random noise(seed, {kNoise, stream});
  const bool noise_added = noisy();
  for (Index k = 0; k < masks.cols(); ++k) {
    Index subset = 0;
    for (Index i = 0; i < examples; ++i) subset |= masks(i, k) > 0 ? Index{1} << i : 0;
    y.row(k) = mean.row(subset);
    if (noise_added)
      for (Index q = 0; q < y.cols(); ++q) y(k, q) += deviation(subset, q) * noise.normal();
  }
  return y;
}

std::string ResidualMethod::text() const {
  return level > 0 ? fmt::format("{}, rho = {:g}", name, level) : name;
}

const std::vector<double>& paper_rhos() {
  static const std::vector<double> all = {kSmallestRho, 0.1, 0.2, 0.3, kLargestRho};
  return all;
}

std::vector<ResidualMethod> residual_methods(double p) {
  std::vector<ResidualMethod> all;
  for (const double rho : paper_rhos()) all.push_back({Kind::paper, "paper", rho});
  for (const double rho : paper_rhos()) all.push_back({Kind::unconstrained, "unconstrained", rho});
  all.push_back({Kind::centred, "centred", 0.3});
  const double most = -lowest_correlation(p);
  const double near = std::min(0.3, most), far = std::min(0.5, most / 2), r = std::min(0.7, most);
  all.push_back({Kind::linear, "symmetric", 0, levels_of({near, -near})});
  all.push_back({Kind::linear, "Richardson", 0, levels_of({2 * far, far, -far, -2 * far})});
  all.push_back({Kind::linear, "Chebyshev 4", 0, chebyshev_levels(4, r)});
  all.push_back({Kind::linear, "Chebyshev 6", 0, chebyshev_levels(6, r)});
  all.push_back({Kind::u_statistic, "U-statistic"});
  all.push_back({Kind::least_squares, "least squares"});
  return all;
}

std::optional<StabilityPlan> plan_of(const ResidualMethod& method,
                                     double p,
                                     Index trainings,
                                     Index runs) {
  switch (method.kind) {
    case Kind::paper:
    case Kind::unconstrained:
      if (trainings < 2 * (6 + runs)) return std::nullopt;
      return paper_plan(p, method.level, trainings, runs);
    case Kind::centred:
      if (trainings < 12) return std::nullopt;
      return centred_plan(p, method.level, trainings, runs);
    case Kind::linear:
      if (trainings < 5 * method.levels.size() + 10) return std::nullopt;
      return symmetric_plan(p, method.levels, trainings, runs);
    default:
      return std::nullopt;
  }
}

std::optional<ResidualReading> estimate(const ResidualMethod& method,
                                        const TrainedCube& cube,
                                        Index trainings,
                                        std::uint64_t seed) {
  if (method.kind == Kind::u_statistic || method.kind == Kind::least_squares) {
    const bool fit = method.kind == Kind::least_squares;
    const Index fewest = fit ? 3 * cube.examples + 1 : 5;
    if (trainings / cube.runs() < fewest) return std::nullopt;
    const Pool pool(cube, trainings, seed);
    try {
      return fit ? by_least_squares(pool) : by_pairs_of_pool(pool, cube);
    } catch (const std::invalid_argument&) {
      return std::nullopt;  // two examples always together, or the same output everywhere
    }
  }
  const std::optional<StabilityPlan> plan = plan_of(method, cube.p, trainings, cube.runs());
  if (!plan) return std::nullopt;
  return of_plan(method, *plan, cube, seed);
}

}  // namespace leaveout
